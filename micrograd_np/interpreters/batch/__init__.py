"""Batching: `vmap`, which runs a function written for one example on a whole batch at once.

`batched` holds the array that pretends to be one example, `rules` what each op does to a batch,
and `mapping` the transform.
"""

from micrograd_np.transforms.vmap import vmap as vmap
