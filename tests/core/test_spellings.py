"""Every way to write an operation: functions, methods, operators, ufuncs; and what is refused."""

import inspect
import operator
from typing import Any

import numpy as np
import pytest
from op_calls import Call, tensors
from optable import DIFFERENTIABLE, ROWS, Case, Row, by_row
from optable.table import KEYED

import micrograd_np as mg
from micrograd_np import Tensor
from micrograd_np.core.graph import PICK
from micrograd_np.core.op import EXPRESSIONS, OPS
from micrograd_np.errors import OptionError, UnregisteredFunctionError

MATRIX = np.array([[1.5, -0.5, 2.0], [0.25, 3.0, -1.0]])
SQUARE = np.array([[1.5, -0.5], [0.25, 3.0]])


def tracked(x: Any = MATRIX) -> Tensor:
    return Tensor(x, requires_grad=True)


def node_of(out: Any) -> Tensor:
    """The node that records the call: of several results, the hidden one they are picked from."""
    out = out[0] if isinstance(out, list | tuple) else out
    return out.inputs[0] if out.op is PICK else out


def assert_same_call(one: Any, other: Any) -> None:
    """The same op on the same inputs with the same options, so the same derivative."""
    one, other = node_of(one), node_of(other)
    assert one.op is other.op
    for x, y in zip(one.inputs, other.inputs, strict=True):
        if isinstance(x, Tensor) and x.requires_grad:
            assert x is y
        else:
            np.testing.assert_array_equal(x, y)
    assert one.options.keys() == other.options.keys()
    for name, value in one.options.items():
        np.testing.assert_equal(value, other.options[name])


# ---------------------------------------------------------------- positions and keywords


def names_by_position(function: Any) -> list[str]:
    """The parameters that take positions. Before NumPy 2.4 its builtins do not tell theirs."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return list(vars(OPS[function]).get("parameters", ()))
    return [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]


def by_position(row: Row, case: Case) -> bool:
    """Whether the options of a case are the first ones of the op's signature."""
    if row.function is np.einsum or isinstance(row.function, np.ufunc):
        return False
    if row.function in EXPRESSIONS or row.through is not None or not case.options:
        return False
    inputs = 1 if not row.spread else len(case.inputs)
    names = names_by_position(row.function)[inputs:]
    return set(names[: len(case.options)]) == case.options.keys()


POSITIONAL = [
    row._replace(cases=cases)
    for row in DIFFERENTIABLE
    if (cases := tuple(case for case in row.cases if by_position(row, case)))
]


@by_row(POSITIONAL)
def test_options_by_position_make_the_same_node(row: Row, case: Case) -> None:
    call = Call(row, case)
    inputs = call._placed(tensors(call.inputs))
    names = names_by_position(row.function)
    ordered = [case.options[name] for name in names if name in case.options]
    arguments = inputs if row.spread else [inputs]
    if row.function in KEYED:
        one, other = row.call(inputs, case.options), row.function(inputs[0], *ordered, inputs[1])
    else:
        one, other = row.call(inputs, case.options), row.function(*arguments, *ordered)
    assert_same_call(one, other)


def test_inputs_by_keyword_make_the_same_node() -> None:
    x, y = tracked(), tracked()
    assert_same_call(np.sum(a=x, axis=0), np.sum(x, 0))
    assert_same_call(np.reshape(x, shape=(3, 2)), np.reshape(x, (3, 2)))
    assert_same_call(np.clip(a=x, a_min=0, a_max=1), np.clip(x, 0, 1))
    assert_same_call(np.clip(x, min=0, max=1), np.clip(x, 0, 1))
    assert_same_call(np.concatenate((x, y), 1), np.concatenate([x, y], axis=1))
    assert_same_call(np.stack(arrays=[x, y]), np.stack([x, y]))
    assert_same_call(np.tensordot(a=x, b=y, axes=2), np.tensordot(x, y, 2))
    assert_same_call(np.take(a=x, indices=[0], axis=1), np.take(x, [0], 1))
    assert_same_call(np.outer(a=x, b=y), np.outer(x, y))
    assert_same_call(mg.softmax(x, 0), mg.softmax(x, axis=0))


