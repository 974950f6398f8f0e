"""The conventions are what happens: every record is run, and those of PyTorch and JAX there."""

import re
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from folding import each
from scipy import special

import micrograd_np as mg
from micrograd_np.nonsmooth import Convention, Conventions, conventions
from micrograd_np.nonsmooth.convention import as_text, row
from micrograd_np.nonsmooth.listing import TABLES, name_of

ROOT = Path(__file__).parents[2]
EVERYTHING = conventions()
NAMES = {"np": np, "mg": mg, "special": special}


def identify(record: Convention) -> str:
    return f"{record.what} at {record.at}"


def points(record: Convention) -> list[Any]:
    arrays = [np.asarray(value) for value in record.inputs.values()]
    return [x.astype(complex if x.dtype.kind == "c" else float) for x in arrays]


@contextmanager
def without_float_errors() -> Iterator[None]:
    """The infinities of a forward computation are NumPy's to report, and of no interest here."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def assert_found(found: Any, expected: Any, record: Convention, tolerance: float = 1e-14) -> None:
    """Equal to rounding: that of the entry, or in a decomposition that of the matrix."""
    rounding = 1e-14 if record.topic == "Matrices" else 0
    for g, right, x in zip(found, expected, points(record), strict=True):
        assert g.shape == x.shape
        np.testing.assert_allclose(g, np.asarray(right), rtol=tolerance, atol=rounding)


# ---------------------------------------------------------------- here


def total(record: Convention) -> Any:
    """The call as a function of its inputs, to a real number."""

    def of(*xs: Any) -> Any:
        variables = dict(zip(record.inputs, xs, strict=True))
        return np.sum(np.real(eval(record.call, NAMES | variables)))  # noqa: S307 - our own table

    return of


def first(record: Convention) -> Any:
    with without_float_errors():
        _, pullback = mg.vjp(total(record), *points(record))
    return pullback(1.0)  # outside: what backward warns of is an error


def second(record: Convention) -> Any:
    places = tuple(range(len(record.inputs)))

    def slopes(*xs: Any) -> Any:
        return sum(np.sum(g) for g in mg.grad(total(record), places)(*xs))

    with without_float_errors():
        return mg.grad(slopes, places)(*points(record))


@each("record", EVERYTHING, ids=identify)
def test_here(record: Convention) -> None:
    derivative = first if record.order == 1 else second
    if isinstance(record.gradient, str):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the record names it
            derivative(record)
        assert type(caught.value).__name__ == record.gradient
    else:
        assert_found(list(derivative(record)), record.gradient, record)


@each(
    "record",
    [r for r in EVERYTHING if r.order == 1 and not isinstance(r.gradient, str)],
    ids=identify,
)
def test_forward_mode_agrees(record: Convention) -> None:
    """The tangent along ones is the sum of the gradient's entries, wherever that is finite."""
    xs = points(record)
    flat = np.concatenate([np.ravel(np.asarray(g)) for g in record.gradient])
    with without_float_errors():
        value, tangent = mg.jvp(total(record), xs, [np.ones_like(x) for x in xs])
    if np.isnan(value) and np.isnan(tangent):
        return  # forward, what has no value has no change either
    if np.isfinite(flat).all():
        expected = np.sum(flat.real)
        np.testing.assert_allclose(tangent, expected, rtol=1e-13, atol=1e-13 * (expected == 0))
    elif record.op != "np.where":  # forward, the branch that is taken is all there is
        assert not np.isfinite(tangent)


# ---------------------------------------------------------------- in other libraries


@pytest.mark.oracle
@each("record", [r for r in EVERYTHING if r.pytorch], ids=identify)
def test_pytorch(record: Convention) -> None:
    torch = pytest.importorskip("torch")
    xs = [torch.tensor(x, requires_grad=True) for x in points(record)]
    variables = dict(zip(record.inputs, xs, strict=True))

    def gradients(of: Any, **options: Any) -> list[Any]:
        found = torch.autograd.grad(of, xs, allow_unused=True, **options)
        return [torch.zeros_like(x) if g is None else g for g, x in zip(found, xs, strict=True)]

    def derivative() -> list[Any]:
        out = eval(record.pytorch.call, {"torch": torch} | variables)  # noqa: S307 - our own table
        found = gradients(torch.real(out).sum(), create_graph=record.order == 2)
        if record.order == 2:
            found = gradients(sum(g.sum() for g in found))
        return [g.detach().numpy() for g in found]

    compare(derivative, record.pytorch.gradient, record)


