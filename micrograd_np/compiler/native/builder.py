"""The builder: NumPy's operations as definitions of variables, entry by entry."""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

import numpy as np

from micrograd_np.compiler.native.definitions import (
    Bytes,
    Definition,
    Interpreted,
    Read,
    Sweep,
    View,
    Write,
    adding,
    nothing,
    ordered,
    shape_of,
    strides_of,
    sum_dtype,
    whole,
)
from micrograd_np.compiler.native.elementary import FUNCTIONS
from micrograd_np.compiler.native.index import ZERO, Entry, Index, Place, broadcast, flattened
from micrograd_np.compiler.native.scalars import (
    NotNative,
    cast,
    dtype_of,
    literal,
    resolved,
    written,
)
from micrograd_np.compiler.program import Variable

LARGEST_TABLE = 1 << 16  # entries whose places are written out
LARGEST_SWEEP = 1 << 10  # entries whose elementary functions are computed beside the loops,
SHORTEST_ROW = 16  # as are those of more in rows below this, which make inner loops too short


def is_swept(x: Variable) -> bool:
    """Whether an elementary function of an array is computed for all entries at once."""
    short = [n for n in x.shape if n > 1][-1:] < [SHORTEST_ROW]
    return x.size > 1 and (x.size <= LARGEST_SWEEP or short)


