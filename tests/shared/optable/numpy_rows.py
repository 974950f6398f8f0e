"""Rows of the op tests: elementwise ops, reductions, shaping, indexing, products, constants."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
import scipy.special

import micrograd_np as mg
from micrograd_np.ops.derivatives.constants import filled_like
from micrograd_np.ops.derivatives.elementwise import sigmoid_slope
from micrograd_np.ops.derivatives.indexing import getitem, scatter
from micrograd_np.ops.derivatives.shaping import astype
from optable.table import (
    BINARY,
    UNARY,
    Array,
    Domain,
    also,
    any_real,
    between,
    binary,
    case,
    complex_case,
    distinct,
    distinct_between,
    flat_op,
    inside_one,
    lattice,
    mixed_case,
    nonzero,
    positive,
    row,
    signed,
    unary,
)


def logistic(x: Array) -> Array:
    return np.reciprocal(1 + np.exp(-x))


def added_at(g: Array, key: Any, shape: tuple[int, ...]) -> Array:
    out = np.zeros(shape, np.asarray(g).dtype)
    np.add.at(out, key, g)
    return out


def at(ufunc: np.ufunc) -> Callable[..., Array]:
    def accumulated(x: Array, values: Array, key: Any) -> Array:
        out = np.array(x)
        ufunc.at(out, key, np.broadcast_to(values, out[key].shape))
        return out

    return accumulated


def updated(x: Array, value: Array, key: Any) -> Array:
    out = np.array(x)
    out[key] = value
    return out


# fmt: off
# ---------------------------------------------------------------- elementwise

binary(np.add)
binary(np.subtract)
binary(np.multiply)
binary(np.divide,       any_real, nonzero)
binary(np.power,        positive, any_real)
binary(np.float_power,  positive, any_real)
binary(np.fmod,         signed(between(5.1, 5.2)), signed(between(1.4, 1.6)))
binary(np.remainder,    signed(between(5.1, 5.2)), signed(between(1.4, 1.6)))
binary(np.divmod,       signed(between(5.1, 5.2)), signed(between(1.4, 1.6)))
binary(np.maximum,      lattice(0), lattice(0.1))
binary(np.minimum,      lattice(0), lattice(0.1))
binary(np.fmax,         lattice(0), lattice(0.1))
binary(np.fmin,         lattice(0), lattice(0.1))
binary(np.copysign,     nonzero)
binary(np.nextafter,    nonzero)
binary(np.heaviside,    nonzero)
binary(np.hypot,        nonzero)
binary(np.arctan2,      nonzero)
binary(np.logaddexp)
binary(np.logaddexp2)
row(np.ldexp,           any_real, case((3,), np.array([-2, 0, 3])), case((2, 1), np.array([1, 2])),
                                  case((), 2), case((0,), np.array([1])))
unary(np.positive)
unary(np.negative)
unary(np.conjugate)
unary(np.real)
unary(np.imag)
unary(np.absolute,      nonzero)
unary(np.fabs,          nonzero)
unary(np.reciprocal,    nonzero)
unary(np.square)
unary(np.sqrt,          positive)
unary(np.cbrt,          nonzero)
unary(np.exp)
unary(np.exp2)
unary(np.expm1)
unary(np.log,           positive)
unary(np.log2,          positive)
unary(np.log10,         positive)
unary(np.log1p,         between(-0.7, 3))
unary(np.sin)
unary(np.cos)
unary(np.tan,           between(-1, 1))
unary(np.arcsin,        inside_one)
unary(np.arccos,        inside_one)
unary(np.arctan)
unary(np.sinh)
unary(np.cosh)
unary(np.tanh)
unary(np.arcsinh)
unary(np.arccosh,       between(1.2, 3))
unary(np.arctanh,       inside_one)
unary(np.deg2rad)
unary(np.rad2deg)
unary(np.modf,          signed(between(1.1, 1.9)))
unary(np.frexp,         signed(between(1.1, 1.9)))
unary(sigmoid_slope,    reference=lambda x: logistic(x) * logistic(-x))
unary(mg.sigmoid,       between(-30, 30), reference=logistic)
unary(mg.relu,          nonzero, reference=lambda x: np.where(x > 0, x, x * 0))
unary(mg.softplus,      between(-30, 30), reference=lambda x: np.log1p(np.exp(x)))
unary(mg.logsigmoid,    between(-30, 30), reference=scipy.special.log_expit)
row(np.clip, (lattice(0), between(-1.15, -1.05), between(1.05, 1.15)),
    case((3, 4), (3, 4), (3, 4)), case((2, 3), (), (3,)), case((3,), (2, 3), (1, 1)),
    case((), (), ()), case((4,), (4,), None), case((4,), None, ()), case((1,), (0,), ()),
    case((3, 4), -0.7, 0.7), case((5,), None, None), case((0,), (), (1,)))

# ---------------------------------------------------------------- reductions

MASK = np.array([[True, False, True], [False, True, True]])
AXES = (case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1), case((2, 3, 2), axis=(0, -1)),
        case((2, 3, 2), axis=(1,)), case((2, 3), keepdims=True), case((2, 3), axis=1, keepdims=True),
        case((2, 3, 2), axis=(2, 0), keepdims=True), case(()), case((4,), axis=0))
NO_AXES = (case((2, 3), axis=()),)
EMPTY = (case((0,)), case((2, 0), axis=1), case((0, 3), axis=1))

row(np.sum, any_real,
    *AXES, *NO_AXES, *EMPTY, case((2, 3), where=MASK), case((2, 3), axis=0, where=MASK),
    case((2, 3), axis=1, where=MASK, keepdims=True), case((2, 3), where=MASK[0]),
    case((2, 3), where=MASK[:, :1]), case((2, 3), axis=0, dtype=np.float64))
row(np.mean, any_real,
    *AXES, *NO_AXES, case((0, 3), axis=1), case((2, 3), axis=0, dtype=np.float64))
row(np.prod, nonzero,
    *AXES, *NO_AXES, *EMPTY, case((2, 3), axis=0, dtype=np.float64), case((3, 4, 2), axis=(0, 1)))
row(np.max,     distinct, *AXES, *NO_AXES, case((0, 3), axis=1))
row(np.min,     distinct, *AXES, *NO_AXES, case((0, 3), axis=1))
row(np.var, any_real,
    *AXES, *NO_AXES, case((2, 3), ddof=1), case((3, 4), axis=0, ddof=1),
    case((3, 4), axis=1, correction=2), case((2, 3, 2), axis=(0, 2), ddof=1.5),
    case((3, 2), axis=0, dtype=np.float64))
row(np.std, any_real,
    *AXES[:8], case((4,), axis=0), case((2, 3), ddof=1), case((3, 4), axis=0, ddof=1),
    case((3, 4), axis=1, correction=2), case((3, 2), axis=0, dtype=np.float64))
row(np.cumsum, any_real,
    case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1), case((4,)), case((0,)),
    case((2, 0), axis=1), case((0, 2), axis=1), case(()), case((2, 3), axis=1, dtype=np.float64))
row(np.cumprod, nonzero,
    case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1), case((4,)), case((0,)),
    case((2, 0), axis=1), case((0, 2), axis=1), case(()), case((2, 3), axis=1, dtype=np.float64))
row(mg.logsumexp,   any_real, *AXES, *NO_AXES, reference=scipy.special.logsumexp)
row(mg.softmax, any_real,
    case((2, 3)), case((2, 3), axis=0), case((2, 3, 2), axis=(0, 2)), case((2, 3), axis=None),
    case((1,)), case((0, 2)),
    reference=lambda x, axis=-1: np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True))
row(mg.log_softmax, any_real,
    case((2, 3)), case((2, 3), axis=0), case((2, 3, 2), axis=(0, 2)), case((2, 3), axis=None),
    case((1,)), case((0, 2)),
    reference=lambda x, axis=-1: x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True)))

# ---------------------------------------------------------------- shaping

row(astype, any_real,
    case((2, 3), dtype=np.float64), case((), dtype=float),
    reference=lambda x, dtype: x.astype(dtype))
row(np.copy,        any_real, case((2, 3)), case((), order="C"), case((2, 0), order="F"))
row(np.reshape, any_real,
    case((2, 3), shape=(3, 2)), case((2, 3), shape=-1), case((2, 3), shape=6),
    case((2, 3), shape=(3, -1), order="F"), case((2, 3), shape=(3, 2), order="A"),
    case((), shape=(1, 1)), case((1,), shape=()), case((0, 2), shape=(3, 0)),
    case((2, 3), shape=[6], copy=True))
row(np.ravel, any_real,
    case((2, 3)), case((2, 3), order="F"), case((2, 3), order="A"), case((2, 3, 2), order="K"),
    case(()), case((0, 2)))
row(np.transpose, any_real,
    case((2, 3)), case((2, 3, 4), axes=(1, 2, 0)), case((2, 3, 4), axes=(-1, 0, -2)),
    case((2, 3), axes=[1, 0]), case((2, 3), axes=None), case(()), case((3,)), case((0, 2)))
row(np.matrix_transpose, any_real, case((2, 3)), case((4, 2, 3)), case((0, 3)), lacks="single")
row(np.swapaxes, any_real,
    case((2, 3, 4), axis1=0, axis2=2), case((2, 3, 4), axis1=-1, axis2=1),
    case((0, 2), axis1=0, axis2=1), lacks="single")
row(np.moveaxis, any_real,
    case((2, 3, 4), source=0, destination=-1), case((2, 3, 4), source=[0, 1], destination=[-1, 0]),
    case((2, 3, 4), source=(2, 0), destination=(0, 1)), case((0, 2), source=1, destination=0), lacks="single")
row(np.expand_dims, any_real,
    case((2, 3), axis=0), case((2, 3), axis=-1), case((2, 3), axis=(0, 2)),
    case((2, 3), axis=[0, -1]), case((), axis=0), case((0,), axis=1))
row(np.squeeze, any_real,
    case((1, 3, 1)), case((1, 3, 1), axis=0), case((1, 3, 1), axis=-1),
    case((1, 3, 1), axis=(0, 2)), case(()), case((1,)), case((1, 0)))
row(np.broadcast_to, any_real,
    case((3,), shape=(2, 3)), case((2, 1), shape=(4, 2, 3)), case((), shape=(2,)),
    case((1,), shape=(0,)), case((), shape=3), case((2, 3), shape=(2, 3)), case((), shape=()))
row(np.flip, any_real,
    case((2, 3)), case((2, 3), axis=1), case((2, 3, 2), axis=(0, -1)), case(()), case((0, 2)))
row(np.roll, any_real,
    case((2, 3), shift=1), case((2, 3), shift=-2, axis=1), case((2, 3), shift=(1, 2), axis=(0, 1)),
    case((2, 3), shift=(1, 2), axis=(1, 1)), case((2, 3), shift=1, axis=(0, 1)),
    case((4,), shift=[1, 2], axis=[0, 0]), case((), shift=1), case((0,), shift=2),
    case((5,), shift=np.array([2]), axis=0))
row(np.tile, any_real,
    case((2, 3), reps=2), case((2, 3), reps=(2, 1)), case((2,), reps=(3, 2)),
    case((2, 3), reps=(2, 1, 3)), case((), reps=(2, 2)), case((2, 3), reps=()), case((2,), reps=0),
    case((0,), reps=2), case((2, 3), reps=[1, 2]), case((2,), reps=np.array([2, 2])), case((2,), reps=np.int64(2)))
row(np.repeat, any_real,
    case((2, 3), repeats=2), case((2, 3), repeats=2, axis=1),
    case((2, 3), repeats=[1, 0, 2], axis=-1), case((2, 3), repeats=np.array([2, 3]), axis=0),
    case((3,), repeats=[0, 1, 2]), case((), repeats=3), case((3,), repeats=0),
    case((0,), repeats=2), case((3,), repeats=np.array([2]), axis=0))
row(np.concatenate, any_real,
    case((2, 3), (1, 3)), case((2, 1), (2, 2), (2, 3), axis=1), case((2, 1), (2, 2), axis=-1),
    case((2, 2), (3,), (), axis=None), case((0, 2), (2, 2)), case((3,)),
    case((2,), (3,), dtype=np.float64), spread=False)
row(np.stack, any_real,
    case((3,), (3,)), case((2, 3), (2, 3), axis=1), case((2, 3), (2, 3), (2, 3), axis=-1),
    case((), ()), case((2, 3), (2, 3), axis=-3), case((0,), (0,)),
    case((2,), (2,), dtype=np.float64), spread=False)

row(np.where, (any_real, any_real, any_real),
    case(MASK, (2, 3), (2, 3)), case(MASK, (3,), (2, 1)), case(MASK[0], (), (2, 3)),
    case(MASK, (), ()), case(True, (3,), (3,)), case(MASK[:, :1], (3,), (1, 1)),
    case(np.zeros((0, 1), bool), (3,), ()), case(MASK, (2, 3), 0.0), case(MASK, 1, (3,)),
    mixed_case("fcf", MASK, (2, 3), (3,)))
row(np.pad, distinct,
    case((2, 3), pad_width=1), case((2, 3), pad_width=2, mode="edge"), case((0,), pad_width=2),
    case((2, 3), pad_width=1, mode="constant", constant_values=3.0),
    *(case((3, 4), pad_width=((2, 1), (0, 3)), mode=mode) for mode in ("maximum", "minimum", "mean", "median", "linear_ramp")),
    *(case((3, 4), pad_width=2, mode=mode, stat_length=((1, 2), (3, 2))) for mode in ("maximum", "minimum", "mean", "median")),
    case((3, 4), pad_width=(3, 2), mode="linear_ramp", end_values=((1, 2), (3, 4.5))),
    case((0, 2), pad_width=((0, 0), (1, 1)), mode="mean"),
    *(case((3, 4), pad_width=((2, 7), (5, 0)), mode=mode, reflect_type="odd") for mode in ("reflect", "symmetric")),
    case((1, 2), pad_width=2, mode="reflect", reflect_type="odd"),
    complex_case((3,), pad_width=2, mode="mean"), complex_case((3,), pad_width=2, mode="linear_ramp"),
    lacks="single")
CUTS = (2, [1, 3], [3, 1], [2, 2, 0], [-1, 1], (1,), [1, 9])
for function in (np.split, np.array_split):
    row(function, any_real,
        *(case((4, 6), indices_or_sections=cuts, axis=axis) for cuts in CUTS for axis in (0, -1)),
        case((4,), indices_or_sections=2), case((4,), indices_or_sections=np.array([3])),
        case((0,), indices_or_sections=2), lacks="single")

# ---------------------------------------------------------------- indexing

INDICES = np.array([[0, 2], [2, -1]])
row(getitem, any_real,
    case((3, 4), key=1), case((3, 4), key=(slice(None), -1)),
    case((3, 4), key=(slice(None, None, -2), None, 2)), case((3, 4), key=...),
    case((3, 4), key=[0, 0, -1]), case((3, 4), key=(INDICES, [1, 1])), case((2, 3), key=MASK),
    case((2, 3, 2), key=(0, [True, False, True])),
    case((2, 3, 2), key=([0, 1], slice(None), [1, 1])), case((), key=()), case((), key=None),
    case((3,), key=np.int64(1)), case((0,), key=slice(None)), case((3, 4), key=np.array(2)),
    case((2,), key=True), case((2, 3), key=np.zeros((2, 3), bool)), reference=lambda x, key: x[key])
row(scatter, any_real,
    case((2,), key=[0, 0], shape=(3,)), case((2, 2), key=(INDICES, 1), shape=(3, 4)),
    case((2, 3), key=(slice(0, 4, 2),), shape=(4, 3)), case((), key=1, shape=(3,)),
    case((0,), key=slice(0, 0), shape=(2,)),
    reference=added_at)
row(mg.index_update, (any_real, any_real),
    case((3, 4), (4,), key=1), case((3, 4), (), key=(slice(None), -1)),
    case((3, 4), (2, 1), key=slice(None, None, 2)), case((4,), (3,), key=[1, 1, -1]),
    case((2, 3), (4,), key=MASK), case((2, 3), (), key=MASK), case((3,), 5, key=0),
    case((), (), key=()), case((3, 4), (2, 2), key=(INDICES, [1, 2])),
    case((0,), (), key=slice(None)), case((3, 4), (1, 1, 4), key=[0, 2]),
    reference=updated)
ACCUMULATIONS = (
    case((3, 4), (4,), key=1), case((3, 4), (), key=(slice(None), -1)), case((4,), (3,), key=[1, 1, -1]),
    case((3, 4), (2, 1), key=slice(None, None, 2)), case((2, 3), (4,), key=MASK), case((2, 3), (), key=MASK),
    case((), (), key=()), case((0,), (), key=slice(None)), case((3, 4), (2, 2), key=(INDICES, [1, 2])),
    case((3, 4), (3, 1), key=[2, 0, 2]), case((2, 3), (2, 1, 2), key=(..., None, [1, 1])),
    case((3,), (0,), key=[]), case((3,), 5, key=0))
row(mg.index_add, (any_real, any_real), *ACCUMULATIONS, reference=at(np.add))
row(mg.index_multiply, (any_real, any_real), *ACCUMULATIONS, case((2,), (4,), key=[0, 0, 0, 0]), reference=at(np.multiply))
row(mg.index_max, (distinct, distinct_between), *ACCUMULATIONS, reference=at(np.maximum))
row(mg.index_min, (distinct, distinct_between), *ACCUMULATIONS, reference=at(np.minimum))
row(np.take, any_real,
    case((3, 4), INDICES), case((3, 4), INDICES, axis=0), case((3, 4), [0, 0], axis=-1),
    case((3, 4), 1, axis=1), case((3, 4), np.array(-1), axis=0), case((4,), 2),
    case((3, 4), [5, -7], axis=0, mode="wrap"), case((3, 4), [5, -7, 1], axis=1, mode="clip"),
    case((3,), np.array([], int)), case((), 0), case((), [0, 0]), case((3, 4), 13, mode="wrap"))
row(np.take_along_axis, any_real,
    case((3, 4), np.array([[0, 0], [3, -1], [1, 2]]), axis=1),
    case((3, 4), np.array([[0, 1, 1, 2]]), axis=0), case((3, 4), np.array([[1]]), axis=-1),
    case((3, 4), np.array([3, 3, 0]), axis=None), case((2, 0), np.zeros((2, 0), int), axis=0),
    lacks="single")
if signature(np.take_along_axis).parameters["axis"].default == -1:  # from NumPy 2.3 on
    also(np.take_along_axis, case((3, 4), np.array([[2, 1], [0, 0], [1, 1]])))

# ---------------------------------------------------------------- linear algebra

MIXED = ("cc", "cf", "fc")
row(np.matmul, (any_real, any_real),
    case((3,), (3,)), case((2, 3), (3,)), case((3,), (3, 2)), case((2, 3), (3, 4)),
    case((5, 2, 3), (5, 3, 4)), case((2, 1, 2, 3), (4, 3, 2)), case((4, 2, 3), (3,)),
    case((3,), (4, 3, 2)), case((1, 2, 3), (4, 3, 2)), case((2, 3), (4, 3, 2)),
    case((4, 2, 3), (3, 2)), case((0,), (0,)), case((2, 0), (0, 3)), case((2, 3), (3, 0)),
    case((0, 2, 3), (1, 3, 2)),
    *(mixed_case(kinds, *shapes) for kinds in MIXED for shapes in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 2, 3), (3, 2))]), lacks="single")
row(np.dot, (any_real, any_real),
    case((), ()), case((), (2, 3)), case((3,), ()), case((3,), (3,)), case((2, 3), (3,)),
    case((3,), (3, 2)), case((2, 3), (3, 4)), case((2, 2, 3), (3,)), case((3,), (2, 3, 4)),
    case((2, 2, 3), (4, 3, 2)), case((2, 3), (4, 3, 2)), case((2, 2, 3), (3, 4)), case((0,), (0,)),
    case((2, 0), (0, 3)), case((2, 3), 2.0), case(2, (3,)),
    *(mixed_case(kinds, *shapes) for kinds in MIXED for shapes in [((3,), ()), ((3,), (3,)), ((2, 2, 3), (4, 3, 2))]))
row(np.inner, (any_real, any_real),
    case((3,), (3,)), case((2, 3), (3,)), case((3,), (4, 3)), case((2, 3), (4, 3)),
    case((2, 1, 3), (4, 2, 3)), case((), (3,)), case((2, 3), ()), case((), ()), case((0,), (0,)),
    case((2, 3), 2.0),
    *(mixed_case(kinds, *shapes) for kinds in MIXED for shapes in [((2, 3), (4, 3)), ((), (3,))]))
row(np.vdot, (any_real, any_real),
    case((3,), (3,)), case((2, 3), (2, 3)), case((2, 3), (6,)), case((), ()), case((0,), (0,)),
    *(mixed_case(kinds, (2, 3), (6,)) for kinds in MIXED))
row(np.outer, (any_real, any_real),
    case((3,), (2,)), case((2, 2), (3,)), case((), (3,)), case((0,), (2,)), case((2,), (0,)),
    case((), ()),
    *(mixed_case(kinds, (3,), (2,)) for kinds in MIXED))
row(np.vecdot, (any_real, any_real),
    case((3,), (3,)), case((2, 3), (2, 3)), case((2, 3), (3,)), case((4, 1, 3), (2, 3)),
    case((2, 3), (2, 3), axis=0), case((2, 4, 3), (2, 4, 3), axis=1), case((1, 3), (4, 3)),
    case((0,), (0,)), case((2, 1, 3), (1, 5, 3), axis=-1),
    *(mixed_case(kinds, *shapes) for kinds in MIXED for shapes in [((3,), (3,)), ((4, 1, 3), (2, 3))]), complex_case((2, 3), (2, 3), axis=0), lacks="single")
row(np.linalg.vecdot, (any_real, any_real),
    case((3,), (3,)), case((2, 3), (3,)), case((4, 1, 3), (2, 3)), case((2, 3), (2, 3), axis=0),
    case((0,), (0,)),
    *(mixed_case(kinds, (2, 3), (3,)) for kinds in MIXED), lacks="single")
row(np.matvec, (any_real, any_real),
    case((2, 3), (3,)), case((4, 2, 3), (3,)), case((2, 3), (4, 3)), case((4, 1, 2, 3), (5, 3)),
    case((2, 0), (0,)), case((0, 2, 3), (3,)),
    *(mixed_case(kinds, *shapes) for kinds in MIXED for shapes in [((2, 3), (3,)), ((4, 1, 2, 3), (5, 3))]), lacks="single")
row(np.vecmat, (any_real, any_real),
    case((2,), (2, 3)), case((4, 2), (2, 3)), case((2,), (4, 2, 3)), case((5, 2), (4, 1, 2, 3)),
    case((0,), (0, 3)), case((0, 2), (2, 3)),
    *(mixed_case(kinds, *shapes) for kinds in MIXED for shapes in [((2,), (2, 3)), ((5, 2), (4, 1, 2, 3))]), lacks="single")
row(np.tensordot, (any_real, any_real),
    case((2, 3), (3, 2), axes=1), case((2, 3), (2, 3)), case((2, 3), (4,), axes=0),
    case((2, 3, 4), (3, 4, 2)), case((2, 3, 4), (4, 3, 2), axes=([1, 2], [1, 0])),
    case((2, 3, 4), (5, 4, 2), axes=((2, 0), (1, 2))),
    case((2, 3, 4), (5, 4, 2), axes=((-1, 0), (-2, 2))), case((2, 3), (3, 4), axes=(1, 0)),
    case((3, 2, 3), (3, 3), axes=([2, 0], [0, 1])), case((), (), axes=0), case((), (3,), axes=0),
    case((3,), (3,), axes=1), case((2, 0), (0, 3), axes=1), case((2, 3), (4, 5), axes=([], [])),
    *(mixed_case(kinds, (2, 3, 4), (5, 4, 2), axes=((2, 0), (1, 2))) for kinds in MIXED))
row(np.einsum, any_real,
    case((2, 3), (3, 4), subscripts="ij,jk->ik"), case((2, 3), (3, 4), subscripts="ij,jk"),
    case((2, 3), subscripts="ji"), case((3, 3), subscripts="ii->"),
    case((3, 3), subscripts="ii->i"), case((3, 3), subscripts="ii"),
    case((2, 3), subscripts="ij->j"), case((2, 3), subscripts="ij->"),
    case((2, 3), (4, 5), subscripts="ij,kl->jk"), case((2,), (1,), subscripts="i,i"),
    case((2,), (1,), subscripts="i,i->i"), case((2, 2), (1, 3), subscripts="ii,ij->j"),
    case((4, 2, 3), (4, 3, 5), subscripts="...ij,...jk"),
    case((4, 2, 3), (3, 5), subscripts="...ij,...jk->...ik"),
    case((1, 2, 3), (4, 3, 2), subscripts="...ij,...jk->..."), case((2, 3), subscripts="...->..."),
    case((2, 3), (3, 4), (4, 2), subscripts="ij,jk,ki->"),
    case((2, 3), (3, 4), (4, 2), subscripts="ij,jk,kl->il", optimize=True),
    case((3, 2, 3, 2), subscripts="ijij->ij"), case((3, 3, 3), subscripts="iii->i"),
    case((), (3,), subscripts=",i->i"), case((0, 3), (3, 2), subscripts="ij,jk->ik"),
    case((3, 0), subscripts="ij->i"),
    case((2, 3), (2, 3), subscripts=" i j , i j -> i ", optimize="greedy"),
    case((2, 3, 4), subscripts="i...k->..."), case((1, 2), subscripts="ij->j"),
    *(mixed_case(kinds, (3, 3), (3, 4), subscripts="ii,ij->j") for kinds in MIXED), complex_case((2, 3), subscripts="ij->"))
row(np.diagonal, any_real,
    case((3, 3)), case((2, 4)), case((3, 4), offset=1), case((3, 4), offset=-2),
    case((2, 3, 4), axis1=0, axis2=2), case((2, 3, 4), offset=1, axis1=-1, axis2=1),
    case((2, 3), offset=7), case((0, 3)), lacks="single")
row(np.trace, any_real,
    case((3, 3)), case((2, 4)), case((3, 4), offset=1), case((3, 4), offset=-2),
    case((2, 3, 4), axis1=0, axis2=2), case((2, 3, 4), offset=1, axis1=-1, axis2=1),
    case((2, 3), offset=7), case((3, 3), dtype=np.float64), lacks="single")
row(np.linalg.norm, nonzero,
    case((4,)), case((2, 3)), case((2, 3, 2)), case((2, 3), axis=1),
    case((2, 3), axis=0, keepdims=True), case((2, 3, 2), axis=(0, 2)), case((2, 3), ord="fro"),
    case((2, 3, 2), ord="fro", axis=(-1, 0), keepdims=True), case((2, 3), keepdims=True),
    *(case((2, 3), ord=ord_, axis=-1) for ord_ in (1, 2, 3, 2.5, 0, -1, -2)), case((4,), ord=3),
    case((4,), ord=1, keepdims=True),
    *(case((3, 3), ord=ord_) for ord_ in ("nuc", 1, -1, 2, -2, np.inf, -np.inf)), case((2, 3), ord="nuc"),
    case((2, 3, 2), ord="nuc", axis=(2, 0)), case((2, 4, 3), ord=2, axis=(0, -1), keepdims=True),
    case((2, 3, 2), ord=1, axis=(2, 0)), case((2, 3, 2), ord=-np.inf, axis=(2, 0), keepdims=True),
    *(complex_case((2, 3), ord=ord_) for ord_ in (None, "fro", "nuc", 1, 2, -2, np.inf)),
    *(complex_case((2, 3), ord=ord_, axis=1) for ord_ in (None, 0, 1, 2, 3, -1, np.inf, -np.inf)), lacks="single")
# fmt: on

# ---------------------------------------------------------------- constants: flat almost everywhere
# fmt: off
for function in (np.floor, np.ceil, np.rint, np.trunc, np.spacing):
    flat_op(function, *UNARY, domain=signed(between(1.1, 1.4)))
for function in (np.round, np.around):
    flat_op(function, *UNARY, case((2, 3), decimals=1), domain=lattice(0.02))
flat_op(np.floor_divide, *BINARY, domain=nonzero)
for function in (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or, np.logical_xor, np.isclose):
    flat_op(function, *BINARY)
for function in (np.logical_not, np.isfinite, np.isinf, np.isnan, np.signbit, np.isposinf, np.isneginf, np.isreal, np.iscomplex):
    flat_op(function, *UNARY)
for function in (np.allclose, np.array_equal, np.array_equiv):
    flat_op(function, case((2, 3), (2, 3)), case((), ()))
for function in (np.argmax, np.argmin):
    flat_op(function, case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1, keepdims=True), case(()))
for function in (np.nanargmax, np.nanargmin):
    flat_op(function, case((2, 3)), case((2, 3), axis=0))
for function in (np.all, np.any, np.count_nonzero):
    flat_op(function, case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=(0, 1)), case((0,)))
for function in (np.argwhere, np.nonzero, np.flatnonzero, np.shape, np.ndim, np.iscomplexobj, np.isrealobj):
    flat_op(function, case((2, 3)), case((4,)))
flat_op(np.size,         case((2, 3)), case((2, 3), axis=1))
flat_op(np.argsort,      case((2, 3)), case((2, 3), axis=0), case((5,), kind="stable"))
flat_op(np.argpartition, case((5,), kth=2))
flat_op(np.searchsorted, case(np.arange(4.0), (3,)), case(np.arange(4.0), (), side="right"))
flat_op(np.digitize,     case((3,), np.arange(4.0)), case((2, 2), np.arange(4.0), right=True))
flat_op(np.einsum_path,  case("ij,jk", (2, 3), (3, 4)))
flat_op(np.isin,         case((2, 3), np.arange(4.0)), case((2, 3), np.arange(4.0), invert=True))
for function in (np.zeros_like, np.ones_like):
    flat_op(function, case((2, 3)), case((), dtype=np.float32), case((2, 0)), case((2,), shape=(3, 3)))
flat_op(filled_like,     case((2, 3), 7.0), case((2, 3), 1, dtype=int), reference=np.full_like)
LIKE = mg.Tensor(np.ones((2, 3)))
row(np.full_like, any_real, case(LIKE, ()), case(LIKE, (3,)), case(LIKE, (), shape=(2, 2)),
    reference=lambda like, fill, **options: np.full_like(np.ones((2, 3)), fill, **options), lacks="empty")
flat_op(np.empty_like,   case((2, 0)), case((0,), dtype=int))
flat_op(np.result_type,  case((2, 3), np.float32), case((), (2,)))
flat_op(np.can_cast,     case((2, 3), np.float32))
flat_op(np.min_scalar_type, case(()))
flat_op(np.common_type,  case((2, 3), (3,)))
for function in (np.may_share_memory, np.shares_memory):
    flat_op(function, case((2, 3), (2, 3)))

INTEGERS: tuple[Domain, ...] = (lambda rng, shape: rng.integers(1, 9, shape),) * 2
for function in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift, np.gcd, np.lcm):
    row(function, INTEGERS, *BINARY, order=0)
for function in (np.bitwise_count, np.invert):
    row(function, INTEGERS, *UNARY, order=0)
# fmt: on