@pytest.mark.oracle
@each("record", [r for r in EVERYTHING if r.jax], ids=identify)
def test_jax(record: Convention) -> None:
    jax = pytest.importorskip("jax")
    names = {"jnp": jax.numpy, "jax": jax}
    places = tuple(range(len(record.inputs)))

    def of(*xs: Any) -> Any:
        variables = dict(zip(record.inputs, xs, strict=True))
        out = eval(record.jax.call, names | variables)  # noqa: S307 - our own table
        return jax.numpy.sum(jax.numpy.real(out))

    def derivative() -> list[Any]:
        found = jax.grad(of, places)
        if record.order == 2:
            slopes = found
            found = jax.grad(lambda *xs: sum(g.sum() for g in slopes(*xs)), places)
        return [np.asarray(g) for g in found(*map(jax.numpy.asarray, points(record)))]

    with jax.enable_x64(True):
        compare(derivative, record.jax.gradient, record)


def compare(derivative: Any, expected: Any, record: Convention) -> None:
    """What a peer gives against what the record says that it gives."""
    if isinstance(expected, str):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the record names it
            derivative()
        assert type(caught.value).__name__.lstrip("_") == expected
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # what they warn of is theirs to say
            found = derivative()
        assert_found(found, expected, record, tolerance=1e-12)


def test_the_page_names_the_versions_that_are_compared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = dict(pin.split("==") for pin in project["optional-dependencies"]["bench"] if "==" in pin)
    page = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
    pytorch, jax = re.findall(r"PyTorch ([\d.]+) and JAX ([\d.]+),", page)[0]
    assert pins["torch"].startswith(pytorch)
    assert pins["jax"] == jax


# ---------------------------------------------------------------- that nothing is left out

POINTS = """
    abs fabs max min maximum minimum fmax fmin relu sign round floor clip sort median mod
    sqrt log cbrt norm std var power where arctan2 hypot arcsin sinc reciprocal prod cumprod
    logsumexp logaddexp softmax log_softmax det slogdet eigh eigvalsh eig eigvals svd svdvals
    cholesky inv pinv i0 quantile nansum nanmean nanmax nanmedian interp copysign heaviside angle
    sigmoid tanh logsigmoid softplus xlogy xlog1py entr rel_entr max_pool1d max_pool2d
"""


@each("name", POINTS.split())
def test_there_is_a_record_for_every_op_with_special_points(name: str) -> None:
    assert conventions(name)


def test_no_record_is_written_twice() -> None:
    said = [identify(record) for record in EVERYTHING]
    assert sorted(said) == sorted(set(said))


@each("record", EVERYTHING, ids=identify)
def test_records_are_complete(record: Convention) -> None:
    assert record.topic
    assert record.reason
    assert record.order in (1, 2)
    assert all(re.search(rf"\b{name}\b", record.call) for name in record.inputs)
    for answer in (record.gradient, *(p.gradient for p in (record.pytorch, record.jax) if p)):
        assert isinstance(answer, str) or len(answer) == len(record.inputs)


