"""Arguments of convolution and pooling: arrays, and options as a number for each axis.

Along an axis of length n there are this many windows:

    (n + before + after - dilation * (kernel - 1) - 1) // stride + 1
"""

import operator
from typing import Any

from micrograd_np.core.op import Array
from micrograd_np.errors import ShapeError, listed
from micrograd_np.ops.kernels.windows import Lengths

Numbers = int | tuple[int, ...]  # an option: for all axes, or for each


def check(problems: list[str], name: str, x: Array, weight: Array | None = None) -> None:
    """Raise ShapeError that names all `problems` of a call on these arrays, if there are any."""
    if problems:
        kernel = "" if weight is None else f" with a weight of shape {weight.shape}"
        raise ShapeError(f"{name} of an input of shape {x.shape}{kernel}:{listed(problems)}")


def per_axis(name: str, given: Any, ndim: int, least: int) -> Lengths:
    """An option as one integer an axis, from an integer or from a tuple.

    Raises TypeError for what is no integer, ValueError for a wrong count or one below `least`.
    """
    several = tuple(given) if isinstance(given, list | tuple) else (given,)
    try:
        numbers = tuple(operator.index(number) for number in several)
    except TypeError as error:
        raise TypeError(f"{name}={given!r:.60} is not an integer or a tuple of them.") from error
    if len(numbers) not in (1, ndim) or min(numbers) < least:
        raise ValueError(
            f"{name}={given!r:.60} was given; it is an integer of at least {least}, or a tuple of "
            f"{ndim} of them, one for each axis that the windows slide along."
        )
    return numbers if len(numbers) == ndim else numbers * ndim


def reach(kernel: Lengths, dilation: Lengths) -> Lengths:
    """The number of entries that each kernel reaches over, with the gaps of its dilation."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
