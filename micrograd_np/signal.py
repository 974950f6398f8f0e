"""Convolution and correlation in any number of dimensions, under the names of `scipy.signal`.

Each is an expression of functions with derivatives, so derivatives of every order follow, in both
arguments. Arrays give arrays, Tensors give Tensors; SciPy is not needed.

A convolution is `out[i] = sum over k of in1[i - k] in2[k]`, with zeros outside of `in1`. A mode
keeps a box of this sum in the middle. The sum is taken as it stands, *directly*, or as a product of
Fourier transforms, whichever takes less time (A. Oppenheim and R. Schafer, Discrete-Time Signal
Processing, 2010, section 8.7). A transform spreads a NaN to every entry; a direct sum does not.
"""

from collections.abc import Sequence
from math import log2, prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from micrograd_np.core.op import Array
from micrograd_np.core.record import as_input
from micrograd_np.core.values import array_of
from micrograd_np.errors import ShapeError
from micrograd_np.ops.derivatives.convolution import convolve_windows

__all__ = ["convolve", "convolve2d", "correlate", "correlate2d", "fftconvolve"]


def __dir__() -> list[str]:
    return __all__


Lengths = tuple[int, ...]
MODES = ("full", "valid", "same")
METHODS = ("auto", "direct", "fft")
BOUNDARIES = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}  # as np.pad calls them
RANKS = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}  # of dtypes; a fraction is no integer

# Nanoseconds of a product of a direct sum, for vectors and for other arrays, and of an entry of a
# transform for each factor 2 of its length; and of calling the transforms. Measured on one core.
DIRECT_VECTOR, DIRECT_BOX, TRANSFORM, TRANSFORM_CALLS = 0.12, 1.5, 1.5, 50_000.0

# ---------------------------------------------------------------- any number of dimensions


def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto", **others: Any) -> Array:
    """The convolution of two arrays with the same number of axes.

    - `mode="full"`: all entries, shape `N + K - 1` along each axis, for shapes `N` and `K`.
    - `mode="same"`: the shape `N` of `in1`, from the middle of the full result.
    - `mode="valid"`: the entries without zeros from outside, shape `abs(N - K) + 1`.
    - `method`: "direct", "fft", or "auto" for the faster one; integers are summed directly then.

    The dtype is the common one of both. The gradient in each argument is the correlation of the
    cotangent with the other.

    Raises ShapeError if the numbers of axes differ, or if neither array holds the other in mode
    "valid". Raises ValueError for an array without entries, for another mode or method; TypeError
    for booleans.

    >>> convolve(np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0]))
    array([ 1.,  1.,  1., -3.])
    """
    refuse("convolve", others)
    return combined("convolve", *operands("convolve", in1, in2), mode, method)


def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto", **others: Any) -> Array:
    """The correlation of two arrays: `in1` convolved with the conjugate of `in2`, reversed.

    Modes, methods, dtypes and errors are those of `convolve`.

    >>> correlate(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0]), mode="valid")
    array([2., 3.])
    """
    refuse("correlate", others)
    in1, in2 = operands("correlate", in1, in2)
    return combined("correlate", in1, np.flip(np.conj(in2)), mode, method)


def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Array:
    """The convolution of two arrays along `axes`, by Fourier transforms; by default along all.

    Lengths along the other axes are equal, or one of them is 1. Modes and errors are those of
    `convolve`, and the result of integers is in floating point.

    >>> fftconvolve(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, -1.0]]), axes=1).round(9)
    array([[ 1.,  1., -2.],
           [ 3.,  1., -4.]])
    """
    in1, in2 = operands("fftconvolve", in1, in2)
    lengths1, lengths2 = in1.shape, in2.shape
    given = range(in1.ndim) if axes is None else normalize_axis_tuple(axes, in1.ndim, "axes")
    joined = [i for i in given if lengths1[i] != 1 != lengths2[i]]
    for i in {*range(in1.ndim)}.difference(joined):
        if lengths1[i] != lengths2[i] and 1 not in (lengths1[i], lengths2[i]):
            raise ShapeError(
                f"mg.signal.fftconvolve takes arrays of equal lengths along the axes that are not "
                f"in axes={axes}, or of length 1. Given: shapes {lengths1} and {lengths2}."
            )
    start, size = kept("fftconvolve", lengths1, lengths2, mode, joined)
    return box(by_transforms(in1, in2, joined), start, size)


