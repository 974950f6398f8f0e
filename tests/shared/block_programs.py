"""Programs by hand whose large element-wise parts are computed in blocks."""

import numpy as np

from micrograd_np.compiler.blocks.fusion import Fused, fuse
from micrograd_np.compiler.program import check


def fused_of(program):
    return [i.function for i in program.instructions if isinstance(i.function, Fused)]


def same(one, other):
    """The same type, dtype, and bits, but for the kind of a NaN."""
    assert type(one) is type(other)
    assert np.shape(one) == np.shape(other)
    assert np.asarray(one).dtype == np.asarray(other).dtype
    np.testing.assert_array_equal(one, other)
    numbers = ~np.isnan(one)
    signs = [np.signbit(np.real(x))[()][numbers] for x in map(np.asarray, (one, other))]
    np.testing.assert_array_equal(*signs)


def close(one, other):
    """The same but for rounding in sums."""
    assert np.shape(one) == np.shape(other)
    dtype = np.asarray(one).dtype
    assert dtype == np.asarray(other).dtype
    if dtype.kind not in "fc":
        np.testing.assert_array_equal(one, other)
        return
    size = np.max(np.abs(np.asarray(other)), initial=1, where=np.isfinite(other))
    tolerance = 40 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * size)


# ---------------------------------------------------------------- random programs

DTYPES = [
    "float32", "float64", "float32", "float64", "float16", "int32", "int64", "bool", "complex64",
    "complex128",
]  # fmt: skip


# ---------------------------------------------------------------- what is put together


def normal(*shape, dtype="float32"):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def checked(build, *results, **options):
    """The one group of a program, which has the results that the calls have."""
    program = build.program(*results)
    options = {"smallest": 1, "work": 1, "entries": 64, "threads": 2} | options
    fused = check(fuse(program, **options))
    for found, expected in zip(
        fused.run(build.arguments), program.run(build.arguments), strict=True
    ):
        close(found, expected)
    (group,) = fused_of(fused)
    assert len(fused.instructions) == 1
    return group


# ---------------------------------------------------------------- running


def counting(x, out):
    np.add(x, 1, out=out)
