"""einops on Tensors.

The functions of `einops.array_api` take Tensors as they are. einops' own functions look for a
library that they know, so a program has to register Tensors once:

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

    They have gradients, since einops calls NumPy for all that it computes. Raises
    ModuleNotFoundError if einops is not installed.
    """
    tensor_backend()


@cache
def tensor_backend() -> type:
    """The back end for Tensors, which einops finds among the subclasses of its own classes."""
    from einops import _backends

    numpy_backend: Any = _backends.NumpyBackend

    class TensorBackend(numpy_backend):  # type: ignore[misc]  # einops gives it no type
        """einops' operations on NumPy arrays, with Tensors."""

        framework_name = "micrograd_np"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, Node | Interpreted)

        def to_numpy(self, x: Any) -> Any:
            return np.asarray(x)

    return TensorBackend
