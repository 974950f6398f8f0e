"""Rows of the op tests: functions of complex numbers, and cases with them for ops of real ones."""

import numpy as np

import micrograd_np as mg
from micrograd_np.ops.derivatives.elementwise import sigmoid_slope
from micrograd_np.ops.derivatives.indexing import getitem, scatter
from optable import numpy_rows
from optable.table import (
    COMPLEX_BINARY,
    COMPLEX_UNARY,
    UNARY,
    also,
    case,
    complex_case,
    mixed_case,
    nonzero,
    row,
)

# fmt: off
# ---------------------------------------------------------------- functions of complex numbers

row(np.sign,          nonzero, *UNARY, *COMPLEX_UNARY)
row(np.angle,         nonzero, *UNARY, *COMPLEX_UNARY, complex_case((3,), deg=True), case((3,), deg=True))
row(np.real_if_close, nonzero, *UNARY, *COMPLEX_UNARY, complex_case((3,), tol=0.5), complex_case((2,), tol=1e17))

# ---------------------------------------------------------------- elementwise

for function in (
    np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power,
    np.maximum, np.minimum, np.fmax, np.fmin,  # by real part, then by imaginary part
):
    also(function, *COMPLEX_BINARY)
for function in (
    np.positive, np.negative, np.conjugate, np.real, np.imag, np.absolute, np.reciprocal, np.square,
    np.sqrt, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan,
    np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh,
):
    also(function, *COMPLEX_UNARY)
also(np.clip, complex_case((3, 4), (3, 4), (3, 4)), mixed_case("cff", (2, 3), (), (3,)), complex_case((4,), (4,), None))

# ---------------------------------------------------------------- reductions

AXES = ({}, {"axis": 0}, {"axis": (1, 0)}, {"axis": 1, "keepdims": True})
for function in (np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std):
    also(function, *(complex_case((2, 3), **options) for options in AXES))
also(np.sum, complex_case((2, 3), where=numpy_rows.MASK), case((2, 3), axis=0, dtype=np.complex128))
also(np.var, complex_case((4,), ddof=1))
also(np.std, complex_case((4,), ddof=1))
for function in (np.cumsum, np.cumprod):
    also(function, complex_case((2, 3)), complex_case((2, 3), axis=1))

# ---------------------------------------------------------------- shaping, indexing, joining

also(np.copy,          complex_case((2, 3)))
also(np.reshape,       complex_case((2, 3), shape=(3, 2)))
also(np.transpose,     complex_case((2, 3)))
also(np.broadcast_to,  complex_case((3,), shape=(2, 3)))
also(np.roll,          complex_case((4,), shift=1))
also(np.tile,          complex_case((3,), reps=2))
also(np.repeat,        complex_case((3,), repeats=2))
also(np.pad,           complex_case((3,), pad_width=2), complex_case((3,), pad_width=2, mode="reflect"))
also(np.where,         mixed_case("fcc", numpy_rows.MASK, (2, 3), (3,)), mixed_case("ffc", numpy_rows.MASK, (2, 3), ()))
also(np.concatenate,   complex_case((2, 3), (1, 3)), mixed_case("cf", (2,), (3,)))
also(np.stack,         complex_case((3,), (3,)), mixed_case("fc", (3,), (3,)))
also(np.split,         complex_case((4,), indices_or_sections=2))
also(getitem,          complex_case((3, 4), key=(0, [1, 1, 2])))
also(scatter,          complex_case((2,), key=[0, 0], shape=(3,)))
also(mg.index_add,     complex_case((3,), (2,), key=[0, 0]), mixed_case("cf", (3,), (2,), key=[0, 0]))
also(mg.index_multiply, complex_case((3,), (3,), key=[0, 0, 1]), mixed_case("cf", (3,), (2,), key=[0, 0]))
also(mg.index_update,  complex_case((3, 4), (4,), key=1), mixed_case("cf", (3,), (), key=0))
also(np.take,          complex_case((3, 4), [0, 0, 2], axis=1))

# ---------------------------------------------------------------- products

PRODUCTS = (((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)))
for function in (np.matmul, np.dot):
    also(function, *(mixed_case(kinds, *shapes) for kinds in ("cc", "cf", "fc") for shapes in PRODUCTS))
also(np.outer,     complex_case((3,), (2,)), mixed_case("cf", (3,), (2,)))
also(np.inner,     complex_case((3,), (3,)), mixed_case("fc", (2, 3), (3,)))
also(np.tensordot, complex_case((2, 3), (3, 2), axes=1))
also(np.einsum,    complex_case((2, 3), (3, 4), subscripts="ij,jk->ik"), mixed_case("cf", (3, 3), (3,), subscripts="ii,i->i"))
also(np.trace,     complex_case((3, 3)))

# ---------------------------------------------------------------- activations

for function in (sigmoid_slope, mg.sigmoid):
    also(function, *COMPLEX_UNARY)
for function in (mg.logsumexp, mg.softmax, mg.log_softmax):
    also(function, complex_case((2, 3), axis=1), complex_case((3,)))
# fmt: on