class Builder:
    """Definitions of variables; NumPy's operations in terms of them.

    `definitions`: in order. `views`. `windows`: for those that lie in regular steps their source,
    an array of bytes that lies so, and the array of bytes that it lies in. `constants`: arrays
    known now, the program's among them. `origins`: the ufunc and the operands that a variable is
    made of. `largest`: how many multiplications a product may take.
    """

    def __init__(self, constants: dict[Variable, np.ndarray[Any, Any]], largest: int) -> None:
        self.definitions: dict[Variable, Definition] = {}
        self.views: dict[Variable, View] = {}
        self.windows: dict[Variable, tuple[Variable, Bytes, Bytes]] = {}
        self.origins: dict[Variable, tuple[Any, tuple[Interpreted, ...]]] = {}
        self.constants = dict(constants)
        self.largest = largest

    # ------------------------------------------------------------ variables

    def defined(
        self, hint: str, shape: Sequence[int], dtype: Any, writes: Iterable[Write], start: str = ""
    ) -> Variable:
        """A new variable that is written so."""
        made = Variable(hint, tuple(shape), np.dtype(dtype))
        self.definitions[made] = Definition(tuple(writes), start)
        return made

    def constant(self, array: Any, hint: str = "constant") -> Variable:
        """The variable of an array that is known now."""
        made = Variable.like(hint, np.asarray(array))
        self.constants[made] = np.asarray(array)
        return made

    def array(self, x: Interpreted) -> Variable:
        """A number as an array without axes, as NumPy would make it; a variable as it is."""
        if isinstance(x, Variable) and x.dtype is not None:
            return x
        return self.map_code("number", (x,), dtype_of(x), "{0}")

    # ------------------------------------------------------------ entry by entry

    def map(self, function: Any, *operands: Interpreted, dtype: Any = None) -> Variable:
        """`function`, a ufunc, of each entry of the operands, broadcast together."""
        types, out = resolved(function, operands, dtype)
        code = written(function, types, out)
        name = function.__name__
        if name in FUNCTIONS and len(operands) == 1:
            made = self.elementary(name, operands[0], out)
        else:
            made = self.map_code(name, operands, out, code, types)
        self.origins[made] = (function, operands)
        return made

    def elementary(self, name: str, x: Interpreted, dtype: np.dtype[Any]) -> Variable:
        """A function of `elementary`, of all entries at once where that is faster."""
        if isinstance(x, Variable) and is_swept(x):
            return self.swept(name, x, dtype)
        return self.map_code(name, (x,), dtype, f"{name}({{0}})")

    def swept(self, function: str, x: Variable, dtype: np.dtype[Any]) -> Variable:
        """An elementary function of all entries at once."""
        known = x in self.views or x in self.constants
        if known or dtype_of(x) != dtype:
            x = self.map_code("argument", (x,), dtype, "{0}")
        made = Variable(function, x.shape, dtype)
        self.definitions[made] = Definition((), sweep=Sweep(function, x))
        return made

    def map_code(
        self,
        hint: str,
        operands: Sequence[Interpreted],
        dtype: Any,
        code: str,
        types: Sequence[np.dtype[Any]] | None = None,
    ) -> Variable:
        """Code of each entry of the operands, cast to `types` (the result's, if there are none)."""
        shape = np.broadcast_shapes(*(shape_of(x) for x in operands))
        out = np.dtype(dtype)
        types = [out] * len(operands) if types is None else types
        for x, to in zip(operands, types, strict=True):
            cast("", x, to)  # it may be refused

        def value(read: Read, place: Place) -> str:
            parts = [
                cast(read(x, broadcast(place, shape_of(x))), x, to)
                for x, to in zip(operands, types, strict=True)
            ]
            return code.format(*parts)

        return self.defined(hint, shape, out, [whole(shape, value)])

    def cast(self, x: Interpreted, dtype: Any) -> Interpreted:
        """`x` with another dtype."""
        return x if dtype_of(x) == dtype else self.map_code("cast", (x,), dtype, "{0}")

    def copy(self, x: Variable, hint: str = "copy") -> Variable:
        """The entries of `x` in an array of their own."""
        return self.map_code(hint, (x,), dtype_of(x), "{0}")

    # ------------------------------------------------------------ rearrangement

    def view(
        self, x: Variable, shape: Sequence[int], where: Callable[[Place], Index], hint: str = ""
    ) -> Variable:
        """A variable of `shape` that shows entries of `x`."""
        made = Variable(hint or x.hint, tuple(shape), x.dtype)
        self.views[made] = View(x, where)
        return made

    def strided(self, x: Variable, look: Callable[[Any], Any]) -> Variable | None:
        """The view of `x` that `look`, a NumPy function, returns; None if it returns no view."""
        if x not in self.windows:
            window = np.empty(x.shape, np.int8)  # only its place in memory is looked at
            self.windows[x] = (x, window, window)
        source, window, base = self.windows[x]
        shown = look(window)
        if not (isinstance(shown, np.ndarray) and np.may_share_memory(shown, base)):
            return None
        made = self.view(source, shown.shape, strides_of(shown, base), x.hint)
        self.windows[made] = (source, shown, base)
        return made

    def gathered(self, x: Variable, numbers: np.ndarray[Any, Any]) -> Variable:
        """The entries of `x` of these numbers."""
        if x.size > LARGEST_TABLE or numbers.size > LARGEST_TABLE:
            raise NotNative("it moves more entries than a table of places is made for")
        return self.view(x, numbers.shape, self.table(numbers, x.size))

    def table(self, numbers: np.ndarray[Any, Any], limit: int) -> Callable[[Place], Index]:
        """The places in an array of numbers, as an index."""
        table = self.constant(numbers.astype(np.int64), "places")
        return lambda place: Index.of(Entry(table, flattened(place, numbers.shape), limit))

    def rearranged(self, x: Variable, function: Callable[[Any], Any]) -> Variable:
        """The result, on `x`, of a NumPy function that only moves or repeats entries."""
        shown = self.strided(x, function)
        if shown is not None:
            return shown
        if x.size > LARGEST_TABLE:
            raise NotNative("it moves more entries than a table of places is made for")
        return self.gathered(x, function(np.arange(x.size).reshape(x.shape)))

    def reshape(self, x: Variable, shape: Sequence[int]) -> Variable:
        """The entries of `x`, in C order, in another shape."""
        if tuple(shape) == x.shape:
            return x
        shown = self.strided(x, lambda window: window.reshape(shape))
        return shown or self.view(x, shape, lambda place: flattened(place, shape))

    def broadcast_to(self, x: Interpreted, shape: Sequence[int]) -> Variable:
        """Repeated along axes that it lacks or has one entry in."""
        source = self.array(x)
        shown = self.strided(source, lambda window: np.broadcast_to(window, shape))
        return source if tuple(shape) == source.shape or shown is None else shown

    # ------------------------------------------------------------ arrays written in several goes

    def placed(
        self, hint: str, out: Bytes, dtype: Any, parts: Iterable[tuple[Bytes, Interpreted]]
    ) -> Variable:
        """An array of the shape of `out` whose parts, views of `out`, are other arrays."""
        made = [self._write(window.shape, strides_of(window, out), x, dtype) for window, x in parts]
        return self.defined(hint, out.shape, dtype, made)

    def scattered(self, g: Variable, key: Any, shape: tuple[int, ...]) -> Variable:
        """Zeros of `shape` with `g` added at a constant key."""
        dtype = dtype_of(g)
        put = self._write(*self._key(key, shape), g, dtype)
        code = written(np.add, (dtype, dtype), dtype)
        zero = literal(dtype.type(0))
        return self.defined("scatter", shape, dtype, [put._replace(combine=code)], zero)

    def updated(
        self, x: Variable, key: Any, value: Interpreted, ufunc: np.ufunc | None = None
    ) -> Variable:
        """`x` with `value` at a constant key, or with `ufunc(x[key], value)` there."""
        dtype = dtype_of(x)
        copy = self._write(x.shape, lambda place: flattened(place, x.shape), x, dtype)
        put = self._write(*self._key(key, x.shape), value, dtype)
        if ufunc is not None:
            put = put._replace(combine=written(ufunc, (dtype, dtype), dtype))
        return self.defined("update", x.shape, dtype, [copy, put])

    def _key(
        self, key: Any, shape: tuple[int, ...]
    ) -> tuple[tuple[int, ...], Callable[[Place], Index]]:
        """The shape of what a key names, and the numbers of these entries."""
        window = np.empty(shape, np.int8)
        named = window[key]
        if isinstance(named, np.ndarray) and np.may_share_memory(named, window):
            return named.shape, strides_of(named, window)
        if prod(shape) > LARGEST_TABLE:
            raise NotNative("it moves more entries than a table of places is made for")
        numbers = np.asarray(np.arange(prod(shape)).reshape(shape)[key])
        return numbers.shape, self.table(numbers, prod(shape))

    def _write(
        self, shape: tuple[int, ...], where: Callable[[Place], Index], x: Interpreted, dtype: Any
    ) -> Write:
        """The entries of `x`, broadcast to `shape`, put where they belong."""
        out = np.dtype(dtype)
        cast("", x, out)  # it may be refused
        return Write(
            shape, where, lambda read, place: cast(read(x, broadcast(place, shape_of(x))), x, out)
        )

    def running(self, hint: str, x: Variable, axis: int, dtype: Any, code: str) -> Variable:
        """Each entry along `axis` combined, by code, with all before it."""
        out = np.dtype(dtype)
        rest = tuple(n - (a == axis) for a, n in enumerate(x.shape))
        first = tuple(1 if a == axis else n for a, n in enumerate(x.shape))

        def after(place: Place) -> Place:
            return tuple(index + (a == axis) for a, index in enumerate(place))

        def value(read: Read, place: Place) -> str:
            return code.format(read(made, place), cast(read(x, after(place)), x, out))

        begin = self._write(first, lambda place: flattened(place, x.shape), x, out)
        go_on = Write(rest, lambda place: flattened(after(place), x.shape), value)
        writes = [begin, go_on] if 0 not in x.shape else []
        made = self.defined(hint, x.shape, out, writes)
        return made

    # ------------------------------------------------------------ sums and products

    def reduce(
        self, hint: str, x: Variable, axes: Sequence[int], dtype: Any, combine: str, start: Any
    ) -> Variable:
        """All entries along `axes`, which stay with one entry, combined with the number `start`."""
        shape = [1 if axis in axes else n for axis, n in enumerate(x.shape)]
        out = np.dtype(dtype)

        def where(place: Place) -> Index:
            return flattened([ZERO if a in axes else i for a, i in enumerate(place)], shape)

        def value(read: Read, place: Place) -> str:
            return cast(read(x, place), x, out)

        write = Write(x.shape, where, value)
        if prod(shape) == x.size:
            return self.defined(hint, shape, out, [write])  # there is nothing to combine
        write = write._replace(combine=combine)
        return self.defined(hint, shape, out, [write], literal(start))

    def sum(self, x: Variable, axes: Sequence[int], dtype: Any = None) -> Variable:
        """The sums along `axes`, which stay with one entry; in a dtype of enough digits."""
        out = np.dtype(dtype) if dtype is not None else sum_dtype(x)
        count = prod(x.shape[axis] for axis in axes)
        return self.reduce("sum", x, axes, out, adding(out, count), nothing(out, count))

    def product(
        self,
        hint: str,
        operands: Sequence[Variable],
        letters: Sequence[str],
        kept: str,
        dtype: Any,
    ) -> Variable:
        """The operands multiplied, summed over all axes whose letters are not kept.

        `letters`: a letter for each axis of each operand, as in `np.einsum`.
        """
        extents = {
            letter: n
            for x, each in zip(operands, letters, strict=True)
            for letter, n in zip(each, x.shape, strict=True)
        }
        if prod(extents.values()) > self.largest:
            raise NotNative("it is so large that NumPy's own is faster")
        out = np.dtype(dtype)
        order = ordered(extents, letters, kept)
        shape = [extents[letter] for letter in kept]

        def at(place: Place, each: str) -> list[Index]:
            found = dict(zip(order, place, strict=True))
            return [found[letter] for letter in each]

        def value(read: Read, place: Place) -> str:
            factors = [
                cast(read(x, tuple(at(place, each))), x, out)
                for x, each in zip(operands, letters, strict=True)
            ]
            if code.startswith("plus") and len(factors) == 2:
                return f"times({', '.join(factors)})"
            return " * ".join(factors)

        write = Write(
            tuple(extents[letter] for letter in order),
            lambda place: flattened(at(place, kept), shape),
            value,
        )
        count = prod(extents[letter] for letter in extents if letter not in kept)
        code = adding(out, count)
        if prod(shape) == prod(write.extents):
            return self.defined(hint, shape, out, [write])  # there is nothing to sum over
        start = literal(nothing(out, count))
        return self.defined(hint, shape, out, [write._replace(combine=code)], start)
