"""What is drawn: nodes, edges, groups, and gradients at every node."""

import re
from pathlib import Path

import numpy as np
import pytest
from pictures import box, boxes, parameter, xor

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.viz import draw
from micrograd_np.viz import style as colors
from micrograd_np.viz.array_text import number

GOLDEN = Path(__file__).parent / "golden"


def symbols(picture):
    """The first lines of the ops, oldest first."""
    return [lines[0] for classes, lines in boxes(picture) if classes.startswith("op")]


def edges(picture):
    """Tail, head and operand name of every edge, in their order in the source."""
    pattern = r"^\tn(\d+) -> n(\d+)(?: \[(?:headlabel=(\w+))?.*\])?$"
    found = re.findall(pattern, picture.source, re.MULTILINE)
    return [(int(tail), int(head), name) for tail, head, name in found]


# ---------------------------------------------------------------- what is drawn


def test_the_network_of_the_article_is_drawn_as_the_golden_file_says():
    loss = xor()
    loss.backward()
    source = re.sub(r' tooltip="[^"]*"', "", draw(loss).source)  # the last digit is the machine's
    assert source == (GOLDEN / "xor.dot").read_text(encoding="utf-8")


def test_the_bare_sigmoid_reads_as_a_formula():
    x = parameter([1.0, 2.0])
    assert symbols(draw(1 / (1 + np.exp(-x)))) == ["−x", "exp", "1 + x", "1 ÷ x"]


def test_a_leaf_shows_name_shape_dtype_value_and_gradient():
    w = parameter([[1.0, -0.25], [10.5, 0.0]], "w")
    np.sum(w * 2.0).backward()
    assert boxes(draw(w)) == [
        (
            "parameter output named gradient",
            ["w", "(2, 2) float64", " 1    -0.25", "10.5   0   ", "gradient", "2  2", "2  2"],
        )
    ]


def test_a_gradient_that_was_not_computed_is_not_zero():
    w = parameter([1.0, 2.0], "w")
    loss = np.sum(np.floor(w))
    assert "gradient not computed" in box(draw(loss), "w")
    loss.backward()
    assert box(draw(loss), "w")[-2:] == ["gradient", "0  0"]


def test_parameters_constants_ops_and_outputs_look_different():
    out = parameter([1.0], "w") * np.array([2.0]) + Tensor([3.0], name="c")
    roles = [classes.split()[0] for classes, _ in boxes(draw(out))]
    assert roles == ["parameter", "constant", "op", "constant", "op"]
    assert [lines[0] for classes, lines in boxes(draw(out)) if "output" in classes] == ["+"]
    looks = [tuple(sorted(look.items())) for look in (*colors.ROLES.values(), colors.OUTPUT)]
    assert len(set(looks)) == 4


def test_an_op_shows_the_shape_of_its_result_and_a_single_number_its_value():
    x = parameter([[1.0, 2.0], [3.0, 4.0]])
    out = np.sum(np.sum(x, axis=0, keepdims=True)) * 2.0
    drawn = [lines for classes, lines in boxes(draw(out)) if classes.startswith("op")]
    assert drawn == [
        ["Σ", "axis=0, keepdims=True", "(1, 2)"],
        ["Σ", "= 10"],
        ["x × 2", "() float64", "20"],
    ]


def test_a_complex_result_says_that_it_is():
    x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    source = mg.draw(np.sum(np.abs(np.fft.rfft(x)))).source
    assert "(2,) complex128" in source


def test_a_repeated_operand_is_two_edges():
    x = parameter(3.0)
    assert edges(draw(x * x)) == [(0, 1, ""), (0, 1, "")]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (lambda x, y: x - y, ["x", "y"]),
        (lambda x, y: x / y, ["x", "y"]),
        (lambda x, y: x**y, ["x", "y"]),
        (lambda x, y: x @ y, ["x", "y"]),
        (lambda x, y: x + y, ["", ""]),
        (lambda x, y: x * y, ["", ""]),
        (np.maximum, ["", ""]),
        (lambda x, y: x / x, ["", ""]),
        (lambda x, y: np.where(np.array([True, False]), x, y), ["c", "x", "y"]),
        (lambda x, y: np.concatenate([x, y]), ["x", "y"]),
        (lambda x, y: np.stack([x, y] * 4), list("01234567")),
    ],
)
def test_edges_say_which_operand_they_are_where_order_matters(expression, names):
    picture = draw(expression(parameter([1.0, 2.0]), parameter([3.0, 4.0])))
    assert [name for *_, name in edges(picture)] == names


def test_the_order_of_operands_is_that_of_the_program():
    x, y = parameter(1.0, "x"), parameter(2.0, "y")
    assert edges(draw(y - x)) == [(1, 2, "x"), (0, 2, "y")]


