"""The elementary functions in LLVM's language, for one number or many side by side.

`INTRINSICS` are what generated code calls: each function of single numbers by its own name, and as
`exp_each(out, x, n)` of the first `n` entries of a flat array. Importing this module imports Numba.
"""

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from micrograd_np.compiler.native import elementary
from micrograd_np.compiler.native.elementary import ROUNDER

WIDTH, LOOP_WIDTH = 4, 8  # how many numbers are computed side by side, at once and in loops
UNROLLED = 64  # numbers up to here need no loop
FUSED = ("contract",)  # a product and a sum may be one instruction, of one rounding
BITS = 52  # of a mantissa
BIAS = 1023  # of an exponent
DOUBLE, WHOLE = ir.DoubleType(), ir.IntType(64)


class Lane:
    """A number of 64 bits, or a vector of them; Python's numbers stand for as many of the same."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def like(self, x: Any) -> Any:
        """LLVM's value for `x`, of as many numbers as this."""
        return x.value if isinstance(x, Lane) else constant(self.value.type, x)

    def __add__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fadd(self.value, self.like(other), flags=FUSED))

    def __sub__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fsub(self.value, self.like(other), flags=FUSED))

    def __rsub__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fsub(self.like(other), self.value, flags=FUSED))

    def __mul__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fmul(self.value, self.like(other), flags=FUSED))

    def __truediv__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fdiv(self.value, self.like(other)))

    def __rtruediv__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fdiv(self.like(other), self.value))

    def __lt__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fcmp_ordered("<", self.value, self.like(other)))

    def __gt__(self, other: Any) -> "Lane":
        return Lane(self.builder, self.builder.fcmp_ordered(">", self.value, self.like(other)))

    def __eq__(self, other: object) -> "Lane":  # type: ignore[override]
        return Lane(self.builder, self.builder.fcmp_ordered("==", self.value, self.like(other)))

    __hash__ = None  # type: ignore[assignment]


def constant(kind: Any, x: float) -> Any:
    """LLVM's constant, as many times as a type holds numbers."""
    number = float(x) if of_one(kind) == DOUBLE else int(x)
    return ir.Constant(kind, [number] * kind.count if is_vector(kind) else number)


def is_vector(kind: Any) -> bool:
    """Whether a type holds several numbers."""
    return isinstance(kind, ir.VectorType)


def of_one(kind: Any) -> Any:
    """The type of each number."""
    return kind.element if is_vector(kind) else kind


def whole(kind: Any) -> Any:
    """The type of as many whole numbers."""
    return ir.VectorType(WHOLE, kind.count) if is_vector(kind) else WHOLE


class LlvmLanes:
    """`elementary.Lanes` in LLVM's language, for lanes of this type."""

    def __init__(self, builder: Any, kind: Any) -> None:
        self.builder = builder
        self.kind = kind

    def _value(self, x: Any) -> Any:
        return x.value if isinstance(x, Lane) else constant(self.kind, x)

    def _bits(self, x: Any) -> Any:
        return self.builder.bitcast(self._value(x), whole(self.kind))

    def _number(self, bits: Any) -> Lane:
        return Lane(self.builder, self.builder.bitcast(bits, self.kind))

    def _whole(self, x: int) -> Any:
        return constant(whole(self.kind), x)

    def select(self, condition: Any, x: Any, y: Any) -> Lane:
        """`x` where the condition holds, else `y`."""
        chosen = self.builder.select(condition.value, self._value(x), self._value(y))
        return Lane(self.builder, chosen)

    def absolute(self, x: Any) -> Lane:
        """Without its sign."""
        return self._number(self.builder.and_(self._bits(x), self._whole((1 << 63) - 1)))

    def with_sign(self, x: Any, y: Any) -> Lane:
        """`x`, which is not negative, with the sign of `y`."""
        sign = self.builder.and_(self._bits(y), self._whole(-1 << 63))
        return self._number(self.builder.or_(self._bits(x), sign))

    def two_to(self, n: Any) -> Lane:
        """The power of two: the exponent's bits, from where adding ROUNDER leaves them."""
        return self._number(self.builder.shl(self._bits(n + (ROUNDER + BIAS)), self._whole(BITS)))

    def exponent(self, x: Any) -> Lane:
        """The exponent's bits, put where they are the last of a number of 2^52 and more."""
        bits = self.builder.lshr(self._bits(x), self._whole(BITS))
        placed = self.builder.or_(bits, self._whole((BIAS + BITS) << BITS))
        return self._number(placed) - (2.0**BITS + BIAS)

    def mantissa(self, x: Any) -> Lane:
        """The mantissa's bits under the exponent of 1."""
        bits = self.builder.and_(self._bits(x), self._whole((1 << BITS) - 1))
        return self._number(self.builder.or_(bits, self._whole(BIAS << BITS)))


