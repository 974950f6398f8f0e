"""How programs are printed: the spelling of calls, and names that mean something."""

import ast
import keyword
import operator

import numpy as np
import pytest
from printed_programs import MATRIX, SQUARE, loaded, run_twice
from program_builder import Builder, assert_same
from scipy import special

from micrograd_np.compiler import helpers
from micrograd_np.compiler.source import build, save
from micrograd_np.compiler.source.naming import Names, identifier
from micrograd_np.compiler.tracing.functions import ASTYPE, Method


def line_of(program, arguments):
    """The line of a program's last call, without the name of its result and without comments."""
    source = run_twice(program, arguments).source
    (last,) = ast.parse(source[source.index("def step") :]).body
    assigned = [part for part in last.body if isinstance(part, ast.Assign)]
    chosen = [part for part in assigned if not ast.unparse(part.targets[0]).endswith("_copy")]
    return ast.unparse(chosen[-1].value)


# ---------------------------------------------------------------- how calls are spelled

COMPLEX = MATRIX + 1j

# fmt: off
SPELLED = [
    (np.exp, (MATRIX,), {}, "exp(x)"),
    (np.matmul, (MATRIX, SQUARE), {}, "x.dot(x_1)"),
    (np.matmul, (MATRIX[::2, ::2], SQUARE[:2]), {}, "matmul(x, x_1)"),
    (np.matmul, (np.ones((2, 4, 3)), SQUARE), {}, "matmul(x, x_1)"),
    (np.sum, (MATRIX,), {"axis": 0}, "add.reduce(x, axis=0)"),
    (np.sum, (MATRIX, 1), {"keepdims": True}, "add.reduce(x, axis=1, keepdims=True)"),
    (np.max, (MATRIX,), {}, "maximum.reduce(x, axis=None)"),
    (np.add.reduce, (MATRIX,), {"axis": (0, 1)}, "add.reduce(x, axis=(0, 1))"),
    (np.multiply.accumulate, (MATRIX,), {}, "multiply.accumulate(x)"),
    (np.transpose, (MATRIX,), {}, "x.T"),
    (np.transpose, (MATRIX,), {"axes": (1, 0)}, "x.transpose((1, 0))"),
    (np.reshape, (MATRIX, (3, 4)), {"order": "F"}, "x.reshape((3, 4), order='F')"),
    (np.swapaxes, (MATRIX,), {"axis1": 0, "axis2": 1}, "swapaxes(x, axis1=0, axis2=1)"),
    (np.real, (COMPLEX,), {}, "x.real"),
    (np.linalg.inv, (SQUARE,), {}, "inv(x)"),
    (np.fft.fft, (MATRIX,), {"n": 4}, "fft(x, n=4)"),
    (np.all, (MATRIX > 0,), {"axis": 1}, "np.all(x, axis=1)"),
    (special.expit, (MATRIX,), {}, "expit(x)"),
    (ASTYPE, (MATRIX, np.dtype("float32")), {}, "x.astype(float32)"),
    (ASTYPE, (MATRIX, np.dtype(bool)), {"copy": False}, "x.astype(bool, copy=False)"),
    (operator.getitem, (MATRIX, (slice(None), None, -1)), {}, "x[:, None, -1]"),
    (operator.getitem, (MATRIX, (Ellipsis, slice(2, None, -2))), {}, "x[..., 2::-2]"),
    (operator.getitem, (MATRIX, (slice(1, 3),)), {}, "x[1:3,]"),
    (operator.getitem, (MATRIX, np.array([0, 2, 0])), {}, "x[constant]"),
    (operator.getitem, (MATRIX, ((0, 1), (1, 2))), {}, "x[(0, 1), (1, 2)]"),
    (operator.getitem, (MATRIX, ((0, 2),)), {}, "x[(0, 2),]"),
    (operator.getitem, (MATRIX, ()), {}, "x[()]"),
    (np.where, (MATRIX > 0, MATRIX, np.inf), {}, "where(x, x_1, inf)"),
    (np.where, (MATRIX > 0, -np.inf, np.nan), {}, "where(x, -inf, nan)"),
    (np.add, (np.float64(0.5), MATRIX), {}, "add(float64_half, x)"),
    (np.add, (0.5, MATRIX), {}, "add(half, x)"),
    (np.add, (MATRIX, -0.0), {}, "add(x, number_minus_0_0)"),
    (np.multiply, (MATRIX.astype("float32"), 0.1), {}, "multiply(x, number_0_1_float32)"),
    (np.multiply, (MATRIX, 1e-05), {}, "multiply(x, number_1e_minus_05)"),
    (np.multiply, (MATRIX, np.nan), {}, "multiply(x, nan)"),
    (np.multiply, (MATRIX.astype(np.longdouble), 0.1), {}, "multiply(x, 0.1)"),
    (np.multiply, (MATRIX.astype(">f8"), 0.1), {}, "multiply(x, 0.1)"),
    (np.multiply, (MATRIX, 1e-05 + 2j), {}, "multiply(x, complex(1e-05, 2.0))"),
    (np.power, (MATRIX, 2), {}, "power(x, 2)"),
    (np.add, (np.ones(5000), 0.5), {}, "add(x, 0.5)"),
    (np.add, (np.arange(3, dtype="int8"), 100), {}, "add(x, number_100_int8)"),
    (np.concatenate, ([MATRIX, SQUARE],), {"axis": 0}, "concatenate([x, x_1], axis=0)"),
    (np.einsum, ("ij,jk->ik", MATRIX, SQUARE), {}, "einsum('ij,jk->ik', x, x_1)"),
    (np.pad, (MATRIX, ((1, 0), (0, 2))), {}, "pad(x, ((1, 0), (0, 2)))"),
    (np.full_like, (MATRIX, True), {"dtype": np.bool_}, "full_like(x, True, dtype=np.bool)"),
    (helpers.scatter, (SQUARE, slice(3), (4, 3)), {}, "scatter(x, slice(None, 3, None), (4, 3))"),
]
# fmt: on


