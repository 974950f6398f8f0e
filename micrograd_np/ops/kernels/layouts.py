"""Orders of entries that follow how an array lies in memory: "A" and "K" of `ravel` and `reshape`.

Tangents and cotangents may lie in memory in another way than the recorded array, so an order that
follows memory is decided once, for the recorded array. Its layout may not be that of the user's
array: it may be a copy of an array with gaps, or one example of a batch. Then an order that follows
memory is refused.
"""

from typing import Any

import numpy as np

from micrograd_np.core.foreign import is_foreign
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted, Options
from micrograd_np.core.record import value_of
from micrograd_np.core.safety.copying import copied, is_repacked

FOLLOWING_MEMORY = ("A", "K")


def order_option(order: str) -> Options:
    """The option `order`, or none for "C": other libraries may lack the option."""
    return {} if order == "C" else {"order": order}


def resolve_order(order: str | None, x: Array) -> str:
    """The order, "C" or "F", that an order of NumPy's amounts to for the layout of `x`.

    An array of fewer than two axes has but one order. Raises NotImplementedError for a layout that
    is neither by rows nor by columns, and for one that is not the user's own.
    """
    order = "C" if order is None else str(order).upper()
    if order not in FOLLOWING_MEMORY:
        return order
    if np.ndim(x) < 2:
        return "C"
    value = x
    while isinstance(value, Node | Interpreted):
        if isinstance(value, Interpreted) and value.layout_error is not None:
            raise value.layout_error(order)
        value = value.value
    if is_foreign(value) and not hasattr(value, "strides"):  # it has no layout in memory
        return "C"
    value = value if is_foreign(value) else np.asarray(value)
    if is_repacked(value):
        raise NotImplementedError(
            f"order={order!r} follows the layout of an array in memory, and the Tensor of shape "
            f"{value.shape} is a copy of an array with gaps or with repeated entries (a part of "
            f"another, or broadcast), whose layout it does not have. Write order='C' or 'F'."
        )
    if order == "A":
        return "F" if np.isfortran(value) else "C"
    strides = [abs(s) for s, n in zip(value.strides, value.shape, strict=True) if n > 1]
    if strides == sorted(strides, reverse=True):
        return "C"
    if strides == sorted(strides):
        return "F"
    raise NotImplementedError(
        f"order='K' for an array whose memory is laid out neither by rows nor by columns (shape "
        f"{value.shape}, strides {value.strides}) has no derivative. Write the order of the axes "
        f"out: np.transpose(x, axes).ravel()."
    )


def copy(x: Array, **options: Any) -> Array:
    """`np.copy`; by the method for arrays of another library, some of which lack the function."""
    if options.get("order", "K") in FOLLOWING_MEMORY and is_repacked(x):
        return copied(x)
    return x.copy() if is_foreign(x) else np.copy(x, **options)


def shape_option(a: Array, shape: int | tuple[int, ...]) -> int | tuple[int, ...]:
    """A shape as `np.reshape` takes it: not all libraries take a single number."""
    return (shape,) if isinstance(shape, int) and is_foreign(value_of(a)) else shape