# ---------------------------------------------------------------- methods

METHODS: list[tuple[str, tuple[Any, ...], dict[str, Any], Any]] = [
    ("sum", (0,), {}, lambda t: np.sum(t, 0)),
    ("sum", (), {"axis": 1, "keepdims": True}, lambda t: np.sum(t, axis=1, keepdims=True)),
    ("mean", (0,), {}, lambda t: np.mean(t, 0)),
    ("prod", (), {"axis": -1}, lambda t: np.prod(t, axis=-1)),
    ("max", (1,), {}, lambda t: np.max(t, 1)),
    ("min", (), {"keepdims": True}, lambda t: np.min(t, keepdims=True)),
    ("var", (), {"ddof": 1}, lambda t: np.var(t, ddof=1)),
    ("std", (0,), {}, lambda t: np.std(t, 0)),
    ("cumsum", (1,), {}, lambda t: np.cumsum(t, 1)),
    ("cumprod", (), {}, np.cumprod),
    ("round", (1,), {}, lambda t: np.round(t, 1)),
    ("clip", (-0.5, 2), {}, lambda t: np.clip(t, -0.5, 2)),
    ("clip", (), {"min": 0}, lambda t: np.clip(t, 0, None)),
    ("ravel", (), {}, np.ravel),
    ("ravel", ("F",), {}, lambda t: np.ravel(t, "F")),
    ("flatten", (), {}, np.ravel),
    ("squeeze", (), {}, np.squeeze),
    ("swapaxes", (0, 1), {}, lambda t: np.swapaxes(t, 0, 1)),
    ("repeat", (2,), {"axis": 0}, lambda t: np.repeat(t, 2, axis=0)),
    ("take", (1,), {"axis": 1}, lambda t: np.take(t, 1, axis=1)),
    ("diagonal", (1,), {}, lambda t: np.diagonal(t, 1)),
    ("trace", (), {}, np.trace),
    ("dot", (np.ones((3, 2)),), {}, lambda t: np.dot(t, np.ones((3, 2)))),
    ("copy", (), {}, np.copy),
    ("conj", (), {}, np.conjugate),
    ("reshape", (3, 2), {}, lambda t: np.reshape(t, (3, 2))),
    ("reshape", ((3, 2),), {}, lambda t: np.reshape(t, (3, 2))),
    ("reshape", (-1,), {}, lambda t: np.reshape(t, -1)),
    ("reshape", (3, 2), {"order": "F"}, lambda t: np.reshape(t, (3, 2), order="F")),
    ("transpose", (), {}, np.transpose),
    ("transpose", (1, 0), {}, lambda t: np.transpose(t, (1, 0))),
    ("transpose", ((1, 0),), {}, lambda t: np.transpose(t, (1, 0))),
]


@pytest.mark.parametrize(
    ("name", "args", "keywords", "function"), METHODS, ids=lambda x: str(x)[:20]
)
def test_a_method_is_its_function(
    name: str, args: tuple[Any, ...], keywords: dict[str, Any], function: Any
) -> None:
    """As ndarray's method in value; as NumPy's function in what is recorded."""
    t = tracked()
    out = getattr(t, name)(*args, **keywords)
    np.testing.assert_array_equal(out.data, getattr(MATRIX, name)(*args, **keywords))
    named = function(t)
    assert out.op is named.op
    np.testing.assert_array_equal(out.data, named.data)
    out.backward(np.ones(out.shape))
    first, t.grad = t.grad, None
    named.backward(np.ones(out.shape))
    np.testing.assert_array_equal(first, t.grad)


@pytest.mark.parametrize("name", ["argmax", "argmin", "argsort", "any", "all"])
def test_a_method_with_a_constant_result_is_its_function(name: str) -> None:
    out = getattr(tracked(), name)(axis=0)
    assert not out.requires_grad
    np.testing.assert_array_equal(out.data, getattr(MATRIX, name)(axis=0))


def test_nonzero_and_searchsorted_methods() -> None:
    np.testing.assert_equal(tracked().nonzero(), MATRIX.nonzero())
    edges = np.array([0.0, 1.0, 2.0])
    np.testing.assert_array_equal(tracked(edges).searchsorted(1.5).data, edges.searchsorted(1.5))


