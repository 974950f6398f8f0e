"""Random programs, compiled: what the trace says, what the exact passes keep, and all together.

Each program is traced on some numbers and run on others. As it was traced, and after the passes
that do not reorder arithmetic, it agrees with the eager run bit for bit (if arrays lie in memory
row by row, as sums are added up in that order); as it is compiled, to rounding. The ordinary suite
tries 30 programs, traces three functions of each, and simplifies and compiles one; `-m thorough`
traces all functions of 200, and `-m exhaustive` compiles all of 20,000.
"""

from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
import programs
import pytest
from drawing import examples
from hypothesis import given
from interpreted import Interpreted, Unseen, assert_identical, assert_rounded
from programs import EXHAUSTIVE, ORDINARY

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.compiler.passes import PASSES, optimize
from micrograd_np.compiler.program import check
from micrograd_np.core.errstate import ignoring_float_errors

EXACT = [each for each in PASSES if not each.reorders]
Function = Callable[..., Any]


def functions_of(program: programs.Program) -> dict[str, tuple[Function, list[Any], list[Any]]]:
    """What is compiled of a program, with arguments to trace on, and others to run on."""
    inputs, directions = program.inputs, program.directions
    others = [np.asarray(0.8 * x + 0.05 * t) for x, t in zip(inputs, directions, strict=True)]
    places = tuple(range(len(inputs)))

    f = Unseen(lambda *xs: program.run(np, xs))

    def slope(*xs: Any) -> Any:
        return mg.jvp(f, xs, directions)[1]

    def along(*xs: Any) -> Any:
        gradients = mg.grad(f, places)(*xs)
        return sum(np.sum(g * t) for g, t in zip(gradients, directions, strict=True))

    def batched(*xs: Any) -> Any:
        return mg.vmap(mg.grad(f, places))(*(np.stack([x, 0.9 * x, -x]) for x in xs))

    found: dict[str, Function] = {
        "value": f,
        "value and gradient": mg.value_and_grad(f, places),
        "jvp": lambda *xs: mg.jvp(f, xs, directions),
        "forward over reverse": lambda *xs: mg.jvp(mg.grad(f, places), xs, directions),
        "reverse over forward": mg.grad(slope, places),
        "reverse over reverse": mg.grad(along, places),
        "forward over forward": lambda *xs: mg.jvp(slope, xs, directions),
        "batch of gradients": batched,
        "gradient of Tensors": mg.grad(f, places),
    }
    given = dict.fromkeys(found, (inputs, others))
    given["gradient of Tensors"] = ([Tensor(x) for x in inputs], [Tensor(x) for x in others])
    return {name: (found[name], *given[name]) for name in found}


def compare(
    program: programs.Program, chosen: Callable[[str], bool], every: slice = slice(None)
) -> None:
    """Some functions of a program traced, against eager; what is chosen, compiled too."""
    for name, (f, args, others) in list(functions_of(program).items())[every]:
        what = f"{name}\n{program!r}"
        with ignoring_float_errors():
            expected = f(*others)
        traced = Interpreted(f, args)
        scale = traced.largest(others)
        assert_rounded(traced(*others), expected, scale, what)
        if traced.by_rows:
            assert_identical(traced(*others), expected)
        if chosen(name):
            simplified = check(optimize(traced.program, EXACT))
            assert_identical(traced.by(simplified.run, others), traced(*others))
            compiled = mg.compile(f)
            compiled(*args)
            assert_rounded(compiled(*others), expected, scale, what)
            assert len(compiled.specializations) == 1


def turn_of(program: programs.Program) -> int:
    return crc32(repr(program).encode()) % len(functions_of(program))


@examples(1.5)
@given(programs.programs())
def test_programs(program: programs.Program) -> None:
    """Of the nine functions every third one, of which the first is compiled in its turn."""
    turn = turn_of(program)
    names = list(functions_of(program))
    compare(program, lambda name: names.index(name) == turn, slice(turn % 3, None, 3))


@pytest.mark.thorough
@ORDINARY
@given(programs.programs())
def test_all_functions_of_programs(program: programs.Program) -> None:
    turn = turn_of(program)
    names = list(functions_of(program))
    compare(program, lambda name: names.index(name) == turn)


@pytest.mark.exhaustive
@EXHAUSTIVE
@given(programs.programs())
def test_many_programs(program: programs.Program) -> None:
    compare(program, lambda name: True)


@examples(1)
@given(programs.programs())
def test_each_pass_alone(program: programs.Program) -> None:
    """Every pass keeps programs well formed, and results as its row of the table says."""
    f, args, others = functions_of(program)["value and gradient"]
    traced = Interpreted(f, args)
    expected = traced(*others)
    for each in PASSES:
        found = traced.by(check(each.apply(traced.program)).run, others)
        if each.reorders:
            scale = traced.largest(others)
            assert_rounded(found, expected, scale, f"{each.name}\n{program!r}")
        else:
            assert_identical(found, expected)
