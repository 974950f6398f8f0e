"""What the page about compiled functions says, beyond the code on it that is run."""

import re
from pathlib import Path

import numpy as np
import pytest

import micrograd_np as mg

PAGE = (Path(__file__).parents[2] / "docs" / "compiling.md").read_text(encoding="utf-8")


def rows(heading):
    """The rows below a table's head, as the texts in their cells."""
    table = PAGE.split(heading, 1)[1].lstrip("\n").split("\n\n", 1)[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()[1:]]


# ---------------------------------------------------------------- what cannot be a program

NAMES = {"np": np, "mg": mg, "TABLE": np.array([10.0, 20.0, 30.0]), "math": __import__("math")}
REFUSED = [[code.strip("`") for code in row] for row in rows("| instead of | write |")]
VALUES = np.array([2.0, -1.0, 3.0])


def function_of(code):
    """A function of `x` from an expression, or from a statement that changes `x`."""
    body = code if re.match(r"x(\[.*\])? \+?= |np\.add\.at", code) else f"x = {code}"
    scope = dict(NAMES)
    exec(f"def f(x):\n    {body}\n    return x", scope)  # noqa: S102 - what is on our own page
    return scope["f"]


def test_the_table_is_there():
    assert len(REFUSED) > 5


@pytest.mark.parametrize(("refused", "written"), REFUSED)
def test_what_raises_and_what_to_write_instead(refused, written):
    expected = function_of(refused)(VALUES.copy())
    with pytest.raises(mg.errors.TracingError):
        mg.compile(function_of(refused))(VALUES)
    for _ in range(2):
        found = mg.compile(function_of(written))(VALUES)
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(function_of(written)(VALUES), expected)


# ---------------------------------------------------------------- what else it says


def power(x, n):
    out = 1.0
    for _ in range(n):
        out = out * x
    return out


@pytest.mark.parametrize("settings", [{"static_argnums": 1}, {"static_argnames": "n"}])
def test_a_static_argument_may_be_given_by_position_or_by_name(settings):
    compiled = mg.compile(power, **settings)
    for n in (2, 3, 2):
        np.testing.assert_array_equal(compiled(VALUES, n), power(VALUES, n))
        np.testing.assert_array_equal(compiled(VALUES, n=n), power(VALUES, n))


def test_gradients_are_not_stored_while_a_function_is_traced():
    w = mg.Tensor(VALUES, requires_grad=True)
    with pytest.raises(mg.errors.TracingError, match="backward"):
        mg.compile(lambda: np.sum(w**2).backward())()
    assert w.grad is None


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (lambda f: mg.grad(mg.compile(f)), mg.grad),
        (lambda f: mg.vmap(mg.compile(f)), mg.vmap),
        (lambda f: mg.hessian(mg.compile(f)), mg.hessian),
        (lambda f: mg.compile(mg.vmap(mg.grad(f))), lambda f: mg.vmap(mg.grad(f))),
    ],
)
def test_compiled_functions_among_transforms(inside, outside):
    f = lambda x: np.sum(np.sin(x) ** 2)
    x = VALUES if outside in (mg.grad, mg.hessian) else np.stack([VALUES, 2 * VALUES])
    np.testing.assert_allclose(inside(f)(x), outside(f)(x), rtol=1e-14)


def test_a_compiled_function_within_one_is_part_of_its_program():
    inner = mg.compile(lambda x: np.sin(x))  # noqa: PLW0108 - a function of its own
    outer = mg.compile(lambda x: 2 * inner(x))
    np.testing.assert_array_equal(outer(VALUES), 2 * np.sin(VALUES))
    assert "sin(" in outer.source


def test_what_is_given_up_may_be_overwritten_and_nothing_else():
    big, other = np.ones((300, 300)), np.ones((300, 300))
    given_up = mg.compile(lambda p, x: p - x, donate_argnums=0)(big, other)
    assert np.shares_memory(given_up, big)
    kept = mg.compile(lambda p, x: p - x)(other, other)
    assert not np.shares_memory(kept, other)
    assert np.all(other == 1)


def test_the_source_says_which_line_of_the_function_its_calls_come_from():
    def loss(w):
        squares = np.sin(w) ** 2
        return np.sum(squares)

    slope = mg.compile(mg.grad(loss))
    slope(np.ones(3))
    lines = [line.strip() for line in slope.source.splitlines()]
    assert lines.index("# squares = np.sin(w) ** 2") < lines.index("# gradient of sin")