@pytest.mark.parametrize(("function", "args", "options", "expected"), SPELLED)
def test_a_call_is_spelled(function, args, options, expected):
    b = Builder()
    floats = [isinstance(x, np.ndarray) and x.dtype.kind in "fcb?i" for x in args]
    if function in (operator.getitem, helpers.scatter):
        floats[1:] = [False] * (len(args) - 1)
    nested = [[b.parameter(y) for y in x] if isinstance(x, list) else x for x in args]
    given = [b.parameter(x) if f else n for x, n, f in zip(args, nested, floats, strict=True)]
    out = b(function, *given, view=function not in (np.exp, np.add), **options)
    assert line_of(b.program(out), b.arguments) == expected


NUMBERS = [
    (operator.add, (2.0, 0.5), "(x + 0.5) * -x"),
    (operator.pow, (2.0, 3), "(x ** 3) * -x"),
    (operator.sub, (-1, 2), "(x - 2) * -x"),
    (operator.lt, (1.0, 2), "(x < 2) * -x"),
]


@pytest.mark.parametrize(("function", "args", "expected"), NUMBERS)
def test_arithmetic_of_pythons_numbers(function, args, expected):
    b = Builder()
    x = b.parameter(args[0])
    first = b(function, x, args[1])
    second = b(operator.neg, x)
    executable = run_twice(b.program(b(operator.mul, first, second)), b.arguments)
    third = executable.source
    assert f"x {expected[3:].split(')')[0]}" in third
    assert "= -x" in third


def test_negative_numbers_stand_in_parentheses_beside_operators():
    b = Builder()
    x = b.parameter(3)
    executable = run_twice(b.program(b(operator.pow, -2, x)), b.arguments)
    assert "(-2) ** x" in executable.source


def test_weak_numbers_leave_the_dtype_alone():
    b = Builder()
    x, rate = b.parameter(MATRIX.astype("float32")), b.parameter(0.1, "rate")
    found = run_twice(b.program(b(np.multiply, x, rate)), b.arguments)(*b.arguments)
    assert found[0].dtype == np.float32


