"""Random programs: what NumPy, PyTorch and JAX are all asked to compute and differentiate.

A *program* is a straight line of steps over a growing list of arrays: the inputs first, then what
the steps make of them. Hypothesis draws which op each step applies, to which arrays, with which
numbers, so that a failing program shrinks to a short one and prints as code. Every step keeps away
from kinks (a tie of a maximum) and from values that are huge: there derivatives are a matter of
convention or of rounding, which the tests of the conventions are for.

An `Operation` is written once for NumPy and JAX (whose names agree), and for PyTorch where its
names or options differ.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import micrograd_np as mg

Array = Any
LARGEST = 30.0  # values beyond are not used further
CLEAR = 1e-3  # the least distance from a kink

# How many programs a test tries.
ORDINARY = settings(max_examples=200, derandomize=True)
EXHAUSTIVE = settings(max_examples=20_000)


class Operation(NamedTuple):
    """One kind of step: how each library writes it, and where it may be applied."""

    name: str
    arity: int
    apply: Callable[..., Array]  # (xp, *arrays, *numbers), for NumPy and JAX
    torch: Callable[..., Array] | None = None  # the same for PyTorch, where `apply` is not
    fits: Callable[..., bool] = lambda *shapes: True  # which shapes it takes
    numbers: Callable[..., st.SearchStrategy[tuple[Any, ...]]] | None = None  # of the shapes
    smooth: Callable[..., Any] | None = None  # how far from a kink the arrays are, entry by entry


class Step(NamedTuple):
    """An operation, the places of its operands, and its numbers."""

    operation: Operation
    places: tuple[int, ...]
    numbers: tuple[Any, ...]


class Program(NamedTuple):
    """Inputs, the directions in which they are varied, and steps."""

    inputs: list[np.ndarray[Any, Any]]
    directions: list[np.ndarray[Any, Any]]
    steps: list[Step]

    def __repr__(self) -> str:
        lines = [f"x{i} = {x.tolist()}" for i, x in enumerate(self.inputs)]
        for i, (operation, places, numbers) in enumerate(self.steps, len(self.inputs)):
            arguments = [f"x{place}" for place in places] + [repr(n) for n in numbers]
            lines.append(f"x{i} = {operation.name}({', '.join(arguments)})")
        return "\n".join(["", *lines, f"directions = {[t.tolist() for t in self.directions]}"])

    def run(self, xp: Any, inputs: Sequence[Array]) -> Array:
        """The program's number, by one library: the sum of all that no step has used."""
        arrays = list(inputs)
        for operation, places, numbers in self.steps:
            operands = [arrays[place] for place in places]
            apply = (
                operation.torch if xp.__name__ == "torch" and operation.torch else operation.apply
            )
            arrays.append(apply(xp, *operands, *numbers))
        used = {place for step in self.steps for place in step.places}
        ends = [xp.sum(x * x) for i, x in enumerate(arrays) if i not in used]
        total = ends[0]
        for end in ends[1:]:
            total = total + end
        return total


# ---------------------------------------------------------------- where the kinks are


def gap(x: Array, axis: int = -1) -> Array:
    """The least distance between neighbours in the sorted array; large where there are none."""
    ordered = np.sort(x, axis=axis)
    return np.diff(ordered, axis=axis) if np.shape(x)[axis] > 1 else np.array(1.0)


def distance(x: Array, y: Array) -> Array:
    return np.abs(x - y)


def unlike(x: Array, y: Array) -> Array:
    return np.minimum(np.hypot(x, y), distance(np.abs(x), np.abs(y)))


# ---------------------------------------------------------------- shapes and numbers


def at_least(ndim: int) -> Callable[..., bool]:
    return lambda *shapes: all(len(shape) >= ndim and 0 not in shape for shape in shapes)


def broadcast(*shapes: tuple[int, ...]) -> bool:
    try:
        return len(np.broadcast_shapes(*shapes)) <= 3
    except ValueError:
        return False


