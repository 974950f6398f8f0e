"""Accumulation: `np.add.at` and its kin, which combine values with the entries at a key.

Where the key names a place several times, all values for the place are combined there. Each
function returns a copy, as `index_update` does, and is differentiable in the array and in the
values. Products are differentiated without division; equal candidates for an extremum share the
gradient evenly.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np.core.dispatch import dispatching
from micrograd_np.core.forms import linear, primitive
from micrograd_np.core.op import Array
from micrograd_np.ops.derivatives.indexing import by_inputs, getitem
from micrograd_np.ops.derivatives.reductions import attains_extremum
from micrograd_np.ops.kernels.index_keys import Key, frozen, is_basic
from micrograd_np.ops.kernels.libraries import like
from micrograd_np.ops.kernels.scatter import place_numbers, scan_runs, scatter_with


@dispatching
def index_add(x: Array, key: Key, values: Array) -> Array:
    """A copy of `x` to which `values` are added at `key`; repeated indices add up.

    The functional form of `np.add.at(x, key, values)`, differentiable in `x` and `values`:
    `out[i] = x[i] + sum of values[j] over all j with key[j] = i`. `key` is any key of NumPy's
    (integers, slices, `...`, None, index arrays, masks, tuples of them); `values` broadcasts to the
    shape of `x[key]`. The result has the shape and dtype of `x`. `index_add(x, key, -values)`
    subtracts.

    Raises IndexError for an index out of range; ValueError if `values` does not broadcast;
    TypeError if `x[key] += values` would, as for floats added to integers.

    >>> index_add(np.zeros(3), [0, 2, 2], [1.0, 2.0, 3.0])
    array([1., 0., 5.])
    """
    return scatter_with(np.add, x, key, values)


@dispatching
def index_multiply(x: Array, key: Key, values: Array) -> Array:
    """A copy of `x` multiplied by `values` at `key`; repeated indices multiply.

    The functional form of `np.multiply.at(x, key, values)`, differentiable in `x` and `values`:
    `out[i] = x[i] * product of values[j] over all j with key[j] = i`. The derivative in a value is
    the product of all others, right where some are zero. For the rest see `index_add`.

    >>> index_multiply(np.ones(3), [0, 2, 2], [1.0, 2.0, 3.0])
    array([1., 1., 6.])
    """
    return scatter_with(np.multiply, x, key, values)


@dispatching
def index_max(x: Array, key: Key, values: Array) -> Array:
    """A copy of `x` with, at `key`, the largest of the entry and its `values`.

    The functional form of `np.maximum.at(x, key, values)`, differentiable in `x` and `values`:
    `out[i] = max(x[i], values[j] for all j with key[j] = i)`. Equal candidates share the gradient
    evenly, as in `np.max`; a NaN is the largest. For the rest see `index_add`.

    >>> index_max(np.zeros(3), [0, 2, 2], [-1.0, 2.0, 3.0])
    array([0., 0., 3.])
    """
    return scatter_with(np.maximum, x, key, values)


@dispatching
def index_min(x: Array, key: Key, values: Array) -> Array:
    """A copy of `x` with, at `key`, the smallest of the entry and its `values`.

    The functional form of `np.minimum.at(x, key, values)`, differentiable in `x` and `values`, as
    `index_max` is; a NaN is the smallest.

    >>> index_min(np.zeros(3), [0, 2, 2], [-1.0, -2.0, 3.0])
    array([-1.,  0., -2.])
    """
    return scatter_with(np.minimum, x, key, values)


# ---------------------------------------------------------------- products of the others


def products_of_others(values: Array, key: Key, x: Array) -> Array:
    """The product of the other values at the place of each entry that `key` names.

    That is the product of the values before the entry times that of the values after the entry.
    """
    where = getitem(place_numbers(key, x.shape), key)
    order = np.argsort(np.ravel(where), kind="stable")
    places = getitem(np.ravel(where), order)
    given = np.broadcast_to(like(x, values), where.shape)
    sorted_ = getitem(np.ravel(given), order)
    after = np.flip(run_products_before(np.flip(sorted_), np.flip(places)))
    others = getitem(run_products_before(sorted_, places) * after, np.argsort(order))
    return others.reshape(where.shape)


def run_products_before(values: Array, places: Array) -> Array:
    """The product of the entries before each entry in its run of equal places."""
    same = like(values, np.equal(places[1:], places[:-1]))
    previous = np.where(same, values[:-1], 1).astype(values.dtype)
    first = np.ones_like(values[:1])
    return scan_runs(np.multiply, np.concatenate([first, previous]), places)


def slopes_in_values(x: Array, values: Array, key: Key) -> Array:
    """The derivative of each named entry of the product in its value."""
    before = getitem(x, key)
    return before if is_basic(key) else before * products_of_others(values, key, x)


def multiply_jvp(ts: list[Array | None], out: Array, x: Array, values: Array, key: Key) -> Array:
    moved = np.zeros_like(out) if ts[0] is None else index_multiply(ts[0], key, values)
    if ts[1] is None:
        return moved
    return index_add(moved, key, ts[1] * slopes_in_values(x, values, key))


# ---------------------------------------------------------------- shares in an extremum


def shares(out: Array, x: Array, values: Array, key: Key) -> tuple[Array, Array]:
    """The shares of the entries of `x`, and of the values, in the extrema they attain."""
    own = attains_extremum(out, x)
    given = values.astype(out.dtype) if hasattr(values, "dtype") else values
    theirs = attains_extremum(getitem(out, key), given)
    count = index_add(own, key, theirs)
    return own / count, theirs / getitem(count, key)


def share_base(g: Array, out: Array, x: Array, values: Array, key: Key) -> Array:
    return g * shares(out, x, values, key)[0]


def share_values(g: Array, out: Array, x: Array, values: Array, key: Key) -> Array:
    return getitem(g, key) * shares(out, x, values, key)[1]


def share_jvp(ts: list[Array | None], out: Array, x: Array, values: Array, key: Key) -> Array:
    base, theirs = shares(out, x, values, key)
    moved = np.zeros_like(out) if ts[0] is None else ts[0] * base
    return moved if ts[1] is None else index_add(moved, key, ts[1] * theirs)


# ---------------------------------------------------------------- the table


def fields(function: Callable[..., Array]) -> dict[str, Any]:
    """The fields of an op of `(x, key, values)`."""
    return {
        "binder": lambda x, key, values: ((x, values), {"key": frozen(key)}),
        "call": by_inputs(function),
        "accepted": ("key",),
    }


UFUNCS = {
    index_add: np.add,
    index_multiply: np.multiply,
    index_max: np.maximum,
    index_min: np.minimum,
}

# fmt: off
linear   (index_add,      lambda g, out, x, values, key: g, lambda g, out, x, values, key: getitem(g, key),  along=by_inputs(index_add), **fields(index_add))
primitive(index_multiply, lambda g, out, x, values, key: index_multiply(g, key, values),
                          lambda g, out, x, values, key: getitem(g, key) * slopes_in_values(x, values, key), jvp=multiply_jvp, **fields(index_multiply))
primitive(index_max,      share_base, share_values, jvp=share_jvp, **fields(index_max))
primitive(index_min,      share_base, share_values, jvp=share_jvp, **fields(index_min))
# fmt: on
