"""Programs printed as NumPy: what the source says, what it computes, and what is saved."""

import ast
import gc
import keyword
import linecache
import operator
import subprocess
import sys
import threading
import traceback
import weakref

import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from program_builder import Builder, assert_same, copied, exactly_optimized, traced
from programs import programs
from scipy import special

import micrograd_np as mg
from micrograd_np.compiler import helpers
from micrograd_np.compiler.blocks.fusion import fuse
from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.report import in_units, report_of
from micrograd_np.compiler.source import build, save
from micrograd_np.compiler.source.naming import Names, identifier
from micrograd_np.compiler.tracing.functions import ASTYPE, Method
from micrograd_np.core.errstate import quiet
from micrograd_np.errors import SourceError
from micrograd_np.ops.derivatives.convolution import convolve_windows

RNG = np.random.default_rng(0)


def run_twice(program, arguments):
    """What the executable returns, checked to be what the program is by definition, twice."""
    executable = build(program)
    with quiet():
        expected = program.run(copied(arguments))
        for _ in range(2):
            found = executable(*copied(arguments))
            assert_same(found, expected)
    return executable


def line_of(program, arguments):
    """The line of a program's last call, without the name of its result and without comments."""
    source = run_twice(program, arguments).source
    (last,) = ast.parse(source[source.index("def step") :]).body
    assigned = [part for part in last.body if isinstance(part, ast.Assign)]
    chosen = [part for part in assigned if not ast.unparse(part.targets[0]).endswith("_copy")]
    return ast.unparse(chosen[-1].value)


# ---------------------------------------------------------------- how calls are spelled

MATRIX = RNG.normal(size=(4, 3))
SQUARE = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
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


# ---------------------------------------------------------------- running


def test_no_parameters_no_results():
    assert run_twice(Builder().program(), [])() == ()
    b = Builder()
    assert_same(build(b.program(b.constant(np.ones(3))))(), [np.ones(3)])


def test_calls_with_several_results():
    b = Builder()
    x = b.parameter(SQUARE)
    q, r = b(np.linalg.qr, x)
    sign, _ = b(np.linalg.slogdet, x)
    fraction, _ = b(np.modf, x)
    (only,) = b(np.split, x, 1, view=True)
    run_twice(b.program(b(np.matmul, q, r), sign, fraction, b(np.exp, only)), b.arguments)


def test_a_function_of_ours_is_imported_and_one_of_nobody_given():
    b = Builder()
    x = b.parameter(MATRIX)
    mine = lambda x: x + 1
    out = b(helpers.scatter_add, b(mine, x, view=True), np.array([0, 1, 1, 0]), (3, 3))
    source = run_twice(b.program(out), b.arguments).source
    assert "from micrograd_np.compiler.helpers import scatter_add" in source
    assert "lambda" in source


def test_errors_midway_leave_nothing_behind():
    b = Builder()
    x = b.parameter(SQUARE)
    y = b(np.exp, b(np.negative, x))
    out = b(np.add, b(np.linalg.inv, b(np.matmul, x, x), note="gradient of inv"), y)
    executable = run_twice(b.program(out), b.arguments)
    singular = np.zeros((3, 3))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        executable(singular)
    np.testing.assert_array_equal(singular, 0)
    assert_same(executable(SQUARE), executable.program.run([SQUARE]))
    frame = [
        f
        for f in traceback.extract_tb(caught.value.__traceback__)
        if "micrograd_np step" in f.filename
    ]
    assert frame[0].line.startswith("inv = inv(") or "= inv(" in frame[0].line
    assert executable.source.splitlines()[frame[0].lineno - 1].strip() == frame[0].line


def test_the_lines_are_known_as_long_as_the_function_lives():
    b = Builder()
    big = np.ones(1000)
    out = b(np.add, b.parameter(np.ones(1000)), b.constant(big))
    executable = build(b.program(out))
    constant = weakref.ref(executable.function.__globals__["constant"])
    file = executable.function.__code__.co_filename
    assert constant() is big
    linecache.checkcache()
    assert "add(" in "".join(linecache.getlines(file))
    function = executable.function
    del executable
    assert file in linecache.cache
    gc.disable()
    try:
        del function
        assert file not in linecache.cache
    finally:
        gc.enable()


def test_eight_threads_share_an_executable():
    b = Builder()
    x, w = b.parameter(RNG.normal(size=(30, 20))), b.parameter(RNG.normal(size=(20, 20)))
    out = x
    for _ in range(12):
        out = b(np.tanh, b(np.matmul, out, w))
    program = b.program(out, b(np.sum, out, axis=0))
    executable = build(program)
    inputs = [RNG.normal(size=(30, 20)) for _ in range(8)]
    expected = [program.run([x, b.arguments[1]]) for x in inputs]
    wrong = []

    def work(number):
        for _ in range(40):
            found = executable(inputs[number], b.arguments[1])
            if not all(np.array_equal(*pair) for pair in zip(found, expected[number], strict=True)):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(executable.function.__globals__["pool"]) <= 8


