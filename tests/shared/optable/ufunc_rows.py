"""Rows of the op tests: the methods of ufuncs, which take the ufunc first."""

from typing import Any

import numpy as np

from micrograd_np.ops.composed.ufunc_results import accumulated, reduced
from optable.table import Array, any_real, case, distinct, row

MASK = np.array([[True, False, True], [False, True, True]])
SPREAD = (np.logaddexp, np.fmax, np.subtract, np.arctan2)


def by_method(name: str) -> Any:
    def method(x: Array, ufunc: Any, **options: Any) -> Any:
        return getattr(ufunc, name)(x, **options)

    return method


# fmt: off
row(accumulated, distinct,
    *(case((4,), ufunc=ufunc) for ufunc in (*SPREAD, np.maximum, np.minimum, np.fmin)),
    case((3, 2), ufunc=np.logaddexp2), case((2, 3), ufunc=np.maximum, axis=-1), case((0, 2), ufunc=np.maximum),
    case((2, 0), ufunc=np.maximum, axis=1), case((1,), ufunc=np.logaddexp),
    reference=by_method("accumulate"), lacks="single")
row(reduced, distinct,
    *(case((4,), ufunc=ufunc) for ufunc in (np.logaddexp, np.logaddexp2, np.fmax, np.fmin, np.hypot)),
    case((2, 3), ufunc=np.logaddexp, axis=1), case((2, 3), ufunc=np.fmax, axis=0, keepdims=True),
    case((2, 3), ufunc=np.logaddexp, axis=None), case((2, 3), ufunc=np.logaddexp, axis=1, where=MASK),
    case((2, 3), ufunc=np.fmin, axis=(0, 1), initial=5.0), case((0, 3), ufunc=np.logaddexp2, axis=1),
    reference=by_method("reduce"), lacks="single")
row(np.ufunc.accumulate, any_real,
    case(np.logaddexp, (3, 2)), case(np.multiply, (4,)), case(np.subtract, (2, 3), axis=-1), case(np.multiply, (0, 3)), lacks="single")
row(np.ufunc.reduce, any_real,
    case(np.logaddexp, (3, 2)), case(np.subtract, (2, 3), axis=-1, keepdims=True), case(np.multiply, (4,)),
    case(np.fmax, (2, 3), axis=None), case(np.hypot, (4,)), case(np.multiply, (0, 3)), lacks="single")
row(np.ufunc.reduceat, any_real,
    case(np.add, (5,), [0, 3, 1]), case(np.multiply, (5,), [1, 1, 4]), case(np.maximum, (4, 2), [0, 2]),
    case(np.minimum, (2, 4), [2, 0], axis=1), case(np.logaddexp, (5,), [0, 3]), case(np.subtract, (2, 4), [0, 2, 1], axis=-1),
    lacks="empty single")
row(np.ufunc.outer, (any_real, any_real),
    case(np.subtract, (3,), (2,)), case(np.arctan2, (2, 2), ()), case(np.multiply, (), (2,)), case(np.multiply, (0,), (2,)))
# fmt: on
