"""Programs by hand and their native loops, compared with NumPy's calls."""

from importlib.util import find_spec

import numpy as np
import pytest

from micrograd_np.compiler.program import Instruction, Program, Variable, check, mapped

needs_numba = pytest.mark.skipif(
    find_spec("numba") is None, reason="numba is not installed (the extra jit)"
)


class Maker:
    """A program made call by call, on values that its variables have in one run."""

    def __init__(self, *values):
        self.values = {}
        self.constants = {}
        self.instructions = []
        self.parameters = tuple(self.variable("x", value) for value in values)

    def variable(self, hint, value):
        made = Variable.like(hint, value)
        self.values[made] = value
        return made

    def constant(self, array):
        made = self.variable("constant", np.asarray(array))
        self.constants[made] = np.asarray(array)
        return made

    def __call__(self, function, *args, effect=False, view=False, **options):
        args, options = mapped(
            lambda x: self.constant(x) if isinstance(x, np.ndarray) else x, (args, options)
        )
        given, named = mapped(
            lambda x: self.values[x] if isinstance(x, Variable) else x, (args, options)
        )
        with np.errstate(all="ignore"):
            out = function(*given, **named)
        several = isinstance(out, list | tuple)
        hint = getattr(function, "__name__", "value")
        results = tuple(self.variable(hint, x) for x in (out if several else [out]))
        self.instructions.append(
            Instruction(function, args, options, results, several, view, effect)
        )
        return list(results) if several else results[0]

    def program(self, *results):
        made = Program("made", self.parameters, self.constants, tuple(self.instructions), results)
        return check(made)


rng = np.random.default_rng(0)