@pytest.mark.parametrize(("attribute", "op"), [("T", np.transpose), ("mT", np.matrix_transpose)])
def test_transposed_attributes(attribute: str, op: Any) -> None:
    out = getattr(tracked(), attribute)
    assert out.op is OPS[op]
    np.testing.assert_array_equal(out.data, getattr(MATRIX, attribute))


def test_astype_method() -> None:
    t = tracked()
    out = t.astype(np.float32)
    assert out.dtype == np.float32
    np.sum(out).backward()
    assert t.grad.dtype == np.float64
    assert not t.astype(int).requires_grad


# ---------------------------------------------------------------- operators

OPERATORS = [
    (operator.add, np.add), (operator.sub, np.subtract), (operator.mul, np.multiply),
    (operator.truediv, np.divide), (operator.pow, np.power), (operator.mod, np.remainder),
    (operator.matmul, np.matmul),
]  # fmt: skip
OTHERS = [
    2.5,
    2,
    True,
    np.float64(2.5),
    np.int64(2),
    np.array(2.5),
    np.array([[2, 3], [1, 2]]),
    SQUARE**2,
    [[2.0, 1.0], [3.0, 2.0]],
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda x: f"{type(x).__name__}{np.ndim(x)}")
@pytest.mark.parametrize(("symbol", "function"), OPERATORS, ids=lambda f: f.__name__)
def test_operators_with_anything_on_either_side(symbol: Any, function: Any, other: Any) -> None:
    """`t op x`, `x op t` and the ufunc record the same, with NumPy's value and dtype."""
    base = np.abs(SQUARE)  # a negative number has no fractional power
    if function is np.matmul and np.ndim(other) == 0:
        with pytest.raises(ValueError, match="matmul"):
            symbol(tracked(base), other)
        return
    for left, right in ((base, other), (other, base)):
        expected = function(left, right)
        t = tracked(base)
        wrapped = (t, right) if left is base else (left, t)
        for out in (symbol(*wrapped), function(*wrapped)):
            assert out.op is OPS[function]
            assert out.dtype == expected.dtype
            np.testing.assert_array_equal(out.data, expected)
            t.grad = None
            np.sum(out).backward()
            same = tracked(base)
            np.sum(function(*((same, right) if left is base else (left, same)))).backward()
            np.testing.assert_array_equal(t.grad, same.grad)


def test_unary_operators() -> None:
    t = tracked()
    assert (-t).op is OPS[np.negative]
    assert (+t).op is OPS[np.positive]
    assert abs(t).op is OPS[np.absolute]
    np.testing.assert_array_equal((~Tensor([True, False])).data, [False, True])


@pytest.mark.parametrize("transform", [mg.vmap, mg.grad, mg.compile])
def test_a_power_to_a_modulus_is_refused(transform: Any) -> None:
    with pytest.raises(TypeError):
        transform(lambda x: np.sum(pow(x, 2, 5)))(MATRIX)


