"""The table of batch rules: which rule batches which op."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import fft, linalg
from numpy.lib.stride_tricks import sliding_window_view

from micrograd_np.core.op import Op, Options
from micrograd_np.core.record import evaluate
from micrograd_np.interpreters.batch import contractions, keyed, rules
from micrograd_np.interpreters.batch.calls import Call, Rule, each_among, one_by_one
from micrograd_np.interpreters.masked import taken
from micrograd_np.ops.composed.padding import pad
from micrograd_np.ops.composed.ufunc_results import accumulated, reduced
from micrograd_np.ops.composed.vector_products import cross
from micrograd_np.ops.derivatives.accumulation import UFUNCS
from micrograd_np.ops.derivatives.activations import log_softmax, softmax
from micrograd_np.ops.derivatives.constants import filled_like
from micrograd_np.ops.derivatives.convolution import (
    convolve_to_input,
    convolve_to_weight,
    convolve_windows,
)
from micrograd_np.ops.derivatives.indexing import getitem, index_update, scatter
from micrograd_np.ops.derivatives.linalg.banded import solve_banded
from micrograd_np.ops.derivatives.linalg.decompositions import qr
from micrograd_np.ops.derivatives.linalg.determinants import cofactors
from micrograd_np.ops.derivatives.linalg.matrix_functions import expm, logm, sqrtm
from micrograd_np.ops.derivatives.linalg.singular_values import svd
from micrograd_np.ops.derivatives.linalg.solving import from_lower
from micrograd_np.ops.derivatives.linalg.triangular import (
    lu_factor,
    permutation_of,
    solve_sylvester,
    solve_triangular,
)
from micrograd_np.ops.derivatives.pooling import (
    add_windows,
    max_windows,
    mean_of_maxima,
    share_among_maxima,
    sum_windows,
)
from micrograd_np.ops.derivatives.shaping import astype
from micrograd_np.ops.derivatives.signal import overlap_add

NESTED = frozenset((list, tuple))  # inputs that are not single arrays


def apply_to_batch(
    op: Op, inputs: list[Any], mapped: list[bool], options: Options, size: int
) -> tuple[Any, bool]:
    """The result of an op, and whether the result differs between examples."""
    own_options = bool(options) and each_among(options)
    nested = not NESTED.isdisjoint(map(type, inputs)) and each_among(inputs)
    if not (any(mapped) or own_options or nested):
        return evaluate(op, inputs, options), False
    call = Call(op, inputs, mapped, options, size)
    if op.function in OF_SHAPES:
        return evaluate(op, call.examples(), options), False
    rule = KEYED.get(op.function) or (one_by_one if own_options else rule_of(op))
    return (one_by_one if nested else rule)(call), True


def rule_of(op: Op) -> Rule:
    """The rule declared for an op, or the rule that follows from its form."""
    if op.function in RULES:
        return RULES[op.function]
    if op.kind == "reduction":
        return rules.over_axes
    ufunc = isinstance(op.function, np.ufunc) and op.function.signature is None
    return rules.entry_by_entry if ufunc or op.kind == "elementwise" else one_by_one


# ---------------------------------------------------------------- the table


def by_function(rows: dict[Rule, Sequence[Callable[..., Any]]]) -> dict[Callable[..., Any], Rule]:
    """The rows, a rule with its functions, as a dictionary from functions to rules."""
    return {function: rule for rule, functions in rows.items() for function in functions}


# fmt: off
RULES = by_function({
    rules.entry_by_entry: [
        np.where, np.clip, np.round, np.around, np.isclose, np.real, np.imag, np.angle,
        np.nan_to_num, np.isposinf, np.isneginf, np.isreal, np.iscomplex, taken, cross,
    ],
    rules.over_axes: [
        np.sum, np.mean, np.all, np.any, np.count_nonzero, np.flip, sliding_window_view,
    ],
    rules.over_flattened: [
        np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.cumsum, np.cumprod, np.repeat,
    ],
    rules.with_axes(axis=-1): [
        np.sort, np.argsort, np.partition, np.argpartition, np.unwrap, softmax, log_softmax,
        fft.fft, fft.ifft, fft.rfft, fft.irfft, fft.hfft, fft.ihfft,
    ],
    rules.with_axes(axis=0):           [np.split, np.array_split, np.unstack, accumulated, reduced],
    rules.with_axes(axis=()):          [overlap_add],
    rules.with_axes(axis1=0, axis2=1): [np.diagonal, np.trace, np.swapaxes],
    rules.with_axes(axes=None):        [fft.fftshift, fft.ifftshift],
    rules.with_axes(source=(), destination=()): [np.moveaxis],
    rules.unchanged: [
        np.copy, np.conjugate, np.matrix_transpose, astype, from_lower, svd, qr,
        linalg.inv, linalg.pinv, linalg.det, linalg.slogdet, linalg.cholesky, linalg.svdvals,
        linalg.eigh, linalg.eigvalsh, linalg.eig, expm, logm, sqrtm, lu_factor, permutation_of,
    ],
    rules.stacks: [solve_triangular, solve_banded, solve_sylvester],
    rules.all_mapped: [
        cofactors, sum_windows, add_windows, max_windows, share_among_maxima, mean_of_maxima,
    ],
    rules.of_matrices:              [np.tril, np.triu],
    rules.roll:                     [np.roll],
    rules.norm:                     [linalg.norm],
    rules.reshape:                  [np.reshape, np.ravel],
    rules.permute:                  [np.transpose],
    rules.expand_dims:              [np.expand_dims],
    rules.squeeze:                  [np.squeeze],
    rules.broadcast_to:             [np.broadcast_to],
    rules.tile:                     [np.tile],
    rules.pad_examples:             [pad],
    rules.join:                     [np.concatenate],
    rules.stack:                    [np.stack],
    contractions.matmul:            [np.matmul],
    contractions.tensordot:         [np.tensordot],
    contractions.dot_or_inner:      [np.dot, np.inner],
    contractions.outer:             [np.outer, linalg.outer],
    contractions.of_cores:          [np.matvec, np.vecmat, np.vecdot, linalg.vecdot],
    contractions.vdot:              [np.vdot],
    contractions.einsum_with_batch: [np.einsum],
    contractions.solve:             [linalg.solve],
    contractions.convolve:          [convolve_windows, convolve_to_input],
    contractions.convolve_to_weights: [convolve_to_weight],
})

# Ops whose options may differ from example to example: indices.
KEYED = by_function({
    keyed.read:                 [getitem],
    keyed.write_sums:           [scatter],
    keyed.write:                [index_update, *UFUNCS],
    keyed.take:                 [np.take],
    keyed.take_each_along_axis: [np.take_along_axis],
})

# Functions of the shape and the dtype of an example alone, whose results are no batches.
OF_SHAPES = frozenset({
    np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.can_cast, np.result_type,
    np.common_type, np.min_scalar_type, np.may_share_memory, np.shares_memory,
    np.zeros_like, np.ones_like, filled_like, np.empty_like,
})
# fmt: on
