"""Batching: `vmap`, which runs a function written for one example on a whole batch at once.

`batched` holds the array that pretends to be one example. `rules` says what ops do to a batch, and
`table` which rule belongs to which op. The transform itself is in `transforms.vmap`.
"""

from micrograd_np.transforms.vmap import vmap as vmap
