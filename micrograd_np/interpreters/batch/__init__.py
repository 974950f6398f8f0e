"""Batching: rules for applying each op to a whole batch, for `vmap`.

`batched` holds the array that looks like one example, and `table` says which rule serves an op.
"""
