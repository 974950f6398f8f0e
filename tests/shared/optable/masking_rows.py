"""Rows of the op tests: choosing with masked cotangents."""

import numpy as np

from micrograd_np.interpreters.masked import taken
from optable.table import any_real, case, mixed_case, row

MASK = np.array([[True, False, True], [False, True, True]])

row(
    taken,
    (any_real, any_real, any_real),
    case(MASK, (2, 3), (2, 3)),
    case(MASK, (3,), ()),
    case(MASK, (), (2, 1)),
    case(MASK[:, :1], (3,), (2, 3)),
    case(True, (2, 3), (3,)),
    case(MASK, 1.5, (2, 3)),
    case(np.zeros((0, 3), bool), (3,), (1, 1)),
    case(np.array(False), (0,), (1,)),
    mixed_case("fcc", MASK, (2, 3), (3,)),
    mixed_case("ffc", MASK, (2, 3), ()),
    reference=np.where,
)
