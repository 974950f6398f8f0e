"""Rows of the op tests: joining, splitting, padding, choosing, creating, and calling on parts."""

from typing import Any

import numpy as np

from micrograd_np.ops.composed.padding import pad
from optable.table import (
    UNARY,
    Array,
    any_real,
    between,
    case,
    complex_case,
    flat_op,
    inside_one,
    mixed_case,
    nonzero,
    positive,
    row,
)


def small_integers(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, 4, shape)


def small_bytes(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, 256, shape).astype(np.uint8)


def product_with_first(v: Any, factor: float = 1.0) -> Any:
    return v * v[0] * factor


def outer_square(v: Any) -> Any:
    return v[:, None] * v[:2]


# fmt: off
# ---------------------------------------------------------------- joining

row(np.vstack, any_real,
    case((2, 3), (3,)), case((), ()), case((3,), (3,), (3,)), case((0, 2), (2,)), case((2, 3, 2), (1, 3, 2)),
    case((2, 3), (3,), dtype=np.float64, casting="unsafe"), mixed_case("cf", (2, 3), (3,)), spread=False)
row(np.hstack, any_real,
    case((2,), (3,)), case((), ()), case((2, 3), (2, 1)), case((0,), (2,)), case((), (3,)),
    case((2,), (3,), dtype=np.float64), spread=False)
row(np.dstack, any_real,
    case((2, 3), (2, 3)), case((), ()), case((3,), (3,)), case((2, 3, 1), (2, 3)), case((2, 0), (2, 0)), spread=False)
row(np.column_stack, any_real,
    case((3,), (3,)), case((3, 2), (3,)), case((), ()), case((0,), (0, 2)), case((2, 3, 1), (2, 1, 1)), spread=False)
row(np.append, (any_real, any_real),
    case((2, 3), (3,)), case((), ()), case((2, 3), (1, 3), axis=0), case((0,), (2,)), case((2, 3), 1.0), case((), [1.0, 2.0]),
    case((2, 3), (2, 1), axis=-1))
row(np.block, any_real,
    case((2, 3), (2, 1)), case((), (3,)), case((3,), (3,), (2,)), case((2, 0), (2, 3)), case((2, 2, 3), (2, 2, 1)), spread=False)

# ---------------------------------------------------------------- splitting

row(np.unstack, any_real,
    case((2, 3)), case((2, 3), axis=1), case((2, 3, 2), axis=-1), case((3,)), case((2, 0)), lacks="single")
row(np.hsplit, any_real,
    case((4,), 2), case((2, 4), [3, 1]), case((2, 4, 3), 2), case((0,), 2))
row(np.vsplit, any_real,
    case((4, 2), 2), case((4, 2), [1, 3]), case((2, 0), 2))
row(np.dsplit, any_real,
    case((1, 2, 4), 2), case((1, 2, 4), [3]), case((1, 0, 2), 2))

# ---------------------------------------------------------------- padding

COPYING = ("edge", "reflect", "symmetric", "wrap")
row(pad, any_real,
    case((2, 3), pad_width=1), case((2, 3), pad_width=(1, 2)),
    case((2, 3), pad_width=((1, 0), (0, 2))), case((2, 3), pad_width=((0, 0), (1, 2))),
    case((2, 3), pad_width=((0, 0), (2, 2))), case((2, 3), pad_width=np.array([[1, 0], [2, 1]])),
    case((2, 3), pad_width=((2,), (1,))), case((2, 3), pad_width=1, constant_values=5.0),
    case((2, 3), pad_width=1, constant_values=((1, 2), (3, 4))), case((3,), pad_width=[2, 1]),
    case((0,), pad_width=1), case((2, 3), pad_width=0), complex_case((2, 3), pad_width=1),
    *(case((3, 4), pad_width=((2, 1), (0, 3)), mode=mode) for mode in COPYING),
    *(case((3, 2), pad_width=((5, 4), (0, 0)), mode=mode) for mode in COPYING),
    case((1, 1), pad_width=2, mode="reflect"),
    reference=np.pad, lacks="single")

# ---------------------------------------------------------------- more axes, other orders