def matrices(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
    return len(x) in (1, 2) and len(y) in (1, 2) and x[-1] == y[-2 if len(y) > 1 else -1]


def some_axis(*shapes: tuple[int, ...]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.integers(-len(shapes[0]), len(shapes[0]) - 1))


def equal(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
    return x == y and len(x) > 0


def square(xp: Any, x: Array) -> Array:
    """A well-conditioned positive definite matrix made of a vector or a matrix."""
    rows = x.reshape((-1, x.shape[-1]))
    eye = xp.eye(int(x.shape[-1]), dtype=x.dtype)
    return xp.matmul(rows.T, rows) + (2.0 + 0.0 * xp.sum(x)) * eye


# ---------------------------------------------------------------- the operations

OPERATIONS: list[Operation] = []


def operation(name: str, arity: int, *spelled: Callable[..., Array], **fields: Any) -> None:
    OPERATIONS.append(Operation(name, arity, *spelled, **fields))


UNARY = (
    "sin",
    "cos",
    "tanh",
    "exp",
    "arctan",
    "arcsinh",
    "square",
    "expm1",
    "sinh",
    "exp2",
    "negative",
)
for name in UNARY:
    operation(name, 1, lambda xp, x, name=name: getattr(xp, name)(x))
# fmt: off
operation("cosh",        1, lambda xp, x: xp.cosh(x))
operation("log",         1, lambda xp, x: xp.log(x * x + 0.5))
operation("log1p",       1, lambda xp, x: xp.log1p(x * x))
operation("log2",        1, lambda xp, x: xp.log2(x * x + 0.7))
operation("sqrt",        1, lambda xp, x: xp.sqrt(x * x + 0.3))
operation("reciprocal",  1, lambda xp, x: xp.reciprocal(x * x + 1.1))
operation("arcsin",      1, lambda xp, x: xp.arcsin(0.9 * xp.tanh(x)))
operation("arctanh",     1, lambda xp, x: xp.arctanh(0.8 * xp.sin(x)))
operation("tan",         1, lambda xp, x: xp.tan(1.2 * xp.tanh(x)))
operation("abs",         1, lambda xp, x: xp.abs(x), smooth=lambda x: x)
operation("clip",        1, lambda xp, x: xp.clip(x, -0.7, 0.9), smooth=lambda x: np.minimum(np.abs(x + 0.7), np.abs(x - 0.9)))
operation("floor",       1, lambda xp, x: x - xp.floor(x), smooth=lambda x: x - np.rint(x))
operation("cube",        1, lambda xp, x: x ** 3)
operation("root",        1, lambda xp, x: (x * x + 0.4) ** 0.3)
operation("sinc",        1, lambda xp, x: xp.sinc(x), smooth=lambda x: x / 50)  # PyTorch's second slope is wrong near 0

operation("add",         2, lambda xp, x, y: x + y, fits=broadcast)
operation("subtract",    2, lambda xp, x, y: x - y, fits=broadcast)
operation("multiply",    2, lambda xp, x, y: x * y, fits=broadcast)
operation("divide",      2, lambda xp, x, y: x / (y * y + 0.8), fits=broadcast)
operation("power",       2, lambda xp, x, y: (x * x + 0.5) ** y, fits=broadcast, smooth=lambda x, y: y)  # PyTorch's mixed slope is wrong at y = 0
operation("maximum",     2, lambda xp, x, y: xp.maximum(x, y), fits=broadcast, smooth=distance)
operation("minimum",     2, lambda xp, x, y: xp.minimum(x, y), fits=broadcast, smooth=distance)
operation("hypot",       2, lambda xp, x, y: xp.hypot(x, y), fits=broadcast, smooth=unlike)  # JAX's second slope is wrong at |x| = |y|
operation("arctan2",     2, lambda xp, x, y: xp.arctan2(x, y), fits=broadcast, smooth=np.hypot)
operation("logaddexp",   2, lambda xp, x, y: xp.logaddexp(x, y), fits=broadcast)
operation("where",       2, lambda xp, x, y: xp.where(x > 0.1, xp.sin(y), x * y), fits=broadcast, smooth=lambda x, y: x - 0.1)

operation("sum",         1, lambda xp, x, axis: xp.sum(x, axis=axis), lambda xp, x, axis: xp.sum(x, dim=axis), fits=at_least(1), numbers=some_axis)
operation("mean",        1, lambda xp, x, axis: xp.mean(x, axis=axis, keepdims=True), lambda xp, x, axis: xp.mean(x, dim=axis, keepdim=True), fits=at_least(1), numbers=some_axis)
operation("sum all",     1, lambda xp, x: xp.sum(x))
operation("prod",        1, lambda xp, x, axis: xp.prod(x, axis=axis), lambda xp, x, axis: xp.prod(x, dim=axis), fits=at_least(1), numbers=some_axis)
operation("max",         1, lambda xp, x, axis: xp.max(x, axis=axis), lambda xp, x, axis: xp.amax(x, dim=axis), fits=at_least(1), numbers=some_axis, smooth=gap)
operation("min",         1, lambda xp, x, axis: xp.min(x, axis=axis), lambda xp, x, axis: xp.amin(x, dim=axis), fits=at_least(1), numbers=some_axis, smooth=gap)
operation("var",         1, lambda xp, x, axis: xp.var(x, axis=axis), lambda xp, x, axis: xp.var(x, dim=axis, correction=0), fits=at_least(1), numbers=some_axis)
operation("std",         1, lambda xp, x, axis: xp.sqrt(xp.var(x, axis=axis) + 0.1), lambda xp, x, axis: xp.sqrt(xp.var(x, dim=axis, correction=0) + 0.1), fits=at_least(1), numbers=some_axis)
operation("cumsum",      1, lambda xp, x, axis: xp.cumsum(x, axis=axis), lambda xp, x, axis: xp.cumsum(x, dim=axis), fits=at_least(1), numbers=some_axis)
operation("cumprod",     1, lambda xp, x, axis: xp.cumprod(x, axis=axis), lambda xp, x, axis: xp.cumprod(x, dim=axis), fits=at_least(1), numbers=some_axis)
operation("sort",        1, lambda xp, x, axis: xp.sort(x, axis=axis), lambda xp, x, axis: xp.sort(x, dim=axis).values, fits=at_least(1), numbers=some_axis, smooth=gap)

operation("ravel",       1, lambda xp, x: xp.ravel(x))
operation("transpose",   1, lambda xp, x: xp.transpose(x), lambda xp, x: xp.permute(x, tuple(range(x.ndim))[::-1]))
operation("expand",      1, lambda xp, x: x[None], fits=lambda shape: len(shape) < 3)
operation("flip",        1, lambda xp, x, axis: xp.flip(x, (axis,)), fits=at_least(1), numbers=some_axis)
operation("roll",        1, lambda xp, x, axis: xp.roll(x, 1, axis), fits=at_least(1), numbers=some_axis)
operation("first",       1, lambda xp, x: x[0], fits=at_least(1))
operation("every other", 1, lambda xp, x: x[..., ::2], fits=at_least(1))
operation("repeated",    1, lambda xp, x: x[xp.asarray([0, -1, 0])], fits=at_least(1))
operation("moved",       1, lambda xp, x, axis: xp.moveaxis(x, axis, 0), fits=at_least(1), numbers=some_axis)
operation("tril",        1, lambda xp, x: xp.tril(x), fits=at_least(2))
operation("diagonal",    1, lambda xp, x: xp.diagonal(x), fits=at_least(2))
operation("tile",        1, lambda xp, x: xp.tile(x, (2,)), fits=lambda shape: len(shape) > 0 and shape[-1] <= 3)
operation("concatenate", 2, lambda xp, x, y: xp.concatenate([x, y], 0), lambda xp, x, y: xp.cat([x, y]), fits=lambda x, y: len(x) == len(y) > 0 and x[1:] == y[1:] and x[0] + y[0] <= 6)
operation("stack",       2, lambda xp, x, y: xp.stack([x, y], 0), fits=lambda x, y: x == y and len(x) < 3)

operation("matmul",      2, lambda xp, x, y: xp.matmul(x, y), fits=matrices)
operation("outer",       2, lambda xp, x, y: xp.outer(x, y), fits=lambda x, y: len(x) == len(y) == 1)
operation("einsum",      2, lambda xp, x, y: xp.einsum("...i,...i->...", x, y), fits=equal)
operation("tensordot",   2, lambda xp, x, y: xp.tensordot(x, y, 1), fits=lambda x, y: 0 < len(x) < 3 and 0 < len(y) < 3 and x[-1] == y[0])
operation("solve",       2, lambda xp, x, y: xp.linalg.solve(square(xp, x), y[..., None])[..., 0], fits=lambda x, y: len(x) in (1, 2) and len(y) == 1 and x[-1] == y[0])
operation("inv",         1, lambda xp, x: xp.linalg.inv(square(xp, x)), fits=at_least(1))
operation("det",         1, lambda xp, x: xp.linalg.det(square(xp, 0.5 * xp.tanh(x))), fits=at_least(1))
operation("slogdet",     1, lambda xp, x: xp.linalg.slogdet(square(xp, x))[1], fits=at_least(1))
operation("cholesky",    1, lambda xp, x: xp.linalg.cholesky(square(xp, x)), fits=at_least(1))
operation("norm",        1, lambda xp, x: xp.sqrt(xp.sum(x * x) + 0.2))
operation("fft",         1, lambda xp, x: xp.real(xp.fft.fft(x) * (1 + 2j)), fits=at_least(1))
operation("rfft",        1, lambda xp, x: xp.abs(xp.fft.rfft(x)) ** 2, fits=at_least(1))
operation("phase",       1, lambda xp, x: xp.real(xp.exp(1j * x) * x))
# fmt: on


# ---------------------------------------------------------------- drawing programs

SHAPES = [(), (1,), (3,), (2, 3), (3, 1), (1, 3), (2, 1, 3), (3, 3)]
TENTHS = st.integers(-14, 14)  # values: a lattice that two arrays do not share


@st.composite
def programs(draw: st.DrawFn, longest: int = 8) -> Program:
    """A program of at most `longest` steps over one to three inputs."""
    inputs = []
    for number in range(draw(st.integers(1, 3))):
        shape = draw(st.sampled_from(SHAPES))
        count = int(np.prod(shape))
        drawn = draw(st.lists(TENTHS, min_size=count, max_size=count))
        offsets = 0.013 * np.arange(count) + 0.007 * number
        inputs.append((np.array(drawn) / 10 + offsets).reshape(shape))
    directions = [
        np.cos(1.7 * np.arange(x.size) + i).reshape(x.shape) for i, x in enumerate(inputs)
    ]
    arrays = list(inputs)
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, longest))):
        step = draw(steps_for(arrays))
        value = applied(step, arrays)
        if value is None:
            continue
        steps.append(step)
        arrays.append(value)
    return Program(inputs, directions, steps)


