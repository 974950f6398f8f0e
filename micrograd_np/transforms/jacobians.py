"""Matrices of derivatives: `jacobian`, `hessian`, their products `hvp`, and diagonals."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.errstate import ignoring_float_errors
from micrograd_np.core.foreign import array_behind, like
from micrograd_np.core.graph import Node, describe
from micrograd_np.core.op import Array
from micrograd_np.core.record import ARRAYS, value_of
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.errors import GraphError, NotDifferentiableError, ShapeError
from micrograd_np.errors.options import knowing_options
from micrograd_np.transforms.grad import (
    Argnums,
    check_given,
    check_lists,
    differentiated,
    grad,
    name_of,
)
from micrograd_np.transforms.results import Found, Result, hand_out, holds_tensor
from micrograd_np.transforms.run import Function, Run, vectors
from micrograd_np.transforms.vmap import map_arrays

if TYPE_CHECKING:
    from micrograd_np.transforms.typed import Gradient, Matrix, ReturnsTree

Mode = Literal["forward", "reverse"] | None
First = Literal[0]


@overload
def jacobian(
    f: "ReturnsTree", argnums: Argnums = 0, *, mode: Mode = None, has_aux: bool = False
) -> Function: ...
@overload
def jacobian(
    f: Function, argnums: First = 0, *, mode: Mode = None, has_aux: Literal[False] = False
) -> "Matrix": ...
@overload
def jacobian(
    f: Function, argnums: Argnums = 0, *, mode: Mode = None, has_aux: bool = False
) -> Function: ...
@knowing_options
def jacobian(
    f: Function, argnums: Argnums = 0, *, mode: Mode = None, has_aux: bool = False
) -> Function:
    """A function that returns all derivatives of the outputs of `f` in its argument.

    For an array of shape `n` and a result of shape `m` the Jacobian has shape `m + n`, entry
    `[i, j]` being the derivative of `out[i]` in `x[j]`. For trees: a tree like the output, whose
    leaves are trees like the argument (a tuple of those for several `argnums`). With `has_aux`, `f`
    returns `(value, aux)`, and the result is `(jacobian, aux)`.

    `f` runs once. `mode="reverse"` pulls one cotangent back for each entry of the output,
    `"forward"` pushes one tangent forward for each entry of the argument, in both cases all at once
    (`vmap`). `mode=None` takes the mode with fewer vectors.

    Raises NotDifferentiableError for a complex argument, in which a derivative is not one number:
    differentiate in the real and imaginary part, `jacobian(lambda x, y: f(x + 1j * y), (0, 1))`.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])
    """
    check_given("jacobian(f)(x)", f, argnums)
    if mode not in (None, "forward", "reverse"):
        raise ValueError(f"mode is 'forward', 'reverse' or None (the fewer), not {mode!r}")

    return differentiated(f, argnums, has_aux, partial(matrices, mode))


def matrices(mode: Mode, _f: Function, run: Run, like: Tree) -> Result:
    """The Jacobians of a run: the derivatives of each output in each leaf of the arguments."""
    outputs, fresh = run.outputs, run.fresh
    if direction(run, mode) == "reverse":
        rows = map_arrays(run.pull, one_hots(outputs))
        blocks = [[row[part] for row in rows] for part, _ in parts(outputs)]
    else:
        columns = map_arrays(run.push, one_hots(fresh), out_axis=-1)
        blocks = [[column[..., part] for part, _ in parts(fresh)] for column in columns]
    found: list[Found] = []
    for out, row in zip(outputs, blocks, strict=True):
        pairs = zip(row, fresh, strict=True)
        shaped = [np.reshape(block, out.value.shape + x.value.shape) for block, x in pairs]
        found += run.like_arguments(like, shaped).leaves
    return Result(tree.map(lambda _: like, run.out), found)


def direction(run: Run, mode: Mode) -> str:
    """The direction to differentiate in; raises if the Jacobian is not defined."""
    for x in run.fresh:
        if x.value.dtype.kind == "c":
            raise NotDifferentiableError(
                f"the Jacobian in {describe(x)} is not one number an entry: a complex function has "
                f"one derivative along the real axis and one along the imaginary. Take it in both: "
                f"jacobian(lambda x, y: f(x + 1j * y), argnums=(0, 1))."
            )
    if any(x.value.dtype.kind == "c" for x in run.outputs):
        if mode == "reverse":
            raise NotDifferentiableError(
                "a complex output has derivatives in forward mode only: pulled back to real "
                "arguments, its imaginary part would be lost. Use mode='forward'."
            )
        return "forward"
    return mode or ("forward" if entries(run.fresh) < entries(run.outputs) else "reverse")


def entries(nodes: Sequence[Node]) -> int:
    """The number of entries that all nodes hold together."""
    return sum(int(x.value.size) for x in nodes)


def one_hots(nodes: Sequence[Node]) -> list[Array]:
    """A batch of vectors like each node, with one vector for each entry of all nodes together."""
    total = entries(nodes)
    batches = []
    for part, x in parts(nodes):
        # Row `part.start` has its one in the first column.
        batch = np.eye(total, x.value.size, -part.start, x.value.dtype)
        batches.append(like(x, batch.reshape((total, *x.value.shape))))
    return batches


def parts(nodes: Sequence[Node]) -> Iterator[tuple[slice, Node]]:
    """Each node with the place of its entries among those of all."""
    start = 0
    for x in nodes:
        yield slice(start, start + x.value.size), x
        start += x.value.size


@overload
def hessian(
    f: Function, argnums: First = 0, *, mode: Mode = "forward", has_aux: Literal[False] = False
) -> "Matrix": ...
@overload
def hessian(
    f: Function, argnums: Argnums = 0, *, mode: Mode = "forward", has_aux: bool = False
) -> Function: ...
@knowing_options
def hessian(
    f: Function, argnums: Argnums = 0, *, mode: Mode = "forward", has_aux: bool = False
) -> Function:
    """A function that returns all second derivatives of a scalar `f`: `jacobian(grad(f))`.

    For an array of shape `n` the Hessian has shape `n + n`. `mode`: the direction of the second
    differentiation; the first is in reverse. `has_aux`: as in `jacobian`.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    check_given("hessian(f)(x)", f, argnums)
    return jacobian(grad(f, argnums, has_aux), argnums, mode=mode, has_aux=has_aux)


