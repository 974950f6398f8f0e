"""Batching: what each op does to a whole batch, for `vmap` of `micrograd_np.transforms`.

`batched` holds the array that pretends to be one example, `rules` what each op does to a batch.
"""
