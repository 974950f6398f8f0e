"""Outputs: which calls can write their result into memory that they are given, and how.

What is known here of NumPy's functions is what their signatures say (`out`), less what makes the
result differ, or take a detour, when it is given.
"""

import operator
from collections.abc import Callable, Container
from typing import Any, Literal

import numpy as np
from numpy.random import Generator, RandomState

from micrograd_np.compiler import helpers
from micrograd_np.compiler.program import Instruction, Variable, variables_in
from micrograd_np.compiler.tracing.functions import Method

Style = Literal["position", "keyword", "fused"]

# With how many positional arguments `out` can be given by name.
BY_KEYWORD: dict[Any, int] = {
    np.sum: 3, np.prod: 3, np.mean: 3, np.cumsum: 3, np.cumprod: 3, np.clip: 3, np.take: 3,
    np.max: 2, np.min: 2, np.amax: 2, np.amin: 2, np.any: 2, np.all: 2, np.concatenate: 2,
    np.stack: 2, np.dot: 2, np.outer: 2, np.einsum: 32,
}  # fmt: skip
METHODS_OF_UFUNCS = ("reduce", "accumulate", "reduceat", "outer")

# Never a view, and an array that nobody else has, to be written over when it is no longer needed.
FRESH: set[Any] = {
    *BY_KEYWORD, np.where, np.copy, np.tile, np.repeat, np.roll, np.sort, np.tril, np.triu,
    np.zeros_like, np.ones_like, np.full_like, np.tensordot, np.linalg.inv, np.linalg.solve,
    np.linalg.cholesky, np.take_along_axis, helpers.scatter, helpers.scatter_add,
    helpers.index_update, helpers.index_at,
} - {np.einsum}  # fmt: skip

# A view of the whole of its first argument that can be written to if that can.
WHOLE_VIEWS: set[Any] = {
    np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.ravel,
    np.matrix_transpose, np.linalg.matrix_transpose, np.rollaxis, Method("reshape"),
    Method("transpose"),
}  # fmt: skip

# Always a view of their first argument; others are one for some layouts of it.
SURE_VIEWS = WHOLE_VIEWS - {np.reshape, np.ravel, Method("reshape")} | {
    np.broadcast_to, np.real, np.imag, np.flip, np.diagonal, np.split,
}  # fmt: skip


def is_fused(function: Any) -> bool:
    """Whether it is a group of calls that is printed as a function of its own."""
    return hasattr(function, "definition")


def is_ufunc_method(function: Any) -> bool:
    """Whether it is `np.add.reduce` or another method of a ufunc."""
    of = getattr(function, "__self__", None)
    return isinstance(of, np.ufunc) and function.__name__ in METHODS_OF_UFUNCS


def is_draw(instruction: Instruction) -> bool:
    """Whether it is a draw of a random generator."""
    x = instruction.args[0] if instruction.args else None
    return (
        isinstance(x, Variable)
        and x.python is not None
        and issubclass(x.python, Generator | RandomState)
    )


def is_among(function: Callable[..., Any], functions: Container[Any]) -> bool:
    """Whether a function is in a set; one that has no hash is in none."""
    try:
        return function in functions
    except TypeError:
        return False


def style_of(instruction: Instruction) -> Style | None:
    """How the call is given memory for its results: by position, by keyword, or not at all."""
    function, options = instruction.function, instruction.options
    if is_fused(function):
        return "fused"
    if instruction.several or instruction.effect or "out" in options:
        return None
    if isinstance(function, np.ufunc):
        whole = function.nout == 1 and len(instruction.args) == function.nin
        return "position" if whole and "where" not in options else None
    if is_ufunc_method(function):
        return "keyword" if len(instruction.args) == 1 or function.__name__ == "outer" else None
    if not is_among(function, BY_KEYWORD) or len(instruction.args) > BY_KEYWORD[function]:
        return None
    return "keyword" if CONDITIONS.get(function, always)(instruction) else None


def always(_instruction: Instruction) -> bool:
    """Nothing stands against it."""
    return True


