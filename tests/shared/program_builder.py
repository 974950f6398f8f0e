"""A builder of programs for the compiler, call by call, with the values of one run beside it."""

import numpy as np

from micrograd_np.compiler.passes import PASSES, optimize
from micrograd_np.compiler.program import Instruction, Program, Variable, check, substituted
from micrograd_np.compiler.tracing.trace import trace

EXACT = [each for each in PASSES if not each.reorders]


class Builder:
    """Calling it adds a call, and returns the variables for its results."""

    def __init__(self, name="step"):
        self.name = name
        self.parameters, self.constants, self.instructions = [], {}, []
        self.values = {}

    def _known(self, variable, value):
        self.values[variable] = value
        return variable

    def parameter(self, value, hint="x"):
        self.parameters.append(self._known(Variable.like(hint, value), value))
        return self.parameters[-1]

    def constant(self, value, hint="constant"):
        variable = self._known(Variable.like(hint, value), value)
        self.constants[variable] = value
        return variable

    def __call__(self, function, *args, view=False, effect=False, note="", hint="", **options):
        given, named = substituted((args, options), self.values)
        with np.errstate(all="ignore"):
            out = function(*given, **named)
        several = isinstance(out, list | tuple)
        values = list(out) if several else [out]
        hint = hint or getattr(function, "__name__", "value")
        results = tuple(self._known(Variable.like(hint, value), value) for value in values)
        self.instructions.append(
            Instruction(function, args, options, results, several, view, effect, 0, note)
        )
        return list(results) if several else results[0]

    def program(self, *results):
        return check(
            Program(
                self.name,
                tuple(self.parameters),
                self.constants,
                tuple(self.instructions),
                tuple(results),
            )
        )

    @property
    def arguments(self):
        """The values that the program was built with."""
        return [self.values[x] for x in self.parameters]


def traced(function, arguments):
    """The program of a function that returns a sequence of results."""

    def run(trace):
        return function(*(trace.parameter(f"x{i}", x) for i, x in enumerate(arguments)))

    make, results, _ = trace("traced", run)
    return check(make(list(results)))


def exactly_optimized(program):
    """The program after all passes that keep every bit."""
    return check(optimize(program, EXACT))


def copied(arguments):
    """The arguments, arrays as copies with the same strides where these leave no gaps."""
    return [x.copy("K") if isinstance(x, np.ndarray) else x for x in arguments]


def assert_same(found, expected):
    """The same types, dtypes, shapes and bits; any NaN is as good as another."""
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        assert type(x) is type(y)
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_array_equal(x, y)
        if np.asarray(x).dtype.kind in "fc":
            for part in (np.real, np.imag):
                np.testing.assert_array_equal(np.signbit(part(x)), np.signbit(part(y)))
