"""Programs by hand for single passes, and what is compared before and after."""

import numpy as np

from micrograd_np.compiler.passes import PASSES
from micrograd_np.compiler.program import Instruction, Program, Variable, check, mapped, name_of
from micrograd_np.compiler.tracing.trace import trace
from micrograd_np.core import tree

BY_NAME = {each.name: each for each in PASSES}
EXACT = [each for each in PASSES if not each.reorders]
FLOATS = [np.float16, np.float32, np.float64]


# ---------------------------------------------------------------- programs by hand


class Builder:
    """A program written call by call, on example arguments."""

    def __init__(self, *examples):
        self.parameters = [Variable.like(f"x{i}", x) for i, x in enumerate(examples)]
        self.values = dict(zip(self.parameters, examples, strict=True))
        self.constants = {}
        self.instructions = []

    def constant(self, array):
        variable = Variable.like("constant", array)
        self.constants[variable] = self.values[variable] = array
        return variable

    def __call__(self, function, *args, region=0, effect=False, **options):
        def value(x):
            return self.values[x] if isinstance(x, Variable) else x

        given, named = mapped(value, args), mapped(value, options)
        with np.errstate(all="ignore"):
            out = function(*given, **named)
        several = isinstance(out, tuple | list)
        made = tuple(
            Variable.like(name_of_function(function), x) for x in (out if several else [out])
        )
        self.values.update(zip(made, out if several else [out], strict=True))
        self.instructions.append(
            Instruction(function, args, options, made, several, not several, effect, region)
        )
        return list(made) if several else made[0]

    def program(self, *results):
        return check(
            Program(
                "f", tuple(self.parameters), dict(self.constants), tuple(self.instructions), results
            )
        )


def name_of_function(function):
    return getattr(function, "__name__", "value")


def built(write, *examples):
    """The program of `write(build, *variables)`, whose results it returns."""
    build = Builder(*examples)
    out = write(build, *build.parameters)
    return build.program(*(out if isinstance(out, tuple) else (out,)))


def traced(function, *examples):
    """The program of a function of arrays."""
    make, out, _ = trace(
        "f", lambda t: function(*(t.parameter(f"x{i}", x) for i, x in enumerate(examples)))
    )
    return check(make(tree.leaves(out)))


def names(program):
    return [name_of(call) for call in program.instructions]


def run(program, arguments):
    with np.errstate(all="ignore"):
        return program.run(arguments)


def simplified(name, program):
    """The program after one pass and the removal of what is dead, both checked."""
    return check(BY_NAME["dead code"].apply(check(BY_NAME[name].apply(program))))


# ---------------------------------------------------------------- what is compared


def bits(x):
    """The bits of an array, all NaNs alike."""
    x = np.asarray(x)
    if x.dtype.kind == "c":
        return np.stack([bits(x.real), bits(x.imag)])
    if x.dtype.kind != "f":
        return x
    return np.where(np.isnan(x), np.nan, x).astype(x.dtype).view(f"u{x.itemsize}")


def assert_same(program, rewritten, arguments):
    assert rewritten.parameters == program.parameters
    for one, other in zip(run(program, arguments), run(rewritten, arguments), strict=True):
        assert np.shape(one) == np.shape(other)
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_array_equal(bits(other), bits(one))


def assert_close(program, rewritten, arguments, ulps=64):
    """Within some ulps of the largest number in each result: what reordered sums have in common."""
    assert rewritten.parameters == program.parameters
    pairs = zip(run(program, arguments), run(rewritten, arguments), strict=True)
    for one, other in (map(np.asarray, pair) for pair in pairs):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        if one.dtype.kind not in "fc":
            np.testing.assert_array_equal(other, one)
        elif one.size:
            scale = np.abs(one).max(initial=0, where=np.isfinite(one))
            within = ulps * np.finfo(one.dtype).eps * max(scale, np.finfo(one.dtype).tiny)
            np.testing.assert_allclose(other, one, rtol=0, atol=within)


def adversarial(dtype, count=4000, seed=0):
    """Zeros of both signs, infinities, NaN, subnormal and huge numbers, and random bits."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(seed)
    if dtype.kind == "c":
        parts = [adversarial(dtype.type(0).real.dtype, count, seed + i) for i in (1, 2)]
        out = np.empty(len(parts[0]), dtype)
        out.real, out.imag = parts
        return out
    if dtype.kind != "f":
        low, high = (0, 2) if dtype.kind == "b" else (0, 100)
        return rng.integers(low, high, count).astype(dtype)
    limits = np.finfo(dtype)
    special = np.array(
        [0, 1, 2, 3, np.inf, np.nan, limits.tiny, limits.smallest_subnormal, limits.max]
    )
    random = rng.integers(0, 1 << 8 * dtype.itemsize - 1, count, np.uint64)
    random = random.astype(f"u{dtype.itemsize}").view(dtype)
    usual = rng.normal(size=count).astype(dtype)
    values = np.concatenate([special.astype(dtype), random, usual])
    return rng.permutation(np.concatenate([values, -values]))
