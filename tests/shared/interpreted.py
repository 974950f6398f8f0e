"""Compiled functions without a back end: the program as it was traced, run call by call.

What tracing records is right if it says what the eager run does, for other values than those it was
traced on. `interpreted` runs it so, and `assert_identical` compares results bit for bit.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.compiler.guarding.snapshot import Surroundings
from micrograd_np.compiler.program import Instruction, Program, Variable, check, substituted
from micrograd_np.compiler.specialization import traced
from micrograd_np.core import tree
from micrograd_np.core.errstate import ignoring_float_errors

if TYPE_CHECKING:
    from micrograd_np.compiler.returning import Returned
    from micrograd_np.core.graph import Node


NOTHING = Surroundings(len)  # of a function that depends on nothing
FLOATS = [np.dtype(name) for name in ("f4", "f8", "c8", "c16")]


class Unseen:
    """A function that tracing does not look through: it is asked for by calling it alone."""

    __slots__ = ("function",)
    __guarded__ = ()

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class Interpreted:
    """A function traced for some arguments: its program, and what it returns for others."""

    def __init__(self, f: Callable[..., Any], args: Sequence[Any]) -> None:
        self.subject = mg.compile(f).subject
        self.subject.surroundings = lambda _named=(): NOTHING  # what f reaches does not change
        call = self.subject.call_of(tuple(args), {})
        program, returned, captured, *_ = traced(self.subject, call, tuple(args), {})
        self.program: Program = check(program)
        self.returned: Returned = returned
        self.captured: list[Node] = captured

    def values(self, args: Sequence[Any]) -> list[Any]:
        """What the program's parameters are for these arguments."""
        leaves = self.subject.call_of(tuple(args), {}).leaves
        return [*(leaf.value for leaf in leaves), *(x.value for x in self.captured)]

    def __call__(self, *args: Any) -> Any:
        return self.by(self.program.run, args)

    @property
    def by_rows(self) -> bool:
        """Whether all that is computed lies in memory row by row.

        Else what is added up may be in another order: where Tensors copy views and spread numbers
        into arrays of their own, a program goes on with the views.
        """
        made = [x for call in self.program.instructions for x in call.results if x.shape]
        return all(
            all(
                s in (0, right) or n == 1
                for n, s, right in zip(x.shape, x.strides, rows, strict=True)
            )
            for x in (*made, *self.program.constants)
            for rows in [np.empty(x.shape, x.dtype).strides]
        )

    def steps(self, values: Sequence[Any]) -> Iterator[tuple[Instruction, Any, Any, Any]]:
        """Each instruction with its arguments, options and results, as they are computed."""
        known: dict[Variable, Any] = dict(zip(self.program.parameters, values, strict=True))
        known |= self.program.constants
        for instruction in self.program.instructions:
            args, options = substituted((instruction.args, instruction.options), known)
            with ignoring_float_errors():
                out = instruction(args, options)
            parts = out if instruction.several else (out,)
            known.update(zip(instruction.results, parts, strict=True))
            yield instruction, args, options, parts

    def largest(self, args: Sequence[Any]) -> float:
        """The largest number that is met on the way: what rounding is relative to."""
        values = self.values(args)
        arrays = [*values, *(part for *_, parts in self.steps(values) for part in parts)]
        sizes = [np.abs(x) for x in arrays if getattr(x, "dtype", None) in FLOATS]
        return max((float(np.max(x, initial=0, where=np.isfinite(x))) for x in sizes), default=0)

    def by(self, executable: Callable[..., Any], args: Sequence[Any]) -> Any:
        """What the function returns if its program is run by `executable`."""
        with ignoring_float_errors():
            return self.returned.rebuilt(executable(self.values(args)))


def assert_identical(found: Any, expected: Any) -> None:
    """The same tree, of the same types, shapes and dtypes, equal bit for bit (NaNs all alike)."""
    assert type(found) is type(expected)
    pairs = zip(tree.leaves(found), tree.leaves(expected), strict=True)
    for one, other in pairs:
        assert type(one) is type(other)
        x, y = (value.data if isinstance(value, Tensor) else value for value in (one, other))
        if not isinstance(x, np.ndarray | np.generic):
            assert x == y or x != x  # noqa: PLR0124 - a NaN
            continue
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_array_equal(bits_of(x), bits_of(y))


def bits_of(x: Any) -> np.ndarray[Any, Any]:
    """Real and imaginary parts with one NaN for all, zeros with their signs."""
    if x.dtype.kind not in "fc":
        return np.asarray(x)
    parts = np.stack([np.real(x), np.imag(x)])
    parts = np.where(np.isnan(parts), np.nan, parts).astype(parts.dtype)
    return np.ascontiguousarray(parts).view(f"u{parts.itemsize}") if parts.itemsize <= 8 else parts


def assert_rounded(found: Any, expected: Any, scale: float, what: str = "") -> None:
    """The same tree, types and dtypes; values to rounding of numbers as large as `scale`."""
    assert type(found) is type(expected)
    for one, other in zip(tree.leaves(found), tree.leaves(expected), strict=True):
        assert type(one) is type(other), what
        x, y = (np.asarray(getattr(value, "data", value)) for value in (one, other))
        assert (x.shape, x.dtype) == (y.shape, y.dtype), what
        if y.dtype.kind in "fc":
            rounding = 1e3 * float(np.finfo(y.dtype).eps) * (1 + scale)
            np.testing.assert_allclose(x, y, rtol=0, atol=rounding, err_msg=what)
        else:
            np.testing.assert_array_equal(x, y, err_msg=what)
