"""PyTorch and JAX as oracles: the rows of the table that they know too, value and gradient.

Skipped where they are not installed. Points of disagreement are kinks and limits; the table's
domains stay away from those, and `test_conventions` states our answers there.
"""
# ruff: noqa: E501 - a row of the table stays on one line

from typing import Any

import numpy as np
import pytest
from folding import each
from op_calls import Call
from optable import DIFFERENTIABLE, Case, Row

import micrograd_np as mg

pytestmark = pytest.mark.oracle

# ---------------------------------------------------------------- PyTorch


def dims(options: dict[str, Any]) -> dict[str, Any]:
    """NumPy's names of options in PyTorch's words."""
    words = {"axis": "dim", "keepdims": "keepdim"}
    return {words.get(name, name): value for name, value in options.items()}


# By default the function of the same name with the options translated; here is what differs.
# fmt: off
TORCH: dict[str, Any] = {
    "power":         lambda torch, x, y: torch.pow(x, y),
    "matrix_transpose": lambda torch, x: x.mT,
    "softplus":      lambda torch, x: torch.nn.functional.softplus(x, threshold=100),
    "logsigmoid":    lambda torch, x: torch.nn.functional.logsigmoid(x),
    "max":           lambda torch, x, axis=None, keepdims=False: torch.amax(x, dims_of(x, axis), keepdims),
    "min":           lambda torch, x, axis=None, keepdims=False: torch.amin(x, dims_of(x, axis), keepdims),
    "sum":           lambda torch, x, axis=None, keepdims=False: torch.sum(x, dims_of(x, axis), keepdims),
    "mean":          lambda torch, x, axis=None, keepdims=False: torch.mean(x, dims_of(x, axis), keepdims),
    "var":           lambda torch, x, axis=None, ddof=0, keepdims=False: torch.var(x, dims_of(x, axis), correction=ddof, keepdim=keepdims),
    "std":           lambda torch, x, axis=None, ddof=0, keepdims=False: torch.std(x, dims_of(x, axis), correction=ddof, keepdim=keepdims),
    "prod":          lambda torch, x, axis=None, keepdims=False: torch.prod(x).reshape((1,) * x.ndim if keepdims else ()) if axis is None else torch.prod(x, axis, keepdims),
    "cumsum":        lambda torch, x, axis=None: torch.cumsum(x.ravel() if axis is None else x, axis or 0),
    "cumprod":       lambda torch, x, axis=None: torch.cumprod(x.ravel() if axis is None else x, axis or 0),
    "logsumexp":     lambda torch, x, axis=None, keepdims=False: torch.logsumexp(x, dims_of(x, axis), keepdims),
    "softmax":       lambda torch, x, axis=-1: torch.softmax(x, axis),
    "log_softmax":   lambda torch, x, axis=-1: torch.log_softmax(x, axis),
    "reshape":       lambda torch, x, shape: torch.reshape(x, shape if isinstance(shape, tuple) else (shape,)),
    "transpose":     lambda torch, x, axes=None: torch.permute(x, axes or tuple(range(x.ndim))[::-1]),
    "concatenate":   lambda torch, *xs, axis=0: torch.concatenate(xs, axis),
    "stack":         lambda torch, *xs, axis=0: torch.stack(xs, axis),
    "flip":          lambda torch, x, axis=None: torch.flip(x, np.atleast_1d(dims_of(x, axis)).tolist()),
    "vdot":          lambda torch, x, y: torch.dot(x.ravel(), y.ravel()),
    "outer":         lambda torch, x, y: torch.outer(x.ravel(), y.ravel()),
    "einsum":        lambda torch, *xs, subscripts: torch.einsum(subscripts, *xs),
    "linalg.norm":   lambda torch, x, **options: torch.linalg.norm(x, **dims(options)),
    "vecdot":        lambda torch, x, y, axis=-1: torch.linalg.vecdot(x, y, dim=axis),
    "linalg.vecdot": lambda torch, x, y, axis=-1: torch.linalg.vecdot(x, y, dim=axis),
    "matvec":        lambda torch, x, y: (x @ y[..., None])[..., 0],
    "tensordot":     lambda torch, x, y, axes=2: torch.tensordot(x, y, axes),
    "diagonal":      lambda torch, x, offset=0, axis1=0, axis2=1: torch.diagonal(x, offset, axis1, axis2),
}
# fmt: on


# The rows that are compared here, by name; other families have oracle tests of their own.
IN_BOTH = """
    absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh concatenate cos cosh
    cumprod cumsum deg2rad diagonal divide einsum exp exp2 expm1 flip float_power fmax fmin
    hypot inner linalg.norm linalg.vecdot log log10 log1p log2 log_softmax logaddexp logaddexp2
    logsigmoid logsumexp matmul matrix_transpose matvec max maximum mean min minimum multiply
    negative outer positive power prod rad2deg reciprocal relu remainder reshape sigmoid sin
    sinh softmax softplus sqrt square stack std subtract sum tan tanh tensordot transpose var
    vdot vecdot
"""
ONLY_IN_TORCH = "copysign fmod"  # JAX's gradient is another one by convention
ONLY_IN_JAX = """
    array_split broadcast_to cbrt clip copy divmod dot expand_dims fabs moveaxis pad ravel repeat
    roll split squeeze swapaxes take take_along_axis tile trace vecmat where
"""  # PyTorch has no such function, or another meaning of the name


