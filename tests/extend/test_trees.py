"""`mg.primitive` for functions of trees and of other functions, with rules that see trees."""

import functools
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from leaves import leaf
from nesting import nestings

import micrograd_np as mg
from micrograd_np import Tensor, errors
from micrograd_np.core import tree
from micrograd_np.core.op import OPS


class Affine(NamedTuple):
    w: Any
    b: Any


def refused(match, error=errors.RuleError):
    return pytest.raises(error, match=match)


# ---------------------------------------------------------------- the same function, written out


def norms(p, x):
    """A tree of another structure than either input."""
    total = sum(np.sum(np.sin(leaf) * (i + 1)) for i, leaf in enumerate(tree.leaves(p)))
    return {"all": total * x, "each": tree.map(lambda leaf: leaf * np.sum(x), p)}


def norms_vjp(g, out, p, x):
    along = np.sum(g["all"] * x)
    numbers = iter(range(1, 100))
    pulled = tree.map(
        lambda leaf, g: next(numbers) * np.cos(leaf) * along + g * np.sum(x), p, g["each"]
    )
    total = sum(np.sum(np.sin(leaf) * (i + 1)) for i, leaf in enumerate(tree.leaves(p)))
    pairs = zip(tree.leaves(g["each"]), tree.leaves(p), strict=True)
    return pulled, g["all"] * total + sum(np.sum(g * leaf) for g, leaf in pairs)


def norms_jvp(tangents, out, p, x):
    return mg.jvp(norms, [p, x], list(tangents))[1]


X = np.array([0.5, -1.0])
P = {"first": Affine(np.array([[0.3, 1.0]]), 0.7), "rest": [np.array([2.0]), (None, 0.1)]}
SAID = {
    "vjp": {"vjp": norms_vjp},
    "vjps": {
        "vjp": [
            lambda g, out, p, x: norms_vjp(g, out, p, x)[0],
            lambda g, out, p, x: norms_vjp(g, out, p, x)[1],
        ]
    },
    "jvp": {"jvp": norms_jvp},
    "both": {"vjp": norms_vjp, "jvp": norms_jvp},
}
ways = pytest.mark.parametrize("said", SAID.values(), ids=SAID)


def declared(said):
    return mg.primitive(norms, **said)


def total(out):
    return sum(np.sum(np.cos(1.0 + i) * part) for i, part in enumerate(tree.leaves(out)))


def close(found, expected, **options):
    tree.map(lambda f, e: np.testing.assert_allclose(f, e, **options), found, expected)


@ways
def test_the_gradient_is_that_of_the_function_written_out(said):
    op = declared(said)
    close(op(P, X), norms(P, X))
    assert isinstance(op(P, X)["each"]["first"], Affine)

    def gradient(f):
        return mg.grad(lambda p, x: total(f(p, x)), (0, 1))(P, X)

    close(gradient(op), gradient(norms), rtol=1e-13)
    p, x = (tree.map(lambda x: 0.5 * x, t) for t in (P, X))
    close(*(mg.jvp(f, [P, X], [p, x])[1] for f in (op, norms)), rtol=1e-13)


@pytest.mark.thorough
@ways
def test_gradcheck_to_second_order(said):
    mg.assert_gradcheck(declared(said), [P, X], order=2)


@pytest.mark.thorough
@ways
def test_it_batches_and_compiles(said):
    op = declared(said)

    def slopes(f):
        return mg.grad(lambda p, x: total(f(p, x)), (0, 1))

    batch = tree.map(lambda x: np.stack([x, np.multiply(2.0, x)]), (P, X))
    close(mg.vmap(slopes(op))(*batch), mg.vmap(slopes(norms))(*batch), rtol=1e-12)
    compiled = mg.compile(slopes(op))
    for scale in (1.0, 0.5):
        given_trees = tree.map(lambda x: np.asarray(scale * x), (P, X))  # noqa: B023 - used at once
        close(compiled(*given_trees), slopes(norms)(*given_trees), rtol=1e-12)


@nestings(2)
def test_all_nestings_of_second_derivatives(operators):
    op = mg.primitive(
        lambda t: {"s": t["x"] ** 3}, vjp=lambda g, out, t: {"x": 3 * g["s"] * t["x"] ** 2}
    )
    f = lambda x: op({"x": x})["s"]
    for derivative in operators:
        f = derivative(f)
    assert float(f(0.7)) == pytest.approx(6 * 0.7)


def test_it_is_one_node():
    op = declared(SAID["vjp"])
    p = tree.map(leaf, P)
    out = op(p, X)
    nodes = {id(part.inputs[0]) for part in tree.leaves(out)}
    assert len(nodes) == 1
    whole = tree.leaves(out)[0].inputs[0]
    assert whole.op is OPS[op]
    assert whole.inputs[:-1] == tuple(tree.leaves(p))
    assert mg.draw(total(out)).source.count('label="norms"') <= 1
    total(out).backward()
    assert p["rest"][0].grad.shape == (1,)