def steps_for(arrays: list[Array]) -> st.SearchStrategy[Step]:
    """A step that the arrays so far have the shapes for; later arrays are likelier."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Step:
        chosen = draw(st.sampled_from(OPERATIONS))
        places = tuple(
            len(arrays) - 1 - draw(st.integers(0, len(arrays) - 1)) for _ in range(chosen.arity)
        )
        shapes = [np.shape(arrays[place]) for place in places]
        if not chosen.fits(*shapes):
            chosen, places, shapes = OPERATIONS[0], places[:1], shapes[:1]
        return Step(chosen, places, draw(chosen.numbers(*shapes)) if chosen.numbers else ())

    return drawn()


def applied(step: Step, arrays: list[Array]) -> Array | None:
    """What the step makes of them, or None if it is near a kink, or huge."""
    operands = [arrays[place] for place in step.places]
    with np.errstate(all="ignore"):
        smooth = step.operation.smooth
        if smooth and not np.all(np.abs(smooth(*operands, *step.numbers)) > CLEAR):
            return None
        value = np.asarray(step.operation.apply(np, *operands, *step.numbers))
    fine = value.size <= 64 and np.all(np.isfinite(value)) and np.all(np.abs(value) < LARGEST)
    return value if fine else None


# ---------------------------------------------------------------- what is compared


class Derivatives(NamedTuple):
    """A program's number, its gradient, its slope along the directions, and the Hessian's product."""

    value: Array
    gradient: list[Array]
    slope: Array
    product: list[Array]


def ours(program: Program) -> dict[str, Derivatives]:
    """By this package, second derivatives by all four nestings of forward and reverse."""
    inputs, directions = program.inputs, program.directions
    places = tuple(range(len(inputs)))

    def f(*xs: Array) -> Array:
        return program.run(np, xs)

    def slope(*xs: Array) -> Array:
        return mg.jvp(f, xs, directions)[1]

    def along(*xs: Array) -> Array:
        gradients = mg.grad(f, places)(*xs)
        return sum(np.sum(g * t) for g, t in zip(gradients, directions, strict=True))

    value, gradient = mg.value_and_grad(f, places)(*inputs)
    first = (np.asarray(value), arrays_of(gradient), np.asarray(slope(*inputs)))
    products = {
        "forward over reverse": mg.jvp(mg.grad(f, places), inputs, directions)[1],
        "reverse over forward": mg.grad(slope, places)(*inputs),
        "reverse over reverse": mg.grad(along, places)(*inputs),
    }
    found = {name: Derivatives(*first, arrays_of(product)) for name, product in products.items()}
    curvature = np.asarray(mg.jvp(slope, inputs, directions)[1])
    found["forward over forward"] = Derivatives(*first, [curvature])
    return found


def arrays_of(tensors: Any) -> list[Array]:
    return list(map(np.asarray, tensors))


def by_torch(program: Program) -> Derivatives:
    """By PyTorch: reverse mode twice."""
    import torch

    inputs = [torch.tensor(x, requires_grad=True) for x in program.inputs]
    directions = [torch.tensor(t) for t in program.directions]
    value = program.run(torch, inputs)
    options: Any = {"materialize_grads": True}
    gradient = torch.autograd.grad(value, inputs, create_graph=True, **options)
    slope = sum((g * t).sum() for g, t in zip(gradient, directions, strict=True))
    zeros = [torch.zeros_like(x) for x in inputs]
    product = torch.autograd.grad(slope, inputs, **options) if slope.requires_grad else zeros
    return Derivatives(
        value.detach().numpy(),
        [g.detach().numpy() for g in gradient],
        slope.detach().numpy(),
        [p.numpy() for p in product],
    )


def by_jax(program: Program) -> Derivatives:
    """By JAX, in 64 bits: forward over reverse."""
    import jax
    import jax.numpy as jnp

    with jax.enable_x64(True):
        inputs = [jnp.asarray(x) for x in program.inputs]
        directions = [jnp.asarray(t) for t in program.directions]

        def f(*xs: Array) -> Array:
            return program.run(jnp, xs)

        both = jax.value_and_grad(f, tuple(range(len(inputs))))
        (value, gradient), (slope, product) = jax.jvp(both, inputs, directions)
    return Derivatives(
        np.asarray(value), list(map(np.asarray, gradient)), np.asarray(slope),
        list(map(np.asarray, product)),
    )  # fmt: skip
