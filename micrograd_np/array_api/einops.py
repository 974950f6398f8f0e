"""einops on Tensors.

The functions of `einops.array_api` take Tensors as they are. einops' own functions look for a
library they know, so they have to be told once:

    from micrograd_np.array_api import einops as einops_support
    einops_support.register()
"""

from functools import cache
from typing import Any

import numpy as np

from micrograd_np.core.graph import Node
from micrograd_np.core.op import Interpreted


def register() -> None:
    """Let `einops.rearrange`, `reduce`, `repeat`, `einsum`, `pack`, `unpack` take Tensors.

    Their gradients follow, since all that einops does is to call NumPy. Raises ModuleNotFoundError
    if einops is not installed.
    """
    tensor_backend()


@cache
def tensor_backend() -> type:
    """The class that einops finds among the subclasses of its own, for as long as it lives."""
    from einops import _backends

    numpy_backend: Any = _backends.NumpyBackend

    class TensorBackend(numpy_backend):  # type: ignore[misc]  # einops gives it no type
        """What einops does with NumPy arrays, done with Tensors: einops finds its subclasses."""

        framework_name = "micrograd_np"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Node | Interpreted)

        def to_numpy(self, x: Any) -> Any:
            return np.asarray(x)

    return TensorBackend