def test_it_is_checkpointed():
    op = declared(SAID["vjp"])
    p, q = tree.map(leaf, P), tree.map(leaf, P)
    total(mg.checkpoint(op)(p, X)).backward()
    total(op(q, X)).backward()
    tree.map(lambda p, q: np.testing.assert_array_equal(p.grad, q.grad), p, q)


# ---------------------------------------------------------------- trees of every kind

numbers = st.floats(-2, 2).map(lambda x: round(x, 3))
trees = st.recursive(
    numbers | numbers.map(lambda x: np.array([x, 1.0])) | st.none(),
    lambda below: (
        st.lists(below, max_size=3)
        | st.lists(below, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), below, max_size=3)
        | st.tuples(below, below).map(lambda pair: Affine(*pair))
    ),
    max_leaves=6,
)


def squares(t):
    return tree.map(np.square, t), sum((np.sum(x) for x in tree.leaves(t)), np.float64(0.0))


def squares_vjp(g, out, t):
    return tree.map(lambda g0, x: 2.0 * g0 * x + g[1], g[0], t)


def check_squares(t):
    op = mg.primitive(squares, vjp=squares_vjp)
    close(op(t), squares(t))
    found, expected = (mg.grad(lambda t, f=f: total(f(t)))(t) for f in (op, squares))
    close(found, expected, rtol=1e-12)
    close(*(mg.jvp(f, [t], [t])[1] for f in (op, squares)), rtol=1e-12)


@given(trees)
@settings(max_examples=5, deadline=None)
def test_any_tree_goes_in_and_out(t):
    check_squares(t)


@pytest.mark.thorough
@given(trees)
@settings(max_examples=500, deadline=None)
def test_any_tree_goes_in_and_out_thoroughly(t):
    check_squares(t)


def test_an_array_may_become_a_tree():
    op = mg.primitive(
        lambda x: {"s": np.sin(x), "c": np.cos(x)},
        vjp=lambda g, out, x: g["s"] * out["c"] - g["c"] * out["s"],
    )
    for x in (leaf(0.5), leaf(0.25)):
        out = op(x)
        (out["s"] * 2 + out["c"]).backward()
        np.testing.assert_allclose(x.grad, 2 * np.cos(x.data) - np.sin(x.data))


def test_none_is_a_zero_subtree():
    op = mg.primitive(
        lambda p, x: p["a"]["b"] * x, vjp=lambda g, out, p, x: ({"a": None, "c": g}, None)
    )
    p = {"a": {"b": leaf(2.0)}, "c": leaf(3.0)}
    x = leaf(1.0)
    op(p, x).backward()
    assert (p["a"]["b"].grad, p["c"].grad, x.grad) == (0.0, 1.0, 0.0)


def test_a_list_goes_in_as_a_list():
    op = mg.primitive(np.stack, name="stack", arrays=1, vjp=lambda g, out, xs, **_: [g[0], g[1]])
    x = leaf(1.0)
    op([x, 2.0])[0].backward()
    assert x.grad == 1.0


def test_a_tuple_of_one_is_told_apart():
    for vjp in (lambda g, out, t: (g,), lambda g, out, t: ((g,),)):
        x = leaf(1.0)
        mg.primitive(lambda t: t[0] * 1.0, vjp=vjp)((x,)).backward()
        assert x.grad == 1.0


def test_a_constant_of_a_tree():
    level = mg.primitive(lambda p: np.floor(p["x"]), constant=True)
    x = leaf(1.5)
    (level({"x": x}) * x).backward()
    assert x.grad == 1.0


# ---------------------------------------------------------------- functions as arguments


def applied(f, x, p, times=1):
    for _ in range(times):
        x = f(x, p)
    return x


def applied_vjp(g, out, x, p, f, times):
    return mg.vjp(lambda x, p: applied(f, x, p, times), x, p)[1](g)


apply = mg.primitive(applied, vjp=applied_vjp, nondiff="f")


def affine(x, p):
    return np.tanh(p["w"] * x + p["b"])


def test_a_function_reaches_forward_and_rules_as_it_is():
    p = {"w": 0.5, "b": 0.1}
    for call in (
        lambda x, p: apply(affine, x, p, 3),
        lambda x, p: apply(x=x, p=p, f=affine, times=3),
    ):
        mg.assert_gradcheck(call, [0.3, p], order=2)
    seen = []
    op = mg.primitive(lambda x, f: f(x), nondiff=("f",), vjp=lambda g, out, x, f: seen.append(f))
    op(leaf(1.0), np.sin).backward()
    assert seen == [np.sin]


def test_a_function_in_a_batch_and_in_a_program():
    p, xs = {"w": 0.5, "b": 0.1}, np.array([0.3, -0.2])
    f = mg.grad(lambda x, p: apply(affine, x, p, 2))
    g = mg.grad(lambda x, p: applied(affine, x, p, 2))
    np.testing.assert_allclose(mg.vmap(f, (0, None))(xs, p), mg.vmap(g, (0, None))(xs, p))
    np.testing.assert_allclose(mg.compile(f)(0.3, p), g(0.3, p))