def test_tables_are_read_when_they_are_asked_for() -> None:
    program = (
        "import sys, micrograd_np as mg; first = set(sys.modules); mg.conventions('abs');"
        "print(*(set(sys.modules) - first))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    read = set(done.stdout.split())
    assert {f"micrograd_np.nonsmooth.{name}" for name in TABLES} <= read
    assert not any(name.startswith(("scipy", "torch", "jax")) for name in read)


# ---------------------------------------------------------------- asking


@pytest.mark.parametrize(
    ("asked", "op"),
    [
        ("abs", "np.abs"),
        ("np.abs", "np.abs"),
        ("absolute", "np.abs"),
        (np.absolute, "np.abs"),
        (mg.abs, "np.abs"),
        (np.amax, "np.max"),
        ("amax", "np.max"),
        (np.remainder, "np.mod"),
        ("linalg.norm", "np.linalg.norm"),
        ("norm", "np.linalg.norm"),
        (np.linalg.norm, "np.linalg.norm"),
        (mg.relu, "mg.relu"),
        ("mg.relu", "mg.relu"),
        (np.median, "np.median"),
        (special.xlogy, "special.xlogy"),
        ("special.xlogy", "special.xlogy"),
        (mg.nn.functional.max_pool2d, "mg.nn.functional.max_pool2d"),
    ],
)
def test_by_name_and_by_function(asked: Any, op: str) -> None:
    found = conventions(asked)
    assert isinstance(found, Conventions)
    assert [record.op for record in found] == [op] * len(found)
    assert found == [record for record in EVERYTHING if record.op == op]


def test_where_is_numpys_and_ours() -> None:
    assert {record.op for record in conventions(mg.where)} == {"np.where", "mg.where"}


def test_a_smooth_function_has_none() -> None:
    for smooth in (np.sin, "sin", special.erf, mg.exp, "trace"):
        assert conventions(smooth) == []
    assert repr(conventions("sin")) == "no points without a derivative"


@pytest.mark.parametrize("unknown", ["maxmum", "linalg", "pi", print])
def test_what_is_not_known_is_an_error(unknown: Any) -> None:
    with pytest.raises(ValueError, match="no derivative is registered") as caught:
        conventions(unknown)
    assert "Did you mean maximum" in str(caught.value) or unknown != "maxmum"


def test_every_op_named_by_a_record_exists() -> None:
    for record in EVERYTHING:
        assert callable(eval(record.op, NAMES))  # noqa: S307 - our own table
        assert conventions(record.op)
        assert name_of(record.op) == name_of(eval(record.op, NAMES))  # noqa: S307 - likewise


# ---------------------------------------------------------------- in words


def test_the_table_is_readable() -> None:
    text = repr(conventions(np.hypot))
    assert text == str(conventions(np.hypot))
    topic, headings, line, *_ = text.splitlines()
    assert topic == "Zeros, infinities and edges"
    assert headings.split() == ["call", "at", "ours", "PyTorch", "JAX", "because"]
    assert line.index("x = 0") == headings.index("at")
    assert line.index("0.5; 0.5") == headings.index("JAX")
    assert line.endswith("  the shortest of all directions")
    assert not any(line.endswith(" ") for line in text.splitlines())
    topics = [line for line in repr(EVERYTHING).splitlines() if line and line[0] != " "]
    assert len(topics) == len(TABLES)


def test_a_record_in_one_sentence() -> None:
    assert str(conventions("fabs")[0]) == "np.fabs(x) at x = 0: 0 (PyTorch –, JAX 1): as abs"
    curved = next(record for record in EVERYTHING if record.call == "x**2.0")
    assert str(curved).startswith("x**2.0, twice at x = 0: 2 (PyTorch 2, JAX 2)")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "-0"),
        (1 / 3, "0.3333"),
        (4.248354255291589e-18, "4.248e-18"),
        (-1j, "-1j"),
        (-1 + 0j, "-1+0j"),
        ([[1, 0.5], [float("nan"), -float("inf")]], "[[1, 0.5], [nan, -inf]]"),
        ((1, [2, 3]), "1; [2, 3]"),
        ("ValueError", "ValueError"),
    ],
)
def test_numbers_in_few_characters(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_the_calls_of_peers_are_spelled_as_ours_are() -> None:
    record = row("np.max(mg.relu(x) + special.i0(x))", {"x": 0.0}, 1, "", torch=2, jax=("f(x)", 3))
    assert record.pytorch.call == "torch.max(torch.relu(x) + torch.special.i0(x))"
    assert (record.jax.call, record.jax.gradient) == ("f(x)", (3,))
    assert record.op == "np.max"


def test_the_page_has_a_line_for_every_record() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "extensions"))
    try:
        import conventions_table
    finally:
        sys.path.pop(0)
    lines = [line for line in conventions_table.markdown().splitlines() if line.startswith("| `")]
    assert len(lines) == len(EVERYTHING)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {7}
    assert "| `np.abs(x)` | `x = 0` | `0` | `0` | **`1`** | the shortest of all slopes" in lines[0]
