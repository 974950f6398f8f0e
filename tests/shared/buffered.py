"""Programs with buffers, and what is asked of each."""

import numpy as np
from program_builder import assert_same, copied

from micrograd_np.compiler.source import build
from micrograd_np.core.errstate import ignoring_float_errors

RNG = np.random.default_rng(0)


def random(*shape):
    return RNG.normal(size=shape)


def poisoned(executable):
    """The executable with NaNs in the memory that its next call uses."""
    for memory in executable.function.__globals__.get("pool", ()):
        for array in memory if isinstance(memory, tuple) else [memory]:
            array.view(np.uint8 if array.dtype == bool else array.dtype)[...] = (
                np.nan if array.dtype.kind in "fc" else 1
            )
    return executable


def run_twice(program, arguments):
    """The executable, checked to return what the program is by definition, whatever it has kept."""
    executable = build(program)
    with ignoring_float_errors():
        expected = program.run(copied(arguments))
        first = executable(*arguments)
        kept = [np.copy(x) for x in first]
        assert_same(first, expected)
        assert_same(poisoned(executable)(*arguments), expected)
        for x, old in zip(first, kept, strict=True):
            np.testing.assert_array_equal(x, old)
    assert_unshared(first, [*arguments, *program.constants.values()])
    return executable


def assert_unshared(results, others):
    arrays = [x for x in results if isinstance(x, np.ndarray)]
    for i, x in enumerate(arrays):
        for y in [*arrays[:i], *(y for y in others if isinstance(y, np.ndarray))]:
            assert not np.shares_memory(x, y)
        assert x.flags.writeable


def reshaped(b, x, shape):
    return b(np.reshape, x, shape, view=True)