@knowing_options
def hvp(f: Function, primals: Tree, tangents: Tree, has_aux: bool = False) -> Tree:
    """The Hessian of a scalar `f` at `primals` times `tangents`, without forming the Hessian.

    `primals` and `tangents` are lists that hold one tree per argument of `f`; the result is a tuple
    like them, or the single tree when there is one argument. A single argument that is no list
    needs none, `hvp(f, x, p)`. With `has_aux`, `f` returns `(value, aux)`, and the result is
    `(product, aux)`. Computed forward over reverse, at the cost of a few gradients. Source:
    B. Pearlmutter, Fast exact multiplication by the Hessian, 1994.

    >>> hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    check_given("hvp(f, x, p)", f)
    if not any(isinstance(given, list | tuple) for given in (primals, tangents)):
        primals, tangents = [primals], [tangents]
    check_lists(f, "hvp", primals, tangents)
    run = Run(grad(f, tuple(range(len(primals))), has_aux), tuple(primals), has_aux)
    like = primals[0] if len(primals) == 1 else tuple(primals)
    found = run.like_arguments(like, run.push(vectors(run.given, tuple(tangents))))
    product, *aux = hand_out(holds_tensor(primals, tangents), found, *run.aux)
    return (product, *aux) if has_aux else product


# ---------------------------------------------------------------- diagonals


@overload
def elementwise_grad(
    f: Function, argnums: First = 0, has_aux: Literal[False] = False
) -> "Gradient": ...
@overload
def elementwise_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function: ...
@knowing_options
def elementwise_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the derivative of each entry of `f` in that entry of its argument.

    `f` works entry by entry: `out[i]` depends on `x[i]` and on no other entry of `x`. The result
    has the shape of `x`, entry `[i]` being the derivative of `out[i]` in `x[i]`: the diagonal of
    the Jacobian, which is zero elsewhere. `argnums`: as in `grad`; each of these arguments is an
    array of the shape of the result. With `has_aux`, `f` returns `(value, aux)`, and the result is
    `(derivative, aux)`.

    Two cotangents are pulled back, ones and a vector of different numbers: of a diagonal matrix
    both give the same diagonal. (`compile` compares them only in the call that it traces; on arrays
    of other libraries nothing is compared.)

    Raises ShapeError if result and argument differ in shape, and NotDifferentiableError for complex
    arguments and results. Raises GraphError if an entry of the result depends on other entries of
    the argument by more than rounding.

    >>> elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """
    check_given("elementwise_grad(f)(x)", f, argnums)
    return differentiated(f, argnums, has_aux, diagonal)