def test_a_function_that_uses_a_tensor_is_refused():
    w = leaf(2.0)
    with refused("uses a Tensor that is not among its arguments"):
        apply(lambda x, p: w * x, leaf(1.0), {})
    with refused("part of a graph", errors.LeavesGraphError) as caught:
        apply(lambda x, p: np.asarray(w * x), 1.0, {})
    assert "as inputs" in caught.value.__notes__[0]
    with refused("given a Tensor to differentiate in as 'f', which nondiff= names"):
        apply(w, 1.0, {})
    with refused("not among its arguments"):
        mg.vmap(lambda b: apply(lambda x, p: b * x, 1.0, {}))(np.ones(2))
    with refused("not among its arguments"):
        mg.grad(lambda b: apply(lambda x, p: b * x, 1.0, {}))(2.0)


def test_names_of_functions_are_those_of_parameters():
    with refused("names g, which is no parameter of `applied"):
        mg.primitive(applied, vjp=applied_vjp, nondiff="g")
    with refused(r"will be called as rule\(g, out, x, p, f=, times=\)"):
        mg.primitive(applied, vjp=lambda g, out, f, x, p: None, nondiff="f")
    with pytest.raises(TypeError, match=r"applied\(f, x, p, times=1\): missing"):
        apply(affine, 1.0)


def test_many_inputs_after_a_function():
    op = mg.primitive(
        lambda f, *xs, scale=2.0: scale * f(*xs),
        nondiff="f",
        vjp=lambda g, out, *xs, f, scale: tuple(scale * g for _ in xs),
    )
    x, y = leaf(1.0), leaf(2.0)
    op(np.add, x, y, scale=3.0).backward()
    assert (x.grad, y.grad) == (3.0, 3.0)


# ---------------------------------------------------------------- mistakes


def test_another_structure_is_named():
    wrong = mg.primitive(norms, vjp=lambda g, out, p, x: ({"first": None}, None))
    with refused(r"the vjp of `norms` returned for 'p' a branch with \['first'\], where a branch"):
        mg.grad(lambda p: total(wrong(p, X)))(P)
    wrong = mg.primitive(norms, jvp=lambda ts, out, p, x: {"all": None, "each": {"first": None}})
    with refused(r"returned for the value a branch with \['first'\] at 'each'"):
        mg.jvp(wrong, [P, X], [P, X])
    wrong = mg.primitive(norms, vjp=lambda g, out, p, x: g)
    with refused(r"1 value\(s\) for 2 inputs \(p, x\)"):
        mg.grad(lambda p: total(wrong(p, X)))(P)


def test_a_wrong_shape_is_named_by_its_path():
    op = mg.primitive(lambda p: p["a"][0] * 2, vjp=lambda g, out, p: {"a": [np.ones(5)]})
    with refused(r"shape \(5,\) for 'p.a.0', which has shape \(2,\)", errors.ShapeError):
        np.sum(op({"a": [leaf([1.0, 2.0])]})).backward()


def test_a_leaf_that_is_no_array():
    with refused("given 'tanh' of type str as 'p.kind'.*nondiff='p'"):
        apply(affine, 1.0, {"kind": "tanh"})
    op = mg.primitive(lambda p: {"x": "text"}, vjp=lambda g, out, p: None)
    with refused("returned 'text' of type str"):
        op({"x": leaf(1.0)})
    with refused(r"returned \{\} of type dict"):
        mg.primitive(lambda p: {}, vjp=lambda g, out, p: None)(1.0)


def test_inputs_are_read_only():
    def change(p):
        p["x"] *= 2
        return p["x"]

    with refused("writes into an array that is read-only"):
        mg.primitive(change, vjp=lambda g, out, p: {"x": 2 * g})({"x": leaf([1.0])})


def test_a_rule_that_loses_its_graph():
    op = mg.primitive(lambda p: p["x"] ** 3, vjp=lambda g, out, p: {"x": 3 * g * p["x"].data ** 2})
    with pytest.raises((errors.RuleError, AttributeError, ValueError, TypeError)):
        mg.grad(mg.grad(lambda x: op({"x": x})))(2.0)


def test_a_partial_function_and_a_module_are_functions():
    scaled = functools.partial(affine, p={"w": 0.5, "b": 0.0})
    op = mg.primitive(
        lambda f, x: f(x), vjp=lambda g, out, x, f: mg.vjp(f, x)[1](g)[0], nondiff="f"
    )
    np.testing.assert_allclose(mg.grad(lambda x: op(scaled, x))(0.3), mg.grad(scaled)(0.3))
    layer = mg.nn.Linear(2, 1)
    with refused("given a Tensor to differentiate in as 'f'"):
        op(layer, Tensor(X))
