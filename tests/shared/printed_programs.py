"""Programs printed as NumPy, and run again from what was printed."""

import sys

import numpy as np
from program_builder import Builder, assert_same, copied

from micrograd_np.compiler.blocks.fusion import fuse
from micrograd_np.compiler.source import build
from micrograd_np.core.errstate import ignoring_float_errors

RNG = np.random.default_rng(0)


def run_twice(program, arguments):
    """What the executable returns, checked to be what the program is by definition, twice."""
    executable = build(program)
    with ignoring_float_errors():
        expected = program.run(copied(arguments))
        for _ in range(2):
            found = executable(*copied(arguments))
            assert_same(found, expected)
    return executable


# ---------------------------------------------------------------- how calls are spelled

MATRIX = RNG.normal(size=(4, 3))
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)


# ---------------------------------------------------------------- fused groups


def fused_program():
    b = Builder()
    x, w = b.parameter(RNG.normal(size=(1200, 60))), b.parameter(RNG.normal(size=60))
    y = b(np.tanh, b(np.multiply, b(np.add, x, w), 0.5))
    z = b(np.multiply, b(np.exp, y), b(np.subtract, 1.0, y))
    made = b.program(b(np.sum, z, axis=0), b(np.matmul, z, b.constant(np.ones((60, 2)))))
    program = fuse(made, smallest=1 << 10, work=1)
    assert any(hasattr(each.function, "definition") for each in program.instructions)
    return program, b.arguments


# ---------------------------------------------------------------- saving


def loaded(path):
    """A saved module, run as it is."""
    module = type(sys)(path.stem)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))  # noqa: S102
    return module


SCALE = 3.0


def scaled(x):
    scale = np.asarray(SCALE)  # a comment
    return [scale * x for SCALE in (1,)][0] if x is not None else x  # noqa: RUF015 - names that are local