def diagonal(f: Function, run: Run, like: Tree) -> Result:
    """The diagonals of the Jacobians of a run of `f`, which must be diagonal."""
    out = entrywise(run, f)
    found = run.pull([np.ones_like(out.value)])
    if all(isinstance(array_behind(x), ARRAYS) for x in found):
        check_diagonal(run, out, found, f)
    return run.like_arguments(like, found)


def entrywise(run: Run, f: Function) -> Tensor:
    """The output of a run, if it has the shape of every argument."""
    out = run.out
    shapes = [x.shape for x in run.fresh]
    if not isinstance(out, Tensor) or any(shape != out.shape for shape in shapes):
        given = f"shape {out.shape}" if isinstance(out, Tensor) else "several arrays"
        raise ShapeError(
            f"elementwise_grad({name_of(f)}) is the derivative of every entry in the same entry of "
            f"the argument, so the result has the shape of the argument. {name_of(f)} returned "
            f"{given} for argument(s) of shape {', '.join(map(str, shapes))}. Use grad for a "
            f"single number, jacobian for anything else."
        )
    for x in (out, *run.fresh):
        if x.value.dtype.kind == "c":
            raise NotDifferentiableError(
                f"elementwise_grad({name_of(f)}) is real, and {describe(x)} is complex. Take the "
                f"derivative of np.real and of np.imag of a complex result, in the real and in the "
                f"imaginary part of a complex argument."
            )
    return out


def check_diagonal(run: Run, out: Tensor, found: list[Array], f: Function) -> None:
    """Raise GraphError unless the Jacobians are diagonal, given what ones pull back to.

    A derivative near zero may be nothing but rounding errors, which differ with the weights.
    Weights that are powers of two scale these errors exactly, but often weigh two entries alike.
    So powers of two are tried, in several draws, after other weights have found a difference.
    """
    rng, shape = np.random.default_rng(0), out.shape

    def is_diagonal(weights: Array) -> bool:
        """Whether weights pull back to themselves times what ones pull back to."""
        weights = np.asarray(weights, out.dtype)
        pairs = zip(run.pull([weights]), found, strict=True)
        return all(are_close(value_of(x), weights * value_of(ones)) for x, ones in pairs)

    if is_diagonal(rng.uniform(1, 2, shape)):
        return
    if not all(is_diagonal(2.0 ** rng.integers(0, 8, shape)) for _ in range(8)):
        raise GraphError(
            f"{name_of(f)} is not elementwise: an entry of its result depends on several entries "
            f"of its argument, so that no one number is its derivative. Use jacobian for all of "
            f"them, or vmap over grad for functions of rows."
        )


def are_close(x: Array, y: Array) -> bool:
    """Whether numbers agree in half of their digits, in every example of a batch."""
    rtol = np.sqrt(np.finfo(y.dtype).eps)
    with ignoring_float_errors():  # infinities are compared too
        agree = (np.abs(x - y) <= rtol * np.abs(y)) | (x == y) | (np.isnan(x) & np.isnan(y))
    return bool(np.all(array_behind(agree)))