def divides_the_sum(instruction: Instruction) -> bool:
    """Whether a mean is computed in the dtype of its result."""
    kinds = [x.dtype.str[1:] for x in instruction.variables if x.dtype is not None]
    return set(kinds) <= {"f4", "f8", "c8", "c16"} and "dtype" not in instruction.options


def goes_on_outside(instruction: Instruction) -> bool:
    """Whether indices out of range are no error, for which NumPy would write elsewhere first."""
    return bool(instruction.options.get("mode", "raise") != "raise")


def is_one_loop(instruction: Instruction) -> bool:
    """Whether it is no view, nor several contractions in turn."""
    return is_fresh(instruction) and not instruction.options.get("optimize")


def is_contiguous(instruction: Instruction) -> bool:
    """Whether the result is, as `dot` wants it."""
    return instruction.result.strides == c_strides(instruction.result)


def has_its_dtype(instruction: Instruction) -> bool:
    """Whether no other dtype is asked for, beside which NumPy takes no `out`."""
    return "dtype" not in instruction.options


# What else must hold for the same result to be written where it is asked to be.
CONDITIONS: dict[Any, Callable[[Instruction], bool]] = {
    np.mean: divides_the_sum, np.take: goes_on_outside, np.einsum: is_one_loop,
    np.dot: is_contiguous, np.outer: is_contiguous, np.concatenate: has_its_dtype,
    np.stack: has_its_dtype,
}  # fmt: skip


def is_elementwise(instruction: Instruction) -> bool:
    """Whether each entry of the result is made of the operands' entries in the same place."""
    function = instruction.function
    if isinstance(function, np.ufunc):
        return function.signature is None and function.nout == 1
    return bool(function is np.clip)


def overwritable(instruction: Instruction, result: Variable) -> list[Variable]:
    """The operands over which a result can be written while they are read, if they are alike."""
    if is_fused(instruction.function):
        number = instruction.results.index(result)
        pairs: frozenset[tuple[int, int]] = getattr(instruction.function, "overwrites", frozenset())
        operands = [instruction.args[j] for i, j in sorted(pairs) if i == number]
        return [x for x in operands if isinstance(x, Variable)]
    return instruction.variables if is_elementwise(instruction) else []


def is_fresh(instruction: Instruction) -> bool:
    """Whether its results are arrays that share memory with nothing."""
    function = instruction.function
    if isinstance(function, np.ufunc) or is_ufunc_method(function):
        return True
    if function is np.einsum:
        return len(instruction.args) > 2  # of one operand it may be a view
    if isinstance(function, Method):
        return not instruction.view or is_draw(instruction)
    if function is operator.getitem:  # entries chosen by an array are copied
        return not instruction.view or any(x.shape for x in variables_in(instruction.args[1]))
    if is_fused(function):
        return not instruction.view
    return is_among(function, FRESH)


def may_share(instruction: Instruction) -> bool:
    """Whether a result may share memory with an argument."""
    return instruction.view and not is_fresh(instruction)


def is_surely_view(instruction: Instruction) -> bool:
    """Whether the results lie in the memory of an argument, for its layout when traced."""
    function, x = instruction.function, instruction.args[0]
    if not may_share(instruction) or not isinstance(x, Variable):
        return False
    if function is operator.getitem:
        return not any(True for _ in variables_in(instruction.args[1]))
    whole = is_among(function, WHOLE_VIEWS) and x.strides == c_strides(x)
    return whole or is_among(function, SURE_VIEWS)


def c_strides(x: Variable) -> tuple[int, ...]:
    """The strides of an array of this shape whose last axis is contiguous."""
    step = 0 if x.dtype is None else x.dtype.itemsize
    strides = []
    for n in reversed(x.shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def is_dense(x: Variable) -> bool:
    """Whether its entries fill a stretch of memory, in some order of the axes, forwards."""
    if x.dtype is None or x.size == 0 or not x.shape:
        return False
    step = x.dtype.itemsize
    for stride, n in sorted((s, n) for s, n in zip(x.strides, x.shape, strict=True) if n != 1):
        if stride != step:
            return False
        step *= n
    return True