@pytest.mark.parametrize(
    ("expression", "symbol"),
    [
        (lambda x: x + 1, "x + 1"),
        (lambda x: 1 - x, "1 − x"),
        (lambda x: x / 3, "x ÷ 3"),
        (lambda x: x**2, "x²"),
        (lambda x: x**-12, "x⁻¹²"),
        (lambda x: x**0.5, "x ^ 0.5"),
        (lambda x: 2**x, "2 ^ x"),
        (lambda x: np.float64(0.1) * x, "0.1 × x"),
        (lambda x: np.maximum(x, 0), "max(x, 0)"),
        (lambda x: np.clip(x, 0, None), "clip(x, 0, None)"),
        (lambda x: np.where(np.array([True]), x, 0.0), "where(c, x, 0)"),
        (lambda x: x @ x, "@"),
        (np.negative, "−x"),
        (np.square, "x²"),
        (np.sqrt, "√x"),
        (np.abs, "|x|"),
        (np.exp, "exp"),
        (np.tanh, "tanh"),
        (mg.sigmoid, "σ"),
        (mg.softmax, "softmax"),
        (np.prod, "∏"),
        (np.transpose, "xᵀ"),
        (lambda x: x[0], "x[0]"),
        (lambda x: x[..., None, 1::-1], "x[…, None, 1::-1]"),
        (lambda x: x[np.array([True, False, True])], "x[mask]"),
        (lambda x: x[[0, 0]], "x[array(2,)]"),
    ],
)
def test_the_symbol_of_an_op(expression, symbol):
    assert symbols(draw(expression(parameter([1.0, 2.0, 3.0]))))[-1] == symbol


def test_options_that_tell_something_are_shown():
    x = parameter(np.ones((2, 3, 4)))
    assert box(draw(np.swapaxes(x, 0, 1)), "swapaxes")[1] == "axis1=0, axis2=1"
    assert box(draw(np.var(x, axis=(0, -1), ddof=1)), "var")[1] == "axis=(0, -1), ddof=1"
    assert box(draw(np.einsum("ijk->kj", x)), "einsum")[1] == "ijk->kj"
    assert box(draw(np.reshape(x, (6, 4))), "reshape")[1] == "(6, 4) float64"


def test_an_op_of_several_results_is_one_node_with_its_parts():
    parts = np.split(parameter(np.arange(6.0), "x"), 3)
    picture = draw(parts[0] * parts[2])
    assert [lines[:2] for _, lines in boxes(picture)] == [
        ["x", "(6,) float64"],
        ["split", "3 results"],
        ["part 0", "(2,)"],
        ["part 2", "(2,)"],
        ["×", "(2,) float64"],
    ]
    assert edges(picture) == [(0, 1, ""), (1, 2, ""), (1, 3, ""), (2, 4, ""), (3, 4, "")]


def test_divmod_draws_with_gradients():
    quotient, remainder = np.divmod(parameter([5.0, 7.0]), parameter([2.0, 4.0]))
    picture = draw(np.sum(remainder + quotient), gradients=True)
    assert symbols(picture) == ["divmod", "part 0", "part 1", "+", "Σ"]
    assert "gradient" not in box(picture, "divmod")
    assert box(picture, "part 1")[-2:] == ["gradient", "1  1"]


def test_outputs_that_share_a_graph_are_drawn_once_each():
    w = parameter([1.0, 2.0], "w")
    shared = np.exp(w)
    first, second = np.sum(shared), shared * 2.0
    picture = draw([first, {"again": second, "same": first}])
    assert symbols(picture) == ["exp", "Σ", "x × 2"]
    assert ["output" in classes for classes, _ in boxes(picture)] == [False, False, True, True]


def test_an_output_may_be_a_leaf_or_untracked():
    (w,) = boxes(draw(parameter(2.5, "w")))
    lines = ["w", "() float64", "2.5", "gradient not computed"]
    assert w == ("parameter output named gradient", lines)
    (x,) = boxes(draw(Tensor([1, 2]) + 1))
    assert x == ("constant output", ["(2,) int64", "2  3"])


def test_one_constant_used_twice_is_one_node_and_equal_ones_are_two():
    x, ones = parameter([1.0, 2.0]), np.ones(2)
    assert len(boxes(draw(x * ones + ones))) == 4
    assert len(boxes(draw(x * ones + np.ones(2)))) == 5


def test_a_nameless_constant_of_one_number_is_small():
    out = parameter(2.0, "w") * Tensor(0.5) + np.array(3)
    drawn = [lines for classes, lines in boxes(draw(out)) if classes.startswith("constant")]
    assert drawn == [["0.5"], ["3"]]
    named = parameter(2.0) * Tensor(0.5, name="rate")
    assert box(draw(named), "rate") == ["rate", "() float64", "0.5"]


def test_a_leaf_changed_after_its_use_says_so():
    w, x = parameter([1.0], "w"), parameter([1.0], "x")
    out = w * x + np.ones(1)
    w.data -= 0.5
    assert "changed since it was used" in box(draw(out), "w")
    assert draw(out).source.count("changed") == 1