def computed(builder: Any, name: str, values: Sequence[Any]) -> Any:
    """LLVM's value of a function of values, of 32 or 64 bits, single or in vectors."""
    given = values[0].type
    wide = ir.VectorType(DOUBLE, given.count) if is_vector(given) else DOUBLE
    narrow = given != wide
    lanes = [Lane(builder, builder.fpext(x, wide) if narrow else x) for x in values]
    out = elementary.FUNCTIONS[name](*lanes, LlvmLanes(builder, wide)).value
    return builder.fptrunc(out, given) if narrow else out


def single(name: str, count: int) -> Any:
    """The intrinsic of `count` numbers."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return computed(builder, name, args)

    def unary(_context: Any, x: Any) -> Any:
        return x(x), write

    def binary(_context: Any, x: Any, y: Any) -> Any:
        return x(x, y), write

    made = unary if count == 1 else binary
    made.__name__ = name
    return intrinsic(made)


def each(name: str) -> Any:
    """The intrinsic `name_each(out, x, n)`."""

    def made(_context: Any, out: Any, x: Any, count: Any) -> Any:
        if not isinstance(count, types.IntegerLiteral):
            return None

        def write(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            target = context.make_array(out)(context, builder, args[0]).data
            source = context.make_array(x)(context, builder, args[1]).data
            Sweep(builder, name, source, target).write(count.literal_value)
            return context.get_dummy_value()

        return types.void(out, x, count), write

    made.__name__ = f"{name}_each"
    return intrinsic(prefer_literal=True)(made)


class Sweep:
    """Writes a function of many numbers, some at a time, from one place in memory to another."""

    def __init__(self, builder: Any, name: str, source: Any, target: Any) -> None:
        self.builder = builder
        self.name = name
        self.source = source
        self.target = target
        self.kind = source.type.pointee
        self.align = 8 if self.kind == DOUBLE else 4

    def write(self, count: int) -> None:
        """The function of `count` numbers; of many in a loop."""
        if count <= UNROLLED:
            for begin in range(0, count, WIDTH):
                n = min(WIDTH, count - begin)
                self._several(ir.Constant(WHOLE, begin), n, self._gathered(begin, n))
            return
        rounds = ir.Constant(WHOLE, count // LOOP_WIDTH)
        with cgutils.for_range(self.builder, rounds) as loop:
            begin = self.builder.mul(loop.index, ir.Constant(WHOLE, LOOP_WIDTH))
            self._several(begin, LOOP_WIDTH, self._loaded(begin, LOOP_WIDTH))
        rest = count % LOOP_WIDTH
        if rest:
            begin = ir.Constant(WHOLE, count - rest)
            self._several(begin, rest, self._loaded(begin, rest))

    def _gathered(self, begin: int, n: int) -> Any:
        """Numbers loaded one by one: they may have been stored so the moment before."""
        values = ir.Constant(ir.VectorType(self.kind, n), ir.Undefined)
        for i in range(n):
            place = self.builder.gep(self.source, [ir.Constant(WHOLE, begin + i)])
            number = ir.Constant(ir.IntType(32), i)
            values = self.builder.insert_element(values, self.builder.load(place), number)
        return values

    def _loaded(self, begin: Any, n: int) -> Any:
        values = self.builder.load(self._place(self.source, begin, n))
        values.align = self.align
        return values

    def _several(self, begin: Any, n: int, values: Any) -> None:
        out = computed(self.builder, self.name, [values])
        self.builder.store(out, self._place(self.target, begin, n)).align = self.align

    def _place(self, data: Any, begin: Any, n: int) -> Any:
        """A pointer to `n` numbers of an array, from one on."""
        several = ir.VectorType(self.kind, n).as_pointer()
        return self.builder.bitcast(self.builder.gep(data, [begin]), several)


INTRINSICS = {
    name: single(name, 2 if name == "logaddexp" else 1) for name in elementary.FUNCTIONS
} | {f"{name}_each": each(name) for name in elementary.FUNCTIONS if name != "logaddexp"}