# ---------------------------------------------------------------- images


def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Array:
    """The convolution of two matrices, with a choice of what lies outside of `in1`.

    - `boundary="fill"`: `fillvalue` everywhere.
    - `boundary="wrap"`: `in1` again, periodically.
    - `boundary="symm"`: `in1` mirrored at its edges, the edge included.

    Modes, dtypes and errors are those of `convolve`; nothing outside is read in mode "valid".
    Raises ShapeError for arrays that are no matrices, ValueError for another boundary.

    >>> convolve2d(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 1.0]]), boundary="wrap")
    array([[4., 3., 5., 4.]])
    """
    in1, in2 = matrices("convolve2d", in1, in2)
    start, size = kept("convolve2d", in1.shape, in2.shape, mode)
    return beyond_edges("convolve2d", in1, in2, start, size, mode, boundary, fillvalue)


def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Array:
    """The correlation of two matrices, with a choice of what lies outside of `in1`.

    Arguments and errors are those of `convolve2d`. In mode "same" and for an even length `K`, the
    result begins at entry `K / 2` of the full one, as SciPy's does, where `correlate` begins one
    entry before. If `in2` is the larger one in mode "valid", complex matrices are a ValueError:
    SciPy conjugates the wrong one.

    >>> correlate2d(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 1.0]]), mode="same")
    array([[2., 3., 0.]])
    """
    in1, in2 = matrices("correlate2d", in1, in2)
    start, size = kept("correlate2d", in1.shape, in2.shape, mode)
    if mode == "same":
        start = tuple(length // 2 for length in in2.shape)
    if mode == "valid" and in1.size < in2.size and "c" in (in1.dtype.kind, in2.dtype.kind):
        raise ValueError(
            f"mg.signal.correlate2d takes complex matrices in mode 'valid' if in1 is the larger "
            f"one; SciPy conjugates in1 otherwise, and not in2. Given: shapes {in1.shape} and "
            f"{in2.shape}. Write mg.signal.correlate, which conjugates in2 in any case."
        )
    turned = np.flip(np.conj(in2))
    return beyond_edges("correlate2d", in1, turned, start, size, mode, boundary, fillvalue)


def beyond_edges(
    name: str, in1: Array, in2: Array, start: Lengths, size: Lengths,
    mode: str, boundary: str, fillvalue: Any,
) -> Array:  # fmt: skip
    """A box of the full convolution of `in1`, as it goes on outside, with `in2`."""
    if boundary not in BOUNDARIES:
        raise ValueError(
            f"mg.signal.{name} takes boundary='fill', 'wrap' or 'symm'. Given: {boundary!r}."
        )
    value = fill(name, fillvalue, np.result_type(in1, in2))
    zeros = boundary == "fill" and isinstance(value, np.ndarray) and value == 0
    if mode == "valid" or zeros:
        return part(in1, in2, start, size, "auto")
    beyond = [length - 1 for length in in2.shape]
    if boundary == "fill":
        widths = [(n, n) for n in beyond]
        outside = np.pad(np.zeros(in1.shape, bool), widths, constant_values=True)
        wide = np.where(outside, value, np.pad(in1, widths))
    else:  # the places are padded, not the entries: so each entry knows where it comes from
        way: Any = BOUNDARIES[boundary]
        lengths = zip(in1.shape, beyond, strict=True)
        rows, columns = (np.pad(np.arange(n), width, way) for n, width in lengths)
        wide = in1[rows[:, None], columns]
    shifted = tuple(first + n for first, n in zip(start, beyond, strict=True))
    return part(wide, in2, shifted, size, "auto")


def fill(name: str, value: Any, dtype: np.dtype[Any]) -> Array:
    """The number that lies outside, in the dtype of the result, or an OverflowError."""
    if isinstance(value, int) and dtype.kind in "ui":
        return np.asarray(dtype.type(value))
    number = array_of(as_input(value))
    if number.ndim:
        raise ShapeError(
            f"mg.signal.{name} takes one number for fillvalue. Given: shape {number.shape}."
        )
    filled = number.astype(dtype) if RANKS[number.dtype.kind] <= RANKS[dtype.kind] else None
    if filled is None or (dtype.kind in "ui" and filled != number):
        raise TypeError(
            f"mg.signal.{name} cannot fill arrays of {dtype} with {value!r}, which would become "
            f"another number. Convert an array: in1.astype({number.dtype})."
        )
    return filled


# ---------------------------------------------------------------- arguments


def refuse(name: str, others: dict[str, Any]) -> None:
    """Raise TypeError for parameters that are none of SciPy's."""
    if others:
        raise TypeError(
            f"mg.signal.{name} takes in1, in2, mode and method, as SciPy's function does. Given: "
            f"{', '.join(others)}. In place of autograd's axes and dot_axes, map over axes that "
            f"are kept apart with mg.vmap, and sum over axes of both with np.sum or np.einsum."
        )


def operands(name: str, in1: Any, in2: Any) -> tuple[Array, Array]:
    """The arguments as arrays; an error if the numbers of axes differ, or one has no entries."""
    in1, in2 = array_of(as_input(in1)), array_of(as_input(in2))
    given = f"Given: shapes {in1.shape} and {in2.shape}"
    if in1.ndim != in2.ndim:
        raise ShapeError(
            f"mg.signal.{name} takes two arrays with the same number of axes. {given}. Give one of "
            f"them axes of length 1, x[None], or map over an axis with mg.vmap."
        )
    if not prod(in1.shape) * prod(in2.shape):
        raise ValueError(f"mg.signal.{name} takes arrays that have entries. {given}.")
    if in1.dtype.kind == "b" or in2.dtype.kind == "b":
        raise TypeError(
            f"mg.signal.{name} takes numbers, and was given booleans. Say what to count in: "
            f"x.astype(int) or x.astype(float)."
        )
    return in1, in2


def matrices(name: str, in1: Any, in2: Any) -> tuple[Array, Array]:
    """The arguments as matrices; ShapeError if they are anything else."""
    in1, in2 = operands(name, in1, in2)
    if in1.ndim != 2:
        raise ShapeError(
            f"mg.signal.{name} takes two matrices. Given: shapes {in1.shape} and {in2.shape}. For "
            f"stacks of matrices use mg.vmap, for other arrays mg.signal.{name.removesuffix('2d')}."
        )
    return in1, in2


def kept(
    name: str, lengths1: Lengths, lengths2: Lengths, mode: str, joined: Sequence[int] | None = None
) -> tuple[Lengths, Lengths]:
    """The first entry of the box that a mode keeps of the full result, and the shape of the box.

    Arrays are broadcast along the axes that are not `joined` by convolution; by default all are.
    """
    if mode not in MODES:
        raise ValueError(
            f"mg.signal.{name} takes 'full', 'valid' or 'same' for mode. Given: {mode!r}."
        )
    axes = range(len(lengths1)) if joined is None else joined
    full = [*map(max, lengths1, lengths2)]
    valid = [*full]
    for i in axes:
        full[i] = lengths1[i] + lengths2[i] - 1
        valid[i] = abs(lengths1[i] - lengths2[i]) + 1
    signs = {lengths1[i] > lengths2[i] for i in axes if lengths1[i] != lengths2[i]}
    if mode == "valid" and len(signs) == 2:
        raise ShapeError(
            f"mg.signal.{name} takes arrays of which one is at least as long as the other along "
            f"every axis, in mode 'valid'. Given: shapes {lengths1} and {lengths2}."
        )
    size = {"full": tuple(full), "valid": tuple(valid), "same": lengths1}[mode]
    return tuple((n - m) // 2 for n, m in zip(full, size, strict=True)), size


# ---------------------------------------------------------------- two ways


def combined(name: str, in1: Array, in2: Array, mode: str, method: str) -> Array:
    """The box that a mode keeps of a convolution, by a method."""
    if method not in METHODS:
        raise ValueError(
            f"mg.signal.{name} takes method='auto', 'direct' or 'fft'. Given: {method!r}."
        )
    start, size = kept(name, in1.shape, in2.shape, mode)
    return part(in1, in2, start, size, method)


def part(in1: Array, in2: Array, start: Lengths, size: Lengths, method: str) -> Array:
    """A box of the full convolution."""
    dtype = np.result_type(in1, in2)
    if in1.ndim == 0:
        return in1 * in2
    if method == "auto":
        direct = dtype.kind not in "fc" or is_faster_directly(in1.shape, in2.shape, size)
        method = "direct" if direct else "fft"
    if method == "direct":
        return directly(in1, in2, start, size)
    out = box(by_transforms(in1, in2, range(in1.ndim)), start, size)
    return (out if dtype.kind in "fc" else np.round(out)).astype(dtype)


def is_faster_directly(lengths1: Lengths, lengths2: Lengths, size: Lengths) -> bool:
    """Whether a sum of products takes less time than three transforms."""
    each = DIRECT_VECTOR if len(size) == 1 else DIRECT_BOX
    entries = prod(n + k - 1 for n, k in zip(lengths1, lengths2, strict=True))
    transforms = TRANSFORM_CALLS + TRANSFORM * entries * log2(2 * entries)
    return each * prod(size) * min(prod(lengths1), prod(lengths2)) < transforms


def directly(in1: Array, in2: Array, start: Lengths, size: Lengths) -> Array:
    """A box of the full convolution, as a sum over the entries of the smaller array."""
    if in1.ndim == 1:
        return box(np.convolve(in1, in2), start, size)
    if prod(in1.shape) < prod(in2.shape):
        in1, in2 = in2, in1
    ones = (1,) * in1.ndim
    padding = tuple(n - 1 - first for n, first in zip(in2.shape, start, strict=True))
    sliding = {"stride": ones, "padding": padding, "dilation": ones}
    weights = np.flip(in2)[None, None]  # one channel of each
    return convolve_windows(in1[None], weights, size=size, **sliding)[0]


def by_transforms(in1: Array, in2: Array, axes: Sequence[int]) -> Array:
    """The full convolution along `axes`, with zeros after its end."""
    if not axes:
        return in1 * in2
    lengths = [fast_length(in1.shape[i] + in2.shape[i] - 1) for i in axes]
    real = "c" not in (in1.dtype.kind, in2.dtype.kind)
    there: Any = np.fft.rfftn if real else np.fft.fftn
    back: Any = np.fft.irfftn if real else np.fft.ifftn
    return back(there(in1, lengths, axes) * there(in2, lengths, axes), lengths, axes)


def fast_length(n: int) -> int:
    """The least product of powers of 2, 3 and 5 from `n` on, of which transforms are fast.

    >>> [fast_length(n) for n in (1, 7, 17, 1021)]
    [1, 8, 18, 1024]
    """
    odd: list[int] = [3**i * 5**j for i in range(n.bit_length()) for j in range(n.bit_length())]
    return min(f << (-(-n // f) - 1).bit_length() for f in odd if f < 2 * n)


def box(x: Array, start: Lengths, size: Lengths) -> Array:
    """The entries from `start` on, of shape `size`."""
    return x[tuple(slice(first, first + n) for first, n in zip(start, size, strict=True))]
