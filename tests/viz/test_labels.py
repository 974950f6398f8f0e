"""Values in words, and that any text stays text."""

import numpy as np
import pytest
from pictures import SVG, box, boxes, groups, parameter, parsed, plain, xor

from micrograd_np.viz import draw
from micrograd_np.viz.array_text import lines, number, visible

XLINK = "{http://www.w3.org/1999/xlink}"


def tooltip(picture):
    """The lines told of the youngest node."""
    anchor = groups(picture)[-1].find(f".//{SVG}a")
    return plain(anchor.get(f"{XLINK}title")).split("\n")


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