row(np.atleast_1d,  any_real, *UNARY, case((3,)), case((2,), ()))
row(np.atleast_2d,  any_real, *UNARY, case((3,)), case((2,), ()))
row(np.atleast_3d,  any_real, *UNARY, case((3,)), case((2,), (1, 2)))
row(np.rollaxis, any_real,
    case((2, 3, 4), 2), case((2, 3, 4), 0, 3), case((2, 3, 4), -1, 1), case((2, 3, 4), 1, -1), case((0, 2), 1))
row(np.rot90, any_real,
    *(case((2, 3), k=k) for k in (0, 1, 2, 3, -1)), case((2, 3, 4), k=1, axes=(0, -1)), case((2, 3, 4), axes=(2, 1)),
    case((0, 2)), lacks="single")
row(np.fliplr,      any_real, case((2, 3)), case((2, 3, 2)), case((0, 2)), lacks="single")
row(np.flipud,      any_real, case((2, 3)), case((3,)), case((0, 2)), lacks="single")
row(np.resize, any_real,
    case((2, 3), new_shape=(4, 3)), case((2, 3), new_shape=4), case((), new_shape=(2, 2)), case((2,), new_shape=(0,)),
    case((0,), new_shape=(2,)), case((2, 3), new_shape=(3, 2)))
for function in (np.tril, np.triu):
    row(function, any_real,
        case((3, 3)), case((2, 4), k=1), case((4, 2), k=-1), case((2, 3, 3), k=5), case((3,)), case((0, 3)),
        complex_case((3, 3)), lacks="single")
row(np.diag, any_real,
    case((3,)), case((3,), k=1), case((3,), k=-2), case((3, 3)), case((2, 4), k=1), case((4, 2), k=-1), case((2, 2), k=7),
    case((0,)), complex_case((2, 3)), lacks="single")
row(np.diagflat,    any_real, case((3,)), case((2, 2), k=1), case(()), case((0,)), case((2,), k=-1))
row(np.astype,      any_real, case((2, 3), np.dtype(float)), case((), np.dtype(float)), case((0,), np.dtype(float)))

# ---------------------------------------------------------------- choosing

FIRST, SECOND = np.array([True, False, False]), np.array([[True, True, False], [False, False, False]])
HALF = np.array([[True, False, True], [False, True, True]])
row(np.select, any_real,
    case((3,), (2, 3), condlist=[FIRST, SECOND]), case((), (), condlist=[FIRST, SECOND]),
    case((2, 3), 2.0, condlist=[FIRST, SECOND], default=5.0), case((2, 1), condlist=[SECOND]),
    case((0,), condlist=[np.zeros(0, bool)]))
row(np.choose, any_real,
    case((3,), (2, 3), a=[0, 1, 1]), case((), (3,), a=[[0], [1]]), case((2, 1), 2.0, a=np.array([0, 1, 1])),
    case((1, 1), (), a=1), case((3,), (3,), a=[-1, 5, 2], mode="wrap"), case((3,), (3,), a=[-1, 5, 1], mode="clip"),
    case((0,), (0,), a=0))
row(np.compress, (any_real, any_real),
    case([True, False, True], (2, 3)), case([1, 0, 1], (2, 3), axis=-1), case(np.array([False, True]), (2, 3), axis=0),
    case([True], ()), case([], (0,)), case([False, False], (3,)))
row(np.extract, (any_real, any_real),
    case(HALF, (2, 3)), case([1, 0, 1], (3,)), case(True, ()), case(np.zeros(0, bool), (0,)))
row(np.delete, any_real,
    *(case((4, 3), obj) for obj in (1, [0, 0, 5], slice(None, None, 2), np.array([], int))),
    *(case((4, 3), obj, axis) for obj in (-1, [0, 2], np.array([True, False, True])) for axis in (1, -1)),
    case((0,), []), case((), 0))
row(np.insert, (any_real, any_real, any_real),
    case((3,), 1, ()), case((3,), [0, 2], (2,)), case((3,), [2, 0, 0], (3,)), case((2, 3), 1, (3,), axis=0),
    case((2, 3), -1, (2,), axis=1),
    case((2, 3), [1], (2, 2), axis=1), case((2, 3), [0, 3], (2, 2), axis=1), case((2, 3), slice(0, 2), (2,), axis=1),
    case((2, 3), np.array([True, False, True]), (1, 2), axis=-1), case((2, 3), 4, (2,)), case((2, 3), [1, 2], 5.0),
    case((0,), 0, ()), case((), 0, ()), case((3,), [0, 1], (1, 2)))
