"""Outputs: which calls can write their result into memory that they are given, and how.

What is known here of NumPy's functions is what their signatures say (`out`), less what makes the
result differ or take a detour when it is given: `np.mean` of half precision would divide in it,
`np.take` copies unless told what to do with indices that are out of range.
"""

import operator
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from micrograd_np.compiler import helpers
from micrograd_np.compiler.calls import ASTYPE, Method
from micrograd_np.compiler.program import Instruction, Variable

Style = Literal["position", "keyword", "fused"]

BY_KEYWORD: set[Any] = {
    np.sum, np.prod, np.max, np.min, np.amax, np.amin, np.any, np.all, np.mean, np.cumsum,
    np.cumprod, np.clip, np.concatenate, np.stack, np.dot, np.outer, np.take, np.einsum,
}  # fmt: skip
METHODS_OF_UFUNCS = ("reduce", "accumulate", "reduceat", "outer")

# Never a view, and an array that nobody else has, to be written over when it is no longer needed.
FRESH: set[Any] = {
    *BY_KEYWORD, np.where, np.copy, np.tile, np.repeat, np.roll, np.sort, np.tril, np.triu,
    np.zeros_like, np.ones_like, np.full_like, np.tensordot, np.linalg.inv, np.linalg.solve,
    np.linalg.cholesky, np.take_along_axis, helpers.scatter, helpers.scatter_add,
    helpers.index_update,
} - {np.einsum}  # fmt: skip

# A view of the whole of its first argument that can be written to if that can.
WHOLE_VIEWS: set[Any] = {
    np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.expand_dims, np.squeeze, np.ravel,
    np.matrix_transpose, np.linalg.matrix_transpose, np.rollaxis, np.ndarray.reshape,
    np.ndarray.transpose, np.ndarray.swapaxes,
}  # fmt: skip


def is_fused(function: Any) -> bool:
    """Whether it is a group of calls that is printed as a function of its own."""
    return hasattr(function, "definition")


def is_ufunc_method(function: Any) -> bool:
    """Whether it is `np.add.reduce` or another method of a ufunc."""
    of = getattr(function, "__self__", None)
    return isinstance(of, np.ufunc) and function.__name__ in METHODS_OF_UFUNCS


def is_among(function: Callable[..., Any], functions: set[Any]) -> bool:
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
    if not is_among(function, BY_KEYWORD) or not takes_out(instruction):
        return None
    return "keyword"


def takes_out(instruction: Instruction) -> bool:
    """Whether a function of the table writes the same into `out` as it would return."""
    function, args, options = instruction.function, instruction.args, instruction.options
    if function is np.mean:
        return all(x.dtype is not None and x.dtype.itemsize >= 4 and x.dtype.kind in "fc"
                   for x in instruction.variables) and "dtype" not in options  # fmt: skip
    if function is np.take:
        return options.get("mode", "raise") != "raise"
    if function is np.einsum:
        return is_fresh(instruction) and not options.get("optimize")
    if function in (np.dot, np.outer):
        return instruction.result.strides == c_strides(instruction.result) and len(args) == 2
    if function in (np.concatenate, np.stack) and "dtype" in options:
        return False
    positions = {np.clip: 3, np.concatenate: 2, np.stack: 2}
    return len(args) <= positions.get(function, 2)


def is_elementwise(instruction: Instruction) -> bool:
    """Whether each entry of the result is made of the operands' entries in the same place."""
    function = instruction.function
    if isinstance(function, np.ufunc):
        return function.signature is None and function.nout == 1
    return function is np.clip


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
        return function != ASTYPE or not instruction.view
    if function is operator.getitem or is_fused(function):
        return not instruction.view
    return is_among(function, FRESH)


def may_share(instruction: Instruction) -> bool:
    """Whether a result may share memory with an argument."""
    return instruction.view and not is_fresh(instruction)


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
