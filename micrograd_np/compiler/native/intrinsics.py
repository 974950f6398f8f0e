"""Intrinsics for generated code: a machine instruction or two each, written in LLVM's language.

Importing this module imports Numba.
"""

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic

borrowed: Any = impl_ret_borrowed
Typed = Any  # a signature and a function that writes the instructions


@intrinsic
def flat(_context: Any, array: Any) -> Typed:
    """The entries of an array in C order as an array of one axis, in the same memory."""
    made = types.Array(array.dtype, 1, "C", readonly=not array.mutable)

    def write(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        given = context.make_array(array)(context, builder, args[0])
        out = context.make_array(made)(context, builder)
        context.populate_array(
            out,
            data=given.data,
            shape=[given.nitems],
            strides=[given.itemsize],
            itemsize=given.itemsize,
            meminfo=given.meminfo,
            parent=given.parent,
        )
        return borrowed(context, builder, made, out._getvalue())  # noqa: SLF001 - Numba's way

    return made(array), write


@intrinsic(prefer_literal=True)
def stack(_context: Any, count: Any, dtype: Any) -> Typed:
    """An array of `count` entries, not yet set, that lasts until the function returns."""
    if not isinstance(count, types.IntegerLiteral):
        return None
    made = types.Array(dtype.dtype, 1, "C")

    def write(context: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        entry = context.get_data_type(made.dtype)
        with builder.goto_entry_block():
            memory = builder.alloca(ir.ArrayType(entry, count.literal_value))
            memory.align = 64
        out = context.make_array(made)(context, builder)
        itemsize = context.get_constant(types.intp, context.get_abi_sizeof(entry))
        context.populate_array(
            out,
            data=builder.bitcast(memory, entry.as_pointer()),
            shape=[context.get_constant(types.intp, count.literal_value)],
            strides=[itemsize],
            itemsize=itemsize,
            meminfo=None,
        )
        return out._getvalue()  # noqa: SLF001 - Numba's way

    return made(count, dtype), write


@intrinsic
def select(_context: Any, condition: Any, x: Any, y: Any) -> Typed:
    """`x` where the condition holds, else `y`, without a jump."""

    def write(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        test = context.get_value_as_argument(builder, condition, args[0])
        if test.type != ir.IntType(1):
            test = builder.trunc(test, ir.IntType(1))
        return builder.select(test, args[1], args[2])

    return x(condition, x, y) if x == y else None, write


def extreme(name: str) -> Any:
    """The larger or the smaller of two floating-point numbers; a NaN if one of them is NaN."""

    def made(_context: Any, x: Any, y: Any) -> Typed:
        def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            kind = args[0].type
            signature = ir.FunctionType(kind, [kind, kind])
            signature = ir.FunctionType(kind, [kind, kind])
            function = builder.module.declare_intrinsic(f"llvm.{name}", [kind], signature)
            return builder.call(function, args)

        return x(x, y) if x == y else None, write

    made.__name__ = name
    return intrinsic(made)


maximum = extreme("maximum")
minimum = extreme("minimum")


@intrinsic
def plus(_context: Any, x: Any, y: Any) -> Typed:
    """`x + y` in a sum whose order the compiler may choose, to add several numbers at a time."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.fadd(*args, flags=("reassoc", "contract"))

    return x(x, y) if x == y else None, write


@intrinsic
def times(_context: Any, x: Any, y: Any) -> Typed:
    """`x * y` as part of a sum, to which it may be added in one instruction."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.fmul(*args, flags=("contract",))

    return x(x, y) if x == y else None, write


@intrinsic
def lost(_context: Any, x: Any, y: Any) -> Typed:
    """The exact rounding error of `x + y` (Knuth's two-sum)."""

    def write(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        x, y = args
        whole = builder.fadd(x, y)
        part = builder.fsub(whole, x)
        rest = builder.fsub(x, builder.fsub(whole, part))
        return builder.fadd(rest, builder.fsub(y, part))

    return x(x, y) if x == y else None, write