@examples(1.5)
@given(programs())
def test_random_programs_and_their_gradients(drawn):
    places = tuple(range(len(drawn.inputs)))

    def function(*xs):
        return drawn.run(np, xs), *mg.grad(lambda *ys: drawn.run(np, ys), places)(*xs)

    program = traced(function, drawn.inputs)
    for each in (program, exactly_optimized(program)):
        run_twice(each, drawn.inputs)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int64", "int8", "bool", "complex64"])
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (3, 2), (2, 1, 4)])
def test_dtypes_and_shapes(dtype, shape):
    b = Builder()
    value = (RNG.normal(size=shape) * 4).astype(dtype)
    x, y = b.parameter(value), b.parameter(value[..., ::-1] if shape else value)
    more_dtype = "complex128" if dtype == "complex64" else "float64"
    total = b(np.add, x, y)
    scaled = b(np.multiply, total, b(np.add, x, 1))
    more = b(np.maximum, scaled, b(np.add, total, 0.5))
    results = [more, b(np.sum, more, axis=None), b(np.equal, b(np.square, total), x)]
    if shape and 0 not in shape:
        results += [b(np.sum, total, axis=0), b(np.max, scaled, axis=-1, keepdims=True)]
        results += [b(np.cumsum, b(np.negative, b(np.exp, x)), axis=0)]
        results += [b(np.mean, more, axis=-1), b(np.add.reduce, total, dtype=more_dtype)]
        results += [b(np.where, b(np.less, x, y), total, x)]
    run_twice(b.program(*results), b.arguments)


LAYOUTS = {
    "Fortran": np.asfortranarray,
    "reversed": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "strided": lambda x: np.repeat(np.repeat(x, 2, 0), 3, 1)[::2, ::3],
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "transposed": lambda x: np.ascontiguousarray(x.T).T,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("when", ["traced", "called"])
def test_layouts(layout, when):
    value = RNG.normal(size=(6, 4))
    given = LAYOUTS[layout](value)
    given.flags.writeable = False
    b = Builder()
    x = b.parameter(given if when == "traced" else value)
    total = b(np.add, b(np.exp, x), b(np.transpose, b(np.transpose, x, view=True), view=True))
    product = b(np.matmul, b(np.transpose, total, view=True), x)
    program = b.program(product, b(np.sum, total, axis=0), b(np.reshape, total, (24,), view=True))
    expected = program.run([given])
    executable = build(program)
    for _ in range(2):
        for found, wanted in zip(executable(given), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)
    if when == "traced":
        run_twice(program, [given])


# ---------------------------------------------------------------- fused groups


def fused_program():
    b = Builder()
    x, w = b.parameter(RNG.normal(size=(1200, 60))), b.parameter(RNG.normal(size=60))
    y = b(np.tanh, b(np.multiply, b(np.add, x, w), 0.5))
    z = b(np.multiply, b(np.exp, y), b(np.subtract, 1.0, y))
    made = b.program(b(np.sum, z, axis=0), b(np.matmul, z, b.constant(np.ones((60, 2)))))
    program = fuse(made, smallest=1 << 10, work=1)
    assert any(hasattr(each.function, "definition") for each in program.instructions)
    return program, b.arguments


def test_fused_groups_are_printed_as_functions():
    program, arguments = fused_program()
    executable = run_twice(program, arguments)
    assert "def fused(" in executable.source
    assert "from micrograd_np.compiler.blocks.running import" in executable.source
    assert report_of(program, executable).fused


# ---------------------------------------------------------------- saving


def loaded(path):
    """A saved module, run as it is."""
    module = type(sys)(path.stem)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), vars(module))  # noqa: S102
    return module


ALONE = """
import sys
class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("micrograd_np", "scipy", "numba"):
            raise ImportError(f"{name} is not here")
sys.meta_path.insert(0, Refused())
import numpy as np
try:
    import micrograd_np
except ImportError:
    pass
else:
    raise SystemExit("the package is here")
import saved
given = np.load("given.npz", allow_pickle=False)
values = [np.random.default_rng(5) if x.dtype.kind == "U" else x for x in given.values()]
for _ in range(2):
    results = saved.step(*values)
np.savez("found.npz", *results)
"""


def run_alone(program, arguments, folder):
    """The results of a saved program, second call, in a process without the package."""
    save(program, folder / "saved.py")
    values = [np.array("rng") if isinstance(x, np.random.Generator) else x for x in arguments]
    np.savez(folder / "given.npz", *values)
    (folder / "alone.py").write_text(ALONE)
    command = [sys.executable, "-W", "error", "alone.py"]
    environment = {"PATH": "", "PYTHONPATH": ""}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(np.load(folder / "found.npz").values())


