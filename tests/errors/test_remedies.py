"""The remedy in a message is code that works, for the expression on the user's line."""

import math

import numpy as np
import pytest

import micrograd_np as mg
from micrograd_np.errors import BatchedError, FormatError, TracingError
from micrograd_np.errors.options import knowing_options

TABLE = np.arange(10.0)
ITEMS = [1.0, 2.0, 3.0]
X = np.array([0.5, 1.5, 2.5])


def assigned(x):
    out = np.zeros(3)
    out[0] = x[0]
    return out


def updated(x):
    out = np.zeros(3)
    return mg.index_update(out, 0, x[0])


CURED = {  # what is written, its remedy as the message has it, and the code with the remedy
    "math": (lambda x: math.sin(x[0]), "np.sin for math.sin", lambda x: np.sin(x[0])),
    "joined": (
        lambda x: np.array([x[0], x[1]]),
        "mg.tensor([x[0], x[1]])",
        lambda x: mg.tensor([x[0], x[1]]),
    ),
    "assigned": (assigned, "out = mg.index_update(out, 0, value)", updated),
    "if": (lambda x: 1.0 if x[0] > 0 else 2.0, "np.where(x[0] > 0, x, y)",
           lambda x: np.where(x[0] > 0, 1.0, 2.0)),
    "log": (lambda x: math.log(x[1], 3), "`np.log(x) / np.log(base)` for math.log",
            lambda x: np.log(x[1]) / np.log(3)),
    "remainder": (lambda x: math.remainder(x[2], x[1]), "`x - y * np.round(x / y)` for math",
                  lambda x: x[2] - x[1] * np.round(x[2] / x[1])),
    "between": (lambda x: bool(0 < x[0] < x[1] < 2), "np.logical_and(np.logical_and(0 < x[0]",
                lambda x: np.logical_and(np.logical_and(x[0] > 0, x[0] < x[1]), x[1] < 2)),
    "max of one": (lambda x: 2 * max(x), "np.max for max", lambda x: 2 * np.max(x)),
    "float64": (lambda x: np.float64(x[1]), "`x[1]` itself, without np.float64()",
                lambda x: x[1]),
    "float32": (lambda x: np.float32(x[1]), "np.astype(x[1], np.float32)",
                lambda x: np.astype(x[1], np.float32)),
    "dtype": (lambda x: np.array([x[0], 1], dtype=np.float32),
              "mg.tensor([x[0], 1], dtype=np.float32)",
              lambda x: mg.tensor([x[0], 1], dtype=np.float32)),
    "max": (lambda x: max(x[0], x[1]), "np.maximum for max", lambda x: np.maximum(x[0], x[1])),
    "int": (lambda x: int(x[1]), "np.astype(x[1], int)", lambda x: np.astype(x[1], int)),
    "table": (
        lambda x: TABLE[np.argmax(x)],
        "mg.Tensor(TABLE)[np.argmax(x)]",
        lambda x: mg.Tensor(TABLE)[np.argmax(x)],
    ),
    "list": (
        lambda x: ITEMS[np.argmin(x)],
        "mg.Tensor(ITEMS)[np.argmin(x)]",
        lambda x: mg.Tensor(ITEMS)[np.argmin(x)],
    ),
    "slice": (
        lambda x: TABLE[np.argmax(x) * 2 : np.argmax(x) * 2 + 3],
        "mg.Tensor(TABLE)[np.argmax(x) * 2 + np.arange(3)]",
        lambda x: mg.Tensor(TABLE)[np.argmax(x) * 2 + np.arange(3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CURED)
def test_a_remedy_for_traced_and_for_batched_code_works(name):
    wrong, remedy, right = CURED[name]
    with pytest.raises(TracingError) as traced:
        mg.compile(wrong)(X)
    with pytest.raises(BatchedError) as batched:
        mg.vmap(wrong)(np.stack([X, X]))
    assert remedy in str(traced.value)
    assert remedy in str(batched.value)
    expected = wrong(X)
    np.testing.assert_array_equal(mg.compile(right)(X), expected)
    np.testing.assert_array_equal(mg.vmap(right)(np.stack([X, X])), [expected] * 2)


def test_an_expression_over_several_lines_is_read_too():
    def over_lines(x):
        # fmt: off
        return len("é"), TABLE[
            np.argmax(x)
        ]
        # fmt: on

    with pytest.raises(TracingError, match=r"Write `mg\.Tensor\(TABLE\)\[np\.argmax\(x\)\]`"):
        mg.compile(over_lines)(X)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (lambda x, n: TABLE[:n], "static_argnames='n'"),
        (lambda x, n: TABLE[None, n:], "static_argnames='n'"),
        (lambda x, n: {3: x}[n], "Use np.where"),
        (lambda x, n: x[n : n + 2 : 2], "static_argnames='n'"),
        (lambda x, n: x[n : 2 * n], "`x[n + np.arange(length)]`"),
        (lambda x, n: x[n : n + 2], "`x[n + np.arange(2)]`"),
    ],
)
def test_a_slice_whose_length_differs_and_a_dictionary_are_told_apart(wrong, remedy):
    with pytest.raises(TracingError) as caught:
        mg.compile(wrong)(X, 3)
    assert remedy in str(caught.value)


def test_without_a_source_the_message_has_the_remedies_for_all_expressions():
    names = {}
    exec("def f(x):\n    return float(x[0])", names)  # noqa: S102 - code that no file has
    with pytest.raises(TracingError, match=r"Use np\.where for a choice"):
        mg.compile(names["f"])(X)


def test_an_array_has_no_format_of_a_number():
    t = mg.Tensor(X)
    with pytest.raises(FormatError, match="single number"):
        f"{t:.2f}"
    assert f"{t[0]:.2f}" == "0.50"
    assert f"{t}" == str(t)


def test_a_type_error_of_the_function_itself_stays():
    @knowing_options
    def function(f, *, lr=0.0):
        return f(dim=1) + lr

    assert function(lambda dim: dim, lr=1.0) == 2.0
    with pytest.raises(TypeError, match="unexpected keyword argument 'dim'"):
        function(lambda: 0)
    with pytest.raises(mg.errors.OptionError, match="axis="):
        function(lambda dim: dim, dim=1)