def test_divmod_and_floor_division() -> None:
    t = tracked()
    quotient, remainder = divmod(t, 0.7)
    np.testing.assert_array_equal(quotient.data, MATRIX // 0.7)
    np.testing.assert_array_equal(remainder.data, MATRIX % 0.7)
    np.testing.assert_array_equal(np.divmod(7.0, t)[1].data, 7.0 % MATRIX)
    np.testing.assert_array_equal((t // 0.7).data, MATRIX // 0.7)
    np.testing.assert_array_equal((7.0 // t).data, 7.0 // MATRIX)
    np.sum(t // 0.7).backward()
    np.testing.assert_array_equal(t.grad, np.zeros((2, 3)))


@pytest.mark.parametrize(
    "symbol",
    [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge],
)
def test_comparisons_are_constants(symbol: Any) -> None:
    for other in (0.25, MATRIX, Tensor(MATRIX), tracked()):
        out = symbol(tracked(), other)
        assert isinstance(out, Tensor)
        assert not out.requires_grad
        bare = other.data if isinstance(other, Tensor) else other
        np.testing.assert_array_equal(out.data, symbol(MATRIX, bare))
    out = symbol(MATRIX, tracked())
    assert isinstance(out, Tensor)
    np.testing.assert_array_equal(out.data, symbol(MATRIX, MATRIX))


def test_bitwise_operators_on_masks() -> None:
    mask, other = Tensor(MATRIX) > 0, np.array([True, False, True])
    np.testing.assert_array_equal((mask & other).data, (MATRIX > 0) & other)
    np.testing.assert_array_equal((other | mask).data, other | (MATRIX > 0))
    np.testing.assert_array_equal((mask ^ True).data, (MATRIX > 0) ^ True)


@pytest.mark.parametrize("other", ["text", None, object(), {1: 2}], ids=repr)
def test_an_operand_that_is_no_number_is_a_type_error(other: Any) -> None:
    with pytest.raises(TypeError):
        tracked() + other
    with pytest.raises(TypeError):
        other * tracked()


# ---------------------------------------------------------------- ufunc methods

REDUCTIONS = [
    (np.add, np.sum), (np.multiply, np.prod), (np.maximum, np.max), (np.minimum, np.min),
    (np.logical_and, np.all), (np.logical_or, np.any),
]  # fmt: skip


@pytest.mark.parametrize(("ufunc", "function"), REDUCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "options", [{}, {"axis": 1}, {"axis": None}, {"axis": (0, 1)}, {"axis": -1, "keepdims": True}]
)
def test_reduce(ufunc: np.ufunc, function: Any, options: dict[str, Any]) -> None:
    t = tracked()
    out = ufunc.reduce(t, **options)
    np.testing.assert_array_equal(out.data, ufunc.reduce(MATRIX, **options))
    if out.requires_grad:
        assert_same_call(out, function(t, **({"axis": 0} | options)))
    else:
        assert function in (np.all, np.any)


def test_reduce_with_the_axis_by_position() -> None:
    t = tracked()
    assert_same_call(np.add.reduce(t, 1), np.sum(t, axis=1))


@pytest.mark.parametrize(("ufunc", "function"), [(np.add, np.cumsum), (np.multiply, np.cumprod)])
def test_accumulate(ufunc: np.ufunc, function: Any) -> None:
    t = tracked()
    assert_same_call(ufunc.accumulate(t), function(t, axis=0))
    assert_same_call(ufunc.accumulate(t, axis=1), function(t, axis=1))
    np.testing.assert_array_equal(ufunc.accumulate(t, 1).data, ufunc.accumulate(MATRIX, 1))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.power, np.greater])
def test_outer(ufunc: np.ufunc) -> None:
    x, y = tracked(np.abs(MATRIX)), tracked([1.25, 2.25])
    expected = ufunc.outer(x.data, y.data)
    for pair in ((x, y), (x.data, y), (x, y.data), (x, [1.25, 2.25])):
        out = ufunc.outer(*pair)
        np.testing.assert_array_equal(out.data, expected)
    out = ufunc.outer(x, y)
    assert out.requires_grad == (ufunc is not np.greater)
    if out.requires_grad:
        np.sum(out).backward()
        assert (x.grad.shape, y.grad.shape) == ((2, 3), (2,))


@pytest.mark.parametrize(
    ("spelling", "call"),
    [
        ("arctan2.reduceat", lambda t: np.arctan2.reduceat(t, [0, 1])),
        ("power.reduce", np.power.reduce),
        ("isnat", np.isnat),
    ],
)
def test_what_has_no_derivative_says_so(spelling: str, call: Any) -> None:
    with pytest.raises(UnregisteredFunctionError, match=spelling) as caught:
        call(tracked())
    assert "stop_gradient" in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_a_ufunc_of_another_library_is_refused() -> None:
    special = pytest.importorskip("scipy.special")
    with pytest.raises(UnregisteredFunctionError, match="the ufunc `kolmogorov`"):
        special.kolmogorov(tracked())
    np.testing.assert_array_equal(special.kolmogorov(Tensor([0.0])).data, [1.0])


def test_what_has_no_derivative_is_computed_on_constants() -> None:
    ordered = np.sort(Tensor([2.0, 1.0]))
    assert isinstance(ordered, Tensor)
    assert ordered.tolist() == [1.0, 2.0]
    assert np.unwrap([Tensor(1.0), Tensor(2.0)]).tolist() == [1.0, 2.0]


# ---------------------------------------------------------------- options that are refused


@pytest.mark.parametrize(
    "call",
    [
        lambda t, out: np.add(t, 1, out=out),
        lambda t, out: np.add(t, 1, out),
        lambda t, out: np.sin(t, out=out),
        lambda t, out: np.sum(t, axis=0, out=out[0]),
        lambda t, out: np.clip(t, 0, 1, out=out),
        lambda t, out: np.matmul(t, np.ones((3, 3)), out=out),
        lambda t, out: np.concatenate([t, t], out=out),
        lambda t, out: np.max(t, out=out),
        lambda t, out: np.var(t, out=out),
        lambda t, out: np.einsum("ij->i", t, out=out),
        lambda t, out: np.add.reduce(t, out=out),
        lambda t, out: np.greater(t, 0, out=out),
        lambda t, out: t.sum(0, None, out),
        lambda t, out: np.add(out, 1.0, out=t),
    ],
)
def test_out_is_refused_with_the_way_to_write_it(call: Any) -> None:
    with pytest.raises(TypeError, match="t = f"):
        call(tracked(), np.zeros((2, 3)))


@pytest.mark.parametrize(
    "call",
    [
        lambda t: np.sin(t, where=MATRIX > 0),
        lambda t: np.matmul(t, np.ones((3, 3)), axes=[(0, 1)] * 3),
        lambda t: np.exp(t, casting="unsafe"),
    ],
)
def test_an_option_without_a_derivative_is_refused(call: Any) -> None:
    with pytest.raises(OptionError, match="derivative"):
        call(tracked())


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.repeat(x, 3, axis=0),
        lambda x: np.take(x, [0, 0], axis=0),
        lambda x: np.cumprod(x, axis=0),
        lambda x: np.cumsum(x, axis=-1),
        lambda x: np.sum(x, axis=0),
    ],
)
def test_a_number_has_the_axis_that_numpy_gives_it(call: Any) -> None:
    number = tracked(2.0)
    call(number).sum().backward()
    assert number.grad == call(np.array(1.0)).size
    assert mg.jvp(call, [2.0], [1.0])[1].shape == call(np.array(2.0)).shape


def test_out_none_is_no_option() -> None:
    t = tracked()
    assert np.sum(t, axis=0, out=None).options == {"axis": 0}
    assert np.concatenate([t, t], axis=0, out=None).options == {"axis": 0}


@pytest.mark.parametrize("options", [{"stat_length": 2}, {"end_values": 1.0}])
def test_pad_options_of_another_mode_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not take"):
        np.pad(tracked(), 1, mode="reflect", **options)


@pytest.mark.parametrize("value", [1, None])
def test_pad_options_that_numpy_has_not_are_refused(value: Any) -> None:
    with pytest.raises(OptionError, match=r"spiral.*stat_length"):
        np.pad(tracked(), 1, spiral=value)


def test_pad_keeps_the_options_that_are_given() -> None:
    assert np.pad(tracked(), 1).options == {"pad_width": 1, "mode": "constant"}


@pytest.mark.parametrize(
    ("function", "count"), [(np.nansum, 3), (np.percentile, 4), (np.linalg.trace, 3)]
)
def test_too_many_arguments_are_counted_under_the_name_in_numpy(function: Any, count: int) -> None:
    with pytest.raises(TypeError, match=rf"^{function.__name__}\(\) takes"):
        function(tracked(), *(1 for _ in range(count)))


def test_where_with_one_argument_gives_positions() -> None:
    for condition, bare in ((tracked(), MATRIX), (tracked() > 0, MATRIX > 0)):
        for positions, expected in zip(np.where(condition), np.where(bare), strict=True):
            assert not getattr(positions, "requires_grad", False)
            np.testing.assert_array_equal(positions, expected)


def test_every_row_can_be_found_by_its_function() -> None:
    assert all(row.function is function for function, row in ROWS.items())