row(np.trim_zeros, nonzero,
    case((3,)), case((2, 3)), case((2, 3), axis=0), case(()), case((0,)), case((3,), trim="f"))
row(np.ix_, any_real, case((3,), (2,)), case((3,)), case((2,), (1,), (3,)),
    lacks="single empty")

# ---------------------------------------------------------------- creation

row(np.linspace, (any_real, any_real),
    case((), ()), case((3,), (), num=4), case((2, 1), (3,), num=3, axis=-1), case((), 2.0, num=5, endpoint=False), case(1, ()),
    case((3,), (3,), num=1), case((), (), num=0), case((0,), (), num=3), case((2,), (2,), num=4, axis=1, dtype=np.float64),
    mixed_case("cf", (), (2,), num=3))
row(np.logspace, (any_real, any_real),
    case((), (), num=5), case((3,), (), num=4, base=2.0), case((2,), (2,), num=3, axis=-1, base=np.array([2.0, 3.0])),
    case((), 2.0, num=3, endpoint=False), case((0,), (), num=3))
row(np.geomspace, (positive, positive),
    case((), (), num=5), case((3,), (), num=4), case((2, 1), (3,), num=3, axis=-1), case(1, (), num=3),
    case((), 2.0, num=3, endpoint=False), case((0,), (), num=3))
row(np.broadcast_arrays, (any_real, any_real),
    case((2, 3), (3,)), case((), (2,)), case((2, 1), (1, 3)), case((1,), (0,)), case((3,)), case((), ()))
row(np.meshgrid, (any_real, any_real, any_real),
    case((3,), (2,)), case((3,), (2,), indexing="ij"), case((3,), (2,), sparse=True), case((3,), (2,), (4,)),
    case((), (2,)), case((0,), (2,)), case((3,)), case((2,), (3,), copy=False, indexing="ij"))

# ---------------------------------------------------------------- calling on parts

row(np.piecewise, any_real,
    case((3,), FIRST, [np.sin, np.cos]), case((2, 3), [HALF, SECOND], [np.sin, 2.0, np.cos]), case((0,), [np.zeros(0, bool)], [np.sin]),
    case((), [True, False], [np.sin, np.cos]), case((3,), [FIRST], [np.multiply, np.add], 3.0))
row(np.apply_along_axis, any_real,
    case(product_with_first, 0, (3, 2)), case(outer_square, 1, (2, 3, 2)), case(np.sum, -1, (2, 3)), case(np.cumsum, 0, (3,)),
    case(product_with_first, 0, (3, 2), 2.0), lacks="empty")
row(np.apply_over_axes, (any_real, any_real),
    case(np.sum, (2, 3, 2), [0, 2]), case(np.prod, (2, 3), 1), case(np.sum, (0, 2), [0]))

# ---------------------------------------------------------------- the extended domain

for function, domain in ((np.emath.sqrt, nonzero), (np.emath.log, nonzero), (np.emath.log2, nonzero),
                         (np.emath.log10, nonzero), (np.emath.arccos, inside_one), (np.emath.arcsin, nonzero),
                         (np.emath.arctanh, nonzero)):
    row(function, domain, *UNARY, complex_case((2, 3)))
row(np.emath.logn, (between(-3, -1.2), nonzero), case((2, 3), (3,)), case((), ()), case((0,), ()), case(2, (3,)))
row(np.emath.power, (nonzero, any_real), case((2, 3), (3,)), case((), ()), case((0,), ()), case((3,), 2), case((3,), -2))

# ---------------------------------------------------------------- constants

for function in (np.diag_indices_from, np.tril_indices_from, np.triu_indices_from):
    flat_op(function, case((3, 3)))
row(np.lexsort,           any_real, case((2, 3)), case((2, 2, 3), axis=0), order=0)
row(np.ravel_multi_index, small_integers, case((2,), (2,), dims=[4, 4]), spread=False, order=0)
row(np.unravel_index,     small_integers, case((2,), shape=[4, 4]), order=0)
row(np.packbits,          small_integers, case((9,)), case((2, 3), axis=1), order=0)
row(np.unpackbits,        small_bytes,    case((2,)), case((2, 3), axis=1, count=3), order=0)
flat_op(np.array_str,         case((2, 3)), case(()))
flat_op(np.array_repr,        case((2, 3)), case(()))
flat_op(np.array2string,      case((2, 3)), case((), precision=2))
# fmt: on