def test_draws_are_those_of_the_generator_given():
    b = Builder()
    rng = b.parameter(np.random.default_rng(3), "rng")
    first = b(Method("standard_normal"), rng, size=(2, 3), effect=True, view=True)
    second = b(Method("random"), rng, (4,), effect=True, dtype=np.float32, view=True)
    unused = b(Method("permutation"), rng, 5, effect=True, view=True)
    third = b(Method("integers"), rng, 5, effect=True)
    executable = build(b.program(b(np.exp, first), second, third))
    assert "rng.standard_normal(size=(2, 3))" in executable.source
    assert "random = rng.random((4,), dtype=float32)" in executable.source
    assert "    rng.permutation(5)" in executable.source
    assert unused
    found, expected = np.random.default_rng(8), np.random.default_rng(8)
    for _ in range(2):
        assert_same(executable(found), executable.program.run([expected]))
    assert found.bit_generator.state == expected.bit_generator.state


@pytest.mark.parametrize(
    "value",
    [
        np.array([[0.0, -0.0, np.inf], [1e-320, 0.1, -np.inf]]),
        np.array([[1, 2], [3, 4], [5, 6]]).T,
        np.array([np.nan, 1.0]),
        np.array([complex(-0.0, 1), complex(np.inf, -0.0)]),
        np.array([0.1, 65504], "float16"),
        np.array([True, False]),
        np.array(2.5),
        np.array([1, 2], ">i4"),
        np.zeros((0, 3)),
        np.arange(60.0).reshape(3, 4, 5).transpose(1, 0, 2),
        np.broadcast_to(np.arange(3.0), (40, 3)),
        np.arange(9.0)[::-2],
        np.array([1, 2], np.longdouble) / 3,
        np.array([2**63 - 1, -(2**63)]),
    ],
)
def test_constants_are_exact(value, tmp_path):
    b = Builder()
    x = b.parameter(np.zeros(np.shape(value)))
    results = b.constant(value), b(np.add, x, b.constant(value))
    program = b.program(*results)
    executable = run_twice(program, b.arguments)
    save(program, tmp_path / "saved.py")
    saved = loaded(tmp_path / "saved.py")
    assert_same(saved.step(*b.arguments), executable(*b.arguments))
    np.testing.assert_array_equal(saved.step(*b.arguments)[0], value)


# ---------------------------------------------------------------- names


def test_names_are_new_and_mean_nothing_else():
    b = Builder("exp")
    hints = ["layers.0.weight", "lambda", "exp", "exp", "σ", "m0", "pool", "sum", "2", "np", "x.y "]
    given = [b.parameter(float(i), hint) for i, hint in enumerate(hints)]
    total = given[0]
    for x in given[1:]:
        total = b(np.add, b(np.exp, x), total)
    source = run_twice(b.program(total), b.arguments).source
    (function,) = [n for n in ast.parse(source).body if getattr(n, "name", "") == "exp"]
    names = [argument.arg for argument in function.args.args]
    assert len(set(names)) == len(hints)
    assert not {*map(keyword.iskeyword, names)} - {False}
    assert not {"exp", "sum", "add", "pool", "np"} & {*names}
    assert names[0] == "layers_0_weight"


def test_transpositions_and_other_ufuncs_are_called_what_they_are():
    b = Builder()
    x = b.parameter(MATRIX, "layers.0.weight")
    out = b(np.subtract, 1, b(np.transpose, x, view=True, hint="matrix_transpose"), hint="add")
    source = build(b.program(out)).source
    assert "layers_0_weight_T = layers_0_weight.T" in source
    assert "subtract_1 = subtract(one, layers_0_weight_T" in source


def test_a_name_is_given_once():
    names = Names()
    given = [names.new(hint) for hint in ["a", "a", "a_1", "a", "print", "print"]]
    assert len(set(given)) == 6
    assert identifier("") == "x"


def test_the_source_says_shapes_and_what_calls_belong_to():
    b = Builder()
    x = b.parameter(MATRIX, "x")
    w = b.parameter(SQUARE, "w")
    product = b(np.matmul, x, w, note="gradient of matmul")
    half = b(np.multiply, product, 0.5, note="gradient of matmul")
    total = b(np.sum, b(np.exp, half), axis=0)
    source = run_twice(b.program(total), b.arguments).source
    assert "    x,  # (4, 3) float64\n    w,  # (3, 3) float64" in source
    assert source.count("gradient of matmul") == 1
    assert "  # (3,) float64" in source
    assert all(len(line) <= 100 for line in source.splitlines())
