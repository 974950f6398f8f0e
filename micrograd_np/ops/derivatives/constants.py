"""Constant ops: flat almost everywhere, or with a result that is no real array.

A floating-point result (`np.floor`) is recorded, with gradient zero; an integer or boolean one
(`np.argmax`, comparisons) is a plain constant. What only copies a shape (`np.zeros_like`) is a
constant too.
"""

from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import constant
from micrograd_np.core.op import Array


@dispatching
def filled_like(a: Array, fill_value: Any, **options: Any) -> Array:
    """`np.full_like` with a constant; the options are NumPy's."""
    return np.full_like(a, fill_value, **options)


# fmt: off
constant(np.floor, np.ceil, np.rint, np.trunc, np.round, np.around,
         np.floor_divide, np.spacing)

constant(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
         np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
         np.isfinite, np.isinf, np.isnan, np.signbit, np.isposinf, np.isneginf,
         np.isreal, np.iscomplex)

constant(np.isclose, np.allclose, np.array_equal, np.array_equiv, np.isin, np.searchsorted,
         np.digitize, arrays=2)

constant(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert,
         np.left_shift, np.right_shift, np.gcd, np.lcm)

constant(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition,
         np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero, np.all, np.any)

constant(np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj)
constant(np.min_scalar_type, parameters="a")
constant(np.can_cast, parameters="from_ to casting")
constant(np.may_share_memory, np.shares_memory, parameters="a b max_work", arrays=2)
constant(np.result_type, np.common_type, binder=lambda *arrays: (arrays, {}))

constant(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)
constant(np.unravel_index,     parameters="indices shape order")
constant(np.packbits,          parameters="a axis bitorder")
constant(np.unpackbits,        parameters="a axis count bitorder")
constant(np.lexsort,           parameters="keys axis", sequence=True)
constant(np.ravel_multi_index, parameters="multi_index dims mode order", sequence=True)
constant(np.array_str, np.array_repr, np.array2string)

constant(np.zeros_like, np.ones_like, filled_like, recorded=False)
constant(np.empty_like, parameters="prototype dtype order subok shape", recorded=False)
# fmt: on
