"""Views of Tensors that no gradient is wanted for: what is written into one is in all."""

import gc
import operator
from typing import Any

import numpy as np
import pytest
from optable import ROWS, Case, Row

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core import graph

# fmt: off
VIEWS = {
    "slice":       lambda x: x[:2],
    "reversed":    lambda x: x[::-1],
    "columns":     lambda x: x[:, 1:],
    "row":         lambda x: x[0],
    "entry":       lambda x: x[0, 1, ...],
    "T":           lambda x: x.T,
    "mT":          lambda x: x.mT,
    "reshape":     lambda x: np.reshape(x, (3, 2)),
    "ravel":       np.ravel,
    "swapaxes":    lambda x: np.swapaxes(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze":     lambda x: np.squeeze(x[:1, :1]),
    "reshape, ()": lambda x: x[:1, :1].reshape(()),
    "real":        np.real,
    "split":       lambda x: np.split(x, 3, axis=1)[1],
    "flip":        lambda x: np.flip(x, 0),
    "atleast_3d":  np.atleast_3d,
    "itself":      lambda x: x,
    "of a view":   lambda x: x.T[1:].T[:, ::-1],
    "rot90":       np.rot90,
}
COPIES = {
    "mask":      lambda x: x[x > 2],
    "integers":  lambda x: x[[0, 1]],
    "number":    lambda x: x[0, 1],
    "copy":      np.copy,
    "flatten":   lambda x: x.flatten(),
    "ravel F":   lambda x: np.ravel(x, "F"),
    "sum":       lambda x: np.sum(x, axis=0),
    "of a copy": lambda x: (x * 1)[:2],
}
WRITES = {
    "*=":   lambda y: operator.imul(y, -3),
    "+=":   lambda y: operator.iadd(y, y),
    "item": lambda y: operator.setitem(y, ..., 7.0),
    "@":    lambda y: operator.setitem(y, (), y * 2),
}
# fmt: on
START = np.arange(1.0, 7.0).reshape(2, 3)


def leaf(x: Any) -> Tensor:
    return Tensor(x, requires_grad=True)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", [*VIEWS, *COPIES])
def test_what_is_written_is_where_numpy_has_it(name: str, write: str) -> None:
    view = (VIEWS | COPIES)[name]
    if name == "number" and write in ("item", "@"):
        pytest.skip("a number of NumPy's takes no items")
    seen = []
    for made in (START.copy(), Tensor(START)):
        y = view(made)
        other = view(made)
        WRITES[write](y)
        seen.append([np.array(x) for x in (made, y, other)])
        WRITES[write](made)
        seen[-1] += [np.array(x) for x in (made, other)]
    for expected, found in zip(*seen, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("ignore")
def test_results_are_views_where_numpys_are() -> None:
    rows = [row for row in ROWS.values() if not (row.through or row.reference)]
    other = [f"{row.name} {case}" for row in rows for case in row.cases if not is_shared(row, case)]
    assert other == []


def is_shared(row: Row, case: Case) -> bool:
    """Whether results share memory with the arguments where NumPy's do, or there are none."""
    arrays = row.draw(case)
    tensors = [Tensor(x) if is_floating(x) else x for x in arrays]
    try:
        expected, found = (row.call(given, case.options) for given in (arrays, tensors))
    except (TypeError, ValueError, NotImplementedError, np.linalg.LinAlgError):
        return True
    given = [x for x in arrays if is_floating(x)]
    ours = [x.data for x in tensors if isinstance(x, Tensor)]
    pairs = zip(mg.tree.leaves(expected), mg.tree.leaves(found), strict=True)
    return all(
        any(np.shares_memory(x, other) for other in given)
        == any(np.shares_memory(y.data, other) for other in ours)
        for x, y in pairs
        if isinstance(y, Tensor) and isinstance(x, np.ndarray) and x.size
    )


def is_floating(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


@pytest.mark.parametrize("name", [name for name in VIEWS if name != "itself"])
def test_a_graph_that_used_a_view_or_its_base_says_that_it_was_changed(name: str) -> None:
    view = VIEWS[name]
    for used in ("base", "view", "other view"):
        for written in ("base", "view", "data of base", "later view"):
            base = Tensor(START)
            tensors = {"base": base, "view": view(base), "other view": base[...]}
            x = tensors[used]
            w = leaf(np.ones(x.shape))
            out = np.sum(w * x)
            if written == "data of base":
                base.data -= 1.0
            elif written == "later view":
                base[0][...] = 9.0
            else:
                tensors[written][...] = 9.0
            with pytest.raises(errors.MutationError):
                out.backward()
            with pytest.raises(errors.MutationError):
                graph.push(graph.history([out])[0], {w: np.ones(x.shape)})


def test_what_was_not_written_into_can_be_differentiated() -> None:
    base, other = Tensor(START), Tensor(START)
    view, w = base[:1], leaf([1.0, 1.0, 1.0])
    other[:1] *= 2
    base.data = START * 2  # another array: the view keeps the old one
    out = np.sum(w * view)
    base *= 3
    out.backward()
    np.testing.assert_array_equal(w.grad, START[0])
    view *= 2
    np.testing.assert_array_equal(base.data, START * 6)


NO_HISTORY = {
    "of a parameter": lambda w: w[:1],
    "of a result": lambda w: (w * 1)[:1],
    "of a view of a parameter": lambda w: w.T[1:][:1],
    "a part": lambda w: np.split(w, 2)[0],
}


@pytest.mark.parametrize("name", NO_HISTORY)
def test_what_is_in_a_graph_is_not_written_into_through_a_view(name: str) -> None:
    w = leaf(START)
    result = w * 1
    with mg.no_grad():
        view = NO_HISTORY[name](w) if name != "of a result" else result[:1]
        part = view[..., :1]
    for shared in (view, part):
        for write in ("*=", "item"):
            with pytest.raises(errors.InPlaceError, match="shares its memory with"):
                WRITES[write](shared)
    np.testing.assert_array_equal(w.data, START)


def test_a_step_of_a_parameter_is_seen_by_what_used_a_view_of_it() -> None:
    w, v = leaf(START), leaf(np.ones((1, 3)))
    seen = w[:1]  # in the graph of w
    with mg.no_grad():
        views = [w[:1], seen[...]]
    for view in views:
        out = np.sum(view * v)
        w.data -= 1.0
        np.testing.assert_array_equal(view.data, w.data[:1])
        with pytest.raises(errors.MutationError):
            out.backward()


def test_a_single_number_of_an_array_in_a_graph_is_not_replaced() -> None:
    for entry in (lambda w: w[0, ...], lambda w: w[:1].reshape(())):

        def f(w: Any, entry: Any = entry) -> Any:
            y = entry(w)
            y *= 2
            return np.sum(w)

        x = np.array([1.0, 2.0])
        assert f(x.copy()) == 4.0
        assert f(Tensor(x)).item() == 4.0
        for changed in (mg.grad(f), mg.compile(f)):
            with pytest.raises((errors.InPlaceError, errors.TracingError)):
                changed(x)
        with pytest.raises((errors.InPlaceError, errors.TracingError)):
            mg.compile(f)(leaf(x))


def test_views_that_are_gone_are_forgotten() -> None:
    base = Tensor(START)
    for _ in range(1000):
        base[:1]
    gc.collect()
    assert len(base.sharers.members) < 20
    kept = [base[i % 2] for i in range(100)]
    base += 1
    np.testing.assert_array_equal(kept[-1].data, START[1] + 1)


def test_an_assignment_that_fails_stamps_nothing() -> None:
    base, w = Tensor(START), leaf(np.ones(3))
    view = base[0]
    out = np.sum(w * view)
    for wrong in (np.ones(7), "text"):
        with pytest.raises((ValueError, TypeError)):
            base[0] = wrong
        with pytest.raises((ValueError, TypeError)):
            base += wrong
    out.backward()
    np.testing.assert_array_equal(w.grad, START[0])


# ---------------------------------------------------------------- orders that follow memory

LAYOUTS = {
    "F": np.asfortranarray(START),
    "T": START.T,
    "rows": np.arange(12.0).reshape(4, 3)[::2],
    "rows of F": np.asfortranarray(np.arange(12.0).reshape(4, 3))[:2],
    "columns": np.arange(12.0).reshape(3, 4)[:, 1:],
    "reversed": START[::-1],
    "broadcast": np.broadcast_to(np.arange(3.0), (2, 3)),
    "repeated": np.broadcast_to(np.arange(3.0)[:, None], (3, 2)),
    "axes": np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    "axes, a part": np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1)[1:],
    "windows": np.lib.stride_tricks.sliding_window_view(np.arange(6.0), 3),
}
FOLLOWING = {
    "ravel": np.ravel,
    "ravel of T": lambda x, order: np.ravel(x.T, order),
    "ravel of a part": lambda x, order: np.ravel(x[:1], order),
    "ravel of all": lambda x, order: np.ravel(x[...], order),
    "ravel of a result": lambda x, order: np.ravel(np.abs(x), order),
    "ravel of a copy": lambda x, order: np.ravel(np.copy(x), order),
    "copy": lambda x, order: np.ravel(np.copy(x, order), "A"),
    "flatten": lambda x, order: x.flatten(order),
    "reshape": lambda x, order: np.reshape(x, (-1, 1), "A"),
}


@pytest.mark.parametrize("order", ["A", "K"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FOLLOWING)
def test_orders_that_follow_memory_are_numpys_or_refused(
    name: str, layout: str, order: str
) -> None:
    def f(x: Any) -> Any:
        return FOLLOWING[name](x, order)

    x = LAYOUTS[layout]
    expected = f(x)
    back = np.where(np.arange(len(x)).reshape(-1, *(1,) * (x.ndim - 1)) > 0, 0, x)
    runs = [
        (lambda: f(Tensor(x)).data, expected),
        (lambda: f(leaf(x)).data, expected),
        (lambda: mg.vjp(f, x)[0], expected),
        (lambda: mg.jvp(f, [x], [x])[1], expected),
        (lambda: mg.vjp(f, x)[1](expected)[0], back if name == "ravel of a part" else x),
    ]
    for run, right in runs:
        try:
            found = run()
        except NotImplementedError as error:
            assert "order=" in str(error)  # noqa: PT017 - either is right
        else:
            np.testing.assert_array_equal(found, right)


@pytest.mark.parametrize("layout", ["F", "T", "reversed"])
@pytest.mark.parametrize("number", [1, 1j], ids=["real", "complex"])
def test_the_checker_moves_inputs_in_their_layout(layout: str, number: complex) -> None:
    x = LAYOUTS[layout] / 3 + number
    weights = np.arange(1.0, 7.0)
    for order in "AK":
        report = mg.gradcheck(lambda x, order=order: np.ravel(x, order) ** 2 * weights, x)
        assert report, report