def test_names_can_be_given_by_a_tree():
    model = nn.Sequential(nn.Linear(2, 1, rng=np.random.default_rng(0)), nn.Sigmoid())
    out = model(np.ones((1, 2)))
    paths = list(model.named_parameters())
    drawn = [lines[0] for classes, lines in boxes(draw(out, names=model)) if "named" in classes]
    assert sorted(drawn) == sorted(paths)
    w = parameter([1.0], "own")
    assert box(draw(w * 2, names={"given": w, "other": 3}), "given")


def test_a_named_result_shows_its_name():
    hidden = mg.sigmoid(parameter([1.0, 2.0]))
    hidden.name = "hidden"
    assert box(draw(np.sum(hidden)), "σ") == ["σ", "hidden", "(2,)"]


@pytest.mark.parametrize("name", ["", None])
def test_no_name_takes_no_line(name):
    assert boxes(draw(parameter([1.0], name)))[0][1][0] == "(1,) float64"


def test_an_array_of_another_library_keeps_its_numbers():
    class Elsewhere:
        shape, dtype, ndim, size = (2, 3), np.dtype("float32"), 2, 6

        def __array_function__(self, *arguments):
            raise AssertionError("the picture computed with it")

        def __array__(self, *arguments, **keywords):
            raise AssertionError("the picture fetched it")

    (drawn,) = boxes(draw(Tensor(Elsewhere(), name="far")))
    assert drawn == ("constant output named bare", ["far", "(2, 3) float32"])


# ---------------------------------------------------------------- gradients at every node


def test_gradients_at_every_node_of_a_diamond():
    x = parameter(2.0, "x")
    a = x * x
    loss = a * np.exp(a)
    picture = draw(loss, gradients=True)
    by_hand = {"x": 4 * np.exp(4) * 5, "exp": 4, "x × y": 1}
    assert box(picture, "x")[-1] == number(float(by_hand["x"]), digits=6)
    assert box(picture, "exp")[-1] == "4"
    assert [lines[-1] for _, lines in boxes(picture)][1] == number(float(np.exp(4) * 5), digits=6)
    assert [lines[-1] for _, lines in boxes(picture)][3] == "1"
    assert x.grad is None


def test_gradients_leave_what_the_leaves_hold():
    w = parameter([1.0, 2.0], "w")
    loss = np.sum(w * w)
    loss.backward()
    loss.backward()
    assert box(draw(loss), "w")[-1] == "4  8"
    assert box(draw(loss, gradients=True), "w")[-1] == "2  4"
    np.testing.assert_array_equal(w.grad, [4.0, 8.0])


def test_a_node_that_nothing_reaches_has_gradient_zero():
    x = parameter([1.5, 2.5])
    picture = draw(np.sum(np.floor(np.exp(x))), gradients=True)
    assert box(picture, "exp")[-2:] == ["gradient", "0  0"]


def test_complex_gradients_point_uphill_as_those_of_backward_do():
    z = parameter(3 + 4j, "z")
    out = z * z
    out.backward(1j)
    assert box(draw(out, gradient=1j, gradients=True), "z")[-1] == box(draw(z), "z")[-1]
    assert z.grad == 8 + 6j


def test_constants_have_no_gradient():
    picture = draw(np.sum(parameter([1.0]) * Tensor([2.0], name="c")), gradients=True)
    assert "gradient" not in box(picture, "c")


def test_gradients_of_several_outputs_add_up():
    w = parameter(3.0, "w")
    assert box(draw([w * 2, w * 5], gradients=True), "w")[-1] == "7"
    assert box(draw([w, w * 5], gradients=True), "w")[-1] == "6"


def test_a_cotangent_can_be_given():
    w = parameter([1.0, 2.0], "w")
    assert box(draw(w * w, gradient=[np.array([1.0, 10.0])]), "w")[-1] == "2  40"
    assert box(draw(w * w, gradients=True, gradient=np.array([0.0, 1.0])), "w")[-1] == "0  4"


def test_gradients_of_what_is_no_single_number_are_refused_by_name():
    w = parameter([1.0, 2.0])
    with pytest.raises(errors.GraphError, match=r"multiply.*\(2,\)(?s:.*)exp.*(?s:.*)gradient="):
        draw([w * 2, np.exp(w), np.sum(w)], gradients=True)


def test_a_cotangent_of_another_shape_or_number_is_refused():
    w = parameter([1.0, 2.0])
    with pytest.raises(errors.ShapeError, match=r"\(3,\)"):
        draw(w * 2, gradient=np.ones(3))
    with pytest.raises(errors.ShapeError, match="2 outputs, 1"):
        draw([w * 2, w], gradient=[np.ones(2)])


def test_gradients_where_nothing_asks_for_one_are_refused():
    with pytest.raises(errors.GraphError, match="requires_grad=True"):
        draw(Tensor(1.0), gradients=True)


def test_gradients_through_a_changed_leaf_are_refused_but_its_picture_is_not():
    w = parameter(1.0, "w")
    out = w * w
    w.data = 2.0
    assert len(boxes(draw(out))) == 2
    with pytest.raises(errors.MutationError, match="w"):
        draw(out, gradients=True)
