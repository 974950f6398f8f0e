"""Making Tensors: from numbers, from arrays, from another library's memory."""

from typing import Any

import numpy as np

from micrograd_np.array_api.wrapping import of_numpy, several_of_numpy
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import untracked
from micrograd_np.core.safety.meaning import check_numbers, numbers
from micrograd_np.core.tensor import Tensor, tensor

__all__ = [
    "arange", "asarray", "astype", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like",
    "linspace", "meshgrid", "ones", "ones_like", "zeros", "zeros_like",
]  # fmt: skip

empty, ones, zeros, eye = of_numpy("empty ones zeros eye")
empty_like, ones_like = of_numpy("empty_like ones_like")
zeros_like, full_like = of_numpy("zeros_like full_like")
arange, linspace = of_numpy("arange linspace")
(meshgrid,) = several_of_numpy("meshgrid")


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
) -> Tensor:
    """`obj` as a Tensor: numbers, nested lists (also of Tensors), an array, or a Tensor.

    `copy`: True copies, False never does, None copies only where necessary. Without a copy a Tensor
    is returned as it is, and the memory of an array is shared. (`Tensor(array)` always copies.)
    Converting a tracked Tensor to another `dtype` is recorded.

    Raises ValueError for a device other than "cpu", and where `copy=False` is impossible. Raises
    MeaningLostError for an array that is more than numbers, and NotDifferentiableError for an array
    without numbers.

    >>> asarray([1, 2], dtype=np.float32)
    Tensor([1., 2.], dtype=float32)
    """
    check_device(device)
    if isinstance(obj, Tensor | Interpreted):
        return converted(obj, dtype, copy)
    check_numbers(obj)
    if isinstance(obj, list | tuple) and copy is not False:
        return tensor(obj, dtype=dtype)
    if hasattr(obj, "__array_function__") and not isinstance(obj, np.ndarray):
        return Tensor(obj, dtype=dtype)  # another library's: it stays what it is
    return sharing(np.asarray(obj, dtype=dtype, copy=copy))


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """`x` in another dtype. With `copy=False`, `x` itself if it has that dtype.

    >>> astype(asarray([0, 2]), bool)
    Tensor([False,  True])
    """
    return asarray(x, dtype=dtype, device=device, copy=True if copy else None)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A Tensor over the memory of an array of another library, or, with `copy=True`, over a copy.

    `x` is anything with `__dlpack__` whose memory is the CPU's. The Tensor changes with `x`, but
    gradients take no account of such a change.

    >>> a = np.zeros(2)
    >>> t = from_dlpack(a)
    >>> a[0] = 1.0
    >>> t
    Tensor([1., 0.])
    """
    check_numbers(x)
    return sharing(np.from_dlpack(x, device=device, copy=copy))


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor of one value; if the value is a Tensor, its gradient is the sum over all entries.

    >>> w = Tensor(2.0, requires_grad=True)
    >>> full((2, 3), w).sum().backward()
    >>> w.grad
    array(6.)
    """
    check_device(device)
    check_numbers(fill_value)
    if isinstance(fill_value, Tensor | Interpreted):
        return astype(np.broadcast_to(fill_value, shape), dtype)  # type: ignore[arg-type] # it dispatches
    return sharing(np.full(shape, fill_value, dtype=dtype))


def check_device(device: Any) -> None:
    """Raise ValueError unless `device` is None or "cpu"."""
    if device not in {None, "cpu"}:
        raise ValueError(f"the device of a new Tensor is 'cpu'; device={device!r} was asked for.")


def converted(x: Any, dtype: Any, copy: bool | None) -> Tensor:
    """A Tensor in another dtype, with its history."""
    if dtype is None or dtype == x.dtype:
        same: Tensor = x.copy() if copy else x
        return same
    if copy is False:
        raise ValueError(
            f"a Tensor of dtype {x.dtype} cannot become one of {np.dtype(dtype)} without a copy, "
            f"and copy=False was asked for. Leave it out."
        )
    new: Tensor = x.astype(dtype)
    return new


def sharing(array: Array) -> Tensor:
    """A Tensor over the very memory of `array`."""
    t: Tensor = untracked(None)
    t.value = numbers(array)
    return t
