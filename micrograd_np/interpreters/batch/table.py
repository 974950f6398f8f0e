"""The table of batch rules: which rule batches which op."""

from operator import attrgetter
from typing import Any

import numpy as np

from micrograd_np.core.op import EXPRESSIONS, OPS, Op, Options
from micrograd_np.core.record import evaluate
from micrograd_np.interpreters.batch import (
    contractions as products,
)
from micrograd_np.interpreters.batch import (
    keyed as indexing,
)
from micrograd_np.interpreters.batch import rules
from micrograd_np.interpreters.batch import (
    sliding as windows,
)
from micrograd_np.interpreters.batch.calls import Call, Rule, example, one_by_one
from micrograd_np.interpreters.batch.keys import each_among
from micrograd_np.interpreters.masked import taken
from micrograd_np.ops.composed.padding import pad
from micrograd_np.ops.composed.vector_products import cross
from micrograd_np.ops.derivatives.accumulation import UFUNCS
from micrograd_np.ops.derivatives.activations import log_softmax, logsumexp, softmax
from micrograd_np.ops.derivatives.convolution import (
    convolve_to_input,
    convolve_to_weight,
    convolve_windows,
)
from micrograd_np.ops.derivatives.indexing import getitem, index_update, scatter
from micrograd_np.ops.derivatives.linalg.decompositions import qr
from micrograd_np.ops.derivatives.linalg.determinants import cofactors
from micrograd_np.ops.derivatives.linalg.singular_values import svd
from micrograd_np.ops.derivatives.linalg.solving import from_lower
from micrograd_np.ops.derivatives.pooling import (
    add_windows,
    max_windows,
    mean_of_maxima,
    share_among_maxima,
    sum_windows,
)
from micrograd_np.ops.derivatives.shaping import astype
from micrograd_np.ops.derivatives.signal import overlap_add


def apply_to_batch(
    op: Op, inputs: list[Any], mapped: list[bool], options: Options, size: int
) -> tuple[Any, bool]:
    """The result of an op, and whether the result differs between examples."""
    own_options = bool(options) and each_among(options)
    nested = any(each_among(x) for x in inputs if type(x) in (list, tuple))
    if not (any(mapped) or own_options or nested):
        return evaluate(op, inputs, options), False
    call = Call(op, inputs, mapped, options, size)
    if op.function in OF_SHAPES:
        examples = [example(call, i) for i in range(len(inputs))]
        return evaluate(op, examples, options), False
    rule = KEYED.get(op.function) or (one_by_one if own_options else rule_of(op))
    return (one_by_one if nested else rule)(call), True


def rule_of(op: Op) -> Rule:
    """The rule declared for an op, or the rule that follows from its form."""
    if op.function in RULES:
        return RULES[op.function]
    ufunc = isinstance(op.function, np.ufunc) and op.function.signature is None
    return rules.entry_by_entry if ufunc or op.kind == "elementwise" else one_by_one


# ---------------------------------------------------------------- the table


def table(rows: dict[Rule, str]) -> dict[Any, Rule]:
    """A dictionary from functions to rules, the functions given by their names in NumPy."""
    found = {}
    for rule, names in rows.items():
        for name in names.split():
            function = attrgetter(name)(np)
            if function not in EXPRESSIONS:  # an expression calls other ops, on a batch too
                found[OPS[function].function] = rule
    return found


RULES: dict[Any, Rule] = table(
    {
        rules.entry_by_entry: """
            where clip round around isclose real imag angle nan_to_num isposinf isneginf isreal
            iscomplex
        """,
        rules.along_all: """
            sum mean prod max min var std nanmean nanmax nanmin nanvar nanstd all any count_nonzero
            flip
        """,
        rules.along_flat: """
            argmax argmin nanargmax nanargmin cumsum cumprod repeat linalg.vector_norm
        """,
        rules.along(axis=-1): """
            sort argsort partition argpartition unwrap fft.fft fft.ifft fft.rfft fft.irfft fft.hfft
            fft.ihfft
        """,
        rules.along(axis=0): "split array_split unstack",
        rules.along(axis1=0, axis2=1): "diagonal trace swapaxes",
        rules.unchanged: """
            copy conjugate matrix_transpose linalg.inv linalg.det linalg.slogdet linalg.cholesky
            linalg.eigh linalg.eigvalsh linalg.eig linalg.svdvals linalg.pinv
        """,
        rules.roll: "roll",
        rules.shift: "fft.fftshift fft.ifftshift",
        rules.norm: "linalg.norm",
        rules.reshape: "reshape ravel",
        rules.transpose: "transpose",
        rules.move_axes: "moveaxis",
        rules.expand_dims: "expand_dims",
        rules.squeeze: "squeeze",
        rules.broadcast_to: "broadcast_to",
        rules.tile: "tile",
        rules.of_matrices: "tril triu",
        rules.join: "concatenate",
        rules.stack: "stack",
        products.matmul: "matmul",
        products.tensordot: "tensordot",
        products.dot: "dot",
        products.inner: "inner",
        products.outer: "outer linalg.outer",
        products.generalized: "matvec vecmat vecdot linalg.vecdot",
        products.vdot: "vdot",
        products.einsum: "einsum",
        products.solve: "linalg.solve",
    }
)
RULES |= {
    astype: rules.unchanged,
    taken: rules.entry_by_entry,
    svd: rules.unchanged,
    qr: rules.unchanged,
    cofactors: rules.all_mapped,
    from_lower: rules.unchanged,
    pad: rules.pad,
    cross: rules.entry_by_entry,
    logsumexp: rules.along_all,
    softmax: rules.along(axis=-1),
    log_softmax: rules.along(axis=-1),
    np.lib.stride_tricks.sliding_window_view: windows.slide,
    overlap_add: rules.along(axis=()),
    convolve_windows: windows.convolve,
    convolve_to_input: windows.convolve,
    convolve_to_weight: windows.convolve_to_weight,
    sum_windows: rules.all_mapped,
    add_windows: rules.all_mapped,
    max_windows: rules.all_mapped,
    share_among_maxima: rules.all_mapped,
    mean_of_maxima: rules.all_mapped,
}

# Ops whose options may differ from example to example: indices.
KEYED: dict[Any, Rule] = {
    getitem: indexing.read,
    scatter: indexing.scattered,
    index_update: indexing.updated,
    **dict.fromkeys(UFUNCS, indexing.updated),
    np.take: indexing.take,
    np.take_along_axis: indexing.take_along_axis,
}

# Ops that depend only on the shape and the dtype of an example: their results are no batches.
OF_SHAPES = frozenset(
    table(
        {
            rules.unchanged: """
                shape ndim size iscomplexobj isrealobj result_type can_cast min_scalar_type
                common_type may_share_memory shares_memory zeros_like ones_like full_like empty_like
            """
        }
    )
)