def dims_of(x: Any, axis: Any) -> Any:
    return tuple(range(x.ndim)) if axis is None else axis


ONE_AXIS_IN_TORCH = {"prod", "softmax", "log_softmax", "concatenate"}


def plain_cases(row: Row, count: int) -> list[Case]:
    """The first cases of real numbers, without empty arrays and without what only NumPy has."""
    unusual = {"dtype", "order", "copy", "where", "correction", "optimize", "initial", "mean"}
    return [
        case
        for case in row.cases
        if all(0 not in given for given in case.inputs if type(given) is tuple)
        and not unusual & case.options.keys()
        and case.options.get("axis") != ()
        and "c" not in case.kinds
    ][:count]


def parameters(names: str, count: int) -> list[tuple[Row, Case]]:
    return [
        (row, case)
        for row in DIFFERENTIABLE
        if row.name in names.split()
        and not getattr(row.function, "__module__", "").startswith("numpy.lib")  # np.emath's
        for case in plain_cases(row, count)
    ]


def named(parameters: tuple[Row, Case]) -> str:
    row, case = parameters
    return f"{row.name} in the case {case}"


def torch_parameters() -> list[tuple[Row, Case]]:
    return [
        (row, case)
        for row, case in parameters(f"{IN_BOTH} {ONLY_IN_TORCH}", 6)
        if row.name not in ONE_AXIS_IN_TORCH or isinstance(case.options.get("axis", 0), int)
    ]


@each(("row", "case"), torch_parameters(), ids=named)
def test_torch_agrees(row: Row, case: Case) -> None:
    torch = pytest.importorskip("torch")
    call = Call(row, case)
    leaves = [torch.tensor(x, requires_grad=True) for x in call.inputs]
    inputs = [torch.tensor(x) if isinstance(x, np.ndarray | float | int) else x for x in call.drawn]
    for place, leaf in zip(call.places, leaves, strict=True):
        inputs[place] = leaf
    if row.name in TORCH:
        theirs = TORCH[row.name](torch, *inputs, **case.options)
    else:
        theirs = getattr(torch, row.name)(*inputs, **dims(case.options))
    (ours,), pullback = mg.vjp(call, *call.inputs)
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-12, atol=1e-13)
    g = np.random.default_rng(0).normal(size=ours.shape)
    theirs.backward(torch.tensor(g))
    for found, leaf in zip(pullback([g]), leaves, strict=True):
        expected = np.zeros(found.shape) if leaf.grad is None else leaf.grad.numpy()
        np.testing.assert_allclose(found.data, expected, rtol=1e-9, atol=1e-11)


# ---------------------------------------------------------------- JAX

JAX = {
    "sigmoid": "nn.sigmoid",
    "relu": "nn.relu",
    "softplus": "nn.softplus",
    "logsigmoid": "nn.log_sigmoid",
    "softmax": "nn.softmax",
    "log_softmax": "nn.log_softmax",
    "logsumexp": "nn.logsumexp",
}


def jax_function(jax: Any, name: str) -> Any:
    found = jax if name in JAX else jax.numpy
    for part in JAX.get(name, name).split("."):
        found = getattr(found, part)
    return found


@each(("row", "case"), parameters(f"{IN_BOTH} {ONLY_IN_JAX}", 1), ids=named)
def test_jax_agrees(row: Row, case: Case) -> None:
    jax = pytest.importorskip("jax")
    call = Call(row, case)
    function = jax_function(jax, row.name)

    def theirs(*varied: Any) -> Any:
        inputs, options = call._placed(varied), dict(case.options)
        if "subscripts" in options:
            inputs.insert(0, options.pop("subscripts"))
        inputs = [np.asarray(x) if isinstance(x, list) else x for x in inputs]
        out = function(*inputs, **options) if row.spread else function(inputs, **options)
        return list(out) if isinstance(out, list | tuple) else [out]

    with jax.enable_x64(True):
        expected, their_pullback = jax.vjp(theirs, *map(jax.numpy.asarray, call.inputs))
        ours, pullback = mg.vjp(call, *call.inputs)
        for part, right in zip(ours, expected, strict=True):
            np.testing.assert_allclose(part.data, right, rtol=1e-11, atol=1e-12)
        weights = call.like(ours)
        pulled = their_pullback([jax.numpy.asarray(w) for w in weights])
        for found, right in zip(pullback(weights), pulled, strict=True):
            np.testing.assert_allclose(found.data, right, rtol=1e-8, atol=1e-10)