def test_a_saved_program_runs_with_numpy_alone(tmp_path):
    b = Builder()
    x = b.parameter(RNG.normal(size=(2, 3, 9, 8)), "images")
    w = b.parameter(RNG.normal(size=(4, 3, 3, 3)), "weight")
    rng = b.parameter(np.random.default_rng(5), "rng")
    geometry = {"size": (9, 8), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}
    seen = b(convolve_windows.__wrapped__, x, w, view=True, **geometry)
    mask = b(Method("random"), rng, (2, 4, 9, 8), effect=True, view=True)
    kept = b(np.where, b(np.less, mask, 0.5), seen, 0.0)
    picked = b(operator.getitem, kept, (slice(None), np.array([0, 3, 3])))
    spread = b(helpers.scatter_add, picked, (slice(None), np.array([0, 3, 3])), (2, 4, 9, 8))
    table = b.constant(RNG.normal(size=(9, 8)), "table")
    late = b(helpers.index_update, b(np.divide, spread, b(np.subtract, table, table)), (0, 0), 1.5)
    program = b.program(late, mask, b(np.sum, seen, axis=(0, 2, 3)))
    expected = program
    with quiet():
        generator = np.random.default_rng(5)
        for _ in range(2):
            wanted = expected.run([*b.arguments[:2], generator])
    assert_same(run_alone(program, b.arguments, tmp_path), wanted)
    text = (tmp_path / "saved.py").read_text()
    assert "import micrograd_np" not in text
    assert "from micrograd_np" not in text
    assert "def convolve_windows(" in text


def test_a_saved_fused_group_runs_with_numpy_alone(tmp_path):
    program, arguments = fused_program()
    assert_same(run_alone(program, arguments, tmp_path), program.run(arguments))


def test_a_saved_program_is_silent(tmp_path):
    b = Builder()
    x = b.parameter(np.array([-1.0, 0.0]))
    save(b.program(b(np.log, x)), tmp_path / "saved.py")
    np.testing.assert_array_equal(
        loaded(tmp_path / "saved.py").step(b.arguments[0])[0], [np.nan, -np.inf]
    )


SCALE = 3.0
TABLE = {"shift": -1.0}


def shifted(x, by=SCALE):
    """A function of the user's, with what it needs."""
    return scaled(x) + by + TABLE["shift"] + float(SCALE)


def scaled(x):
    scale = np.asarray(SCALE)  # a comment
    return [scale * x for SCALE in (1,)][0] if x is not None else x  # noqa: RUF015 - names that are local


def test_functions_of_the_users_come_along(tmp_path):
    b = Builder()
    own = mg.primitive(shifted, partials=[1])
    x = b.parameter(MATRIX)
    clash = b(np.exp, x, hint="scaled")
    program = b.program(b(own.__wrapped__, clash, view=True))
    run_twice(program, b.arguments)
    save(program, tmp_path / "saved.py")
    assert_same(loaded(tmp_path / "saved.py").step(MATRIX), program.run([MATRIX]))


def test_functions_without_source_are_named_all_together(tmp_path):
    b = Builder()
    x = b.parameter(MATRIX)
    hidden = lambda x: x + 1
    y = b(hidden, x, view=True)

    def inner(x):
        return x * MATRIX

    def outer(x):
        return mg.relu(x)

    z = b(outer, b(inner, y, view=True), view=True)
    program = b.program(z)
    run_twice(program, b.arguments)
    with pytest.raises(SourceError, match=r"(?s)<lambda>.*inner.*outer"):
        save(program, tmp_path / "saved.py")
    assert not (tmp_path / "saved.py").exists()


def with_package(x):
    return mg.relu(x)


def test_functions_that_use_this_package_are_refused(tmp_path):
    b = Builder()
    program = b.program(b(with_package, b.parameter(MATRIX), view=True))
    with pytest.raises(SourceError, match=r"with_package.*uses micrograd_np"):
        save(program, tmp_path / "saved.py")


def test_what_cannot_be_written_is_refused(tmp_path):
    x = Variable.like("x", MATRIX)
    y = Variable.like("y", MATRIX)
    call = Instruction(scaled, (x,), {"how": object()}, (y,), view=True)
    with pytest.raises(SourceError, match="numbers, arrays and text"):
        save(Program("step", (x,), {}, (call,), (y,)), tmp_path / "saved.py")


# ---------------------------------------------------------------- reports


def test_the_report_counts():
    b = Builder()
    x = b.parameter(RNG.normal(size=(64, 32)))
    y = b(np.matmul, b(np.exp, b(np.negative, x)), b.constant(np.ones((32, 16))))
    program = b.program(b(np.sum, y))
    report = report_of(program, build(program), [("folding", 9, 5), ("dead code", 5, 4)])
    n = 64 * 32 * 8
    assert (report.traced, report.calls, report.fused) == (9, 4, ())
    assert (report.buffers, report.constants, report.constant_bytes) == (2, 1, 32 * 16 * 8)
    assert report.buffer_bytes == n + n // 2
    assert report.traffic == 2 * n + 2 * n + (n + 32 * 16 * 8 + n // 2) + n // 2 + 8
    assert report.peak >= report.buffer_bytes
    text = str(report)
    assert "folding" in text
    assert "9 → 5" in text
    assert in_units(1536) == "1.5 KiB"
