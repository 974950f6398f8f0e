"""Derivatives of functions: `grad`, `value_and_grad`, `vjp`, `jvp`, `linearize`.

A transform takes a function of trees (arrays, Tensors, nested containers, modules) and returns
another. The transform runs the function once (see `run`) and walks the graph of the run.

Results are trees of arrays, or of Tensors where a Tensor was given (see `results`).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from micrograd_np.core.graph import describe
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.core.values import one_like, scalar
from micrograd_np.errors.options import knowing_options
from micrograd_np.transforms.results import Result, hand_out, holds_tensor
from micrograd_np.transforms.run import Function, Run, vectors

if TYPE_CHECKING:
    from micrograd_np.transforms.typed import (
        Gradient,
        GradientAndAux,
        ValueAndGradient,
        ValueAuxAndGradient,
    )

Argnums = int | Sequence[int]
First = Literal[0]
Derivative = Callable[[Function, Run, Tree], Result]


@overload
def value_and_grad(
    f: Function, argnums: First = 0, has_aux: Literal[False] = False
) -> "ValueAndGradient": ...
@overload
def value_and_grad(
    f: Function, argnums: First = 0, *, has_aux: Literal[True]
) -> "ValueAuxAndGradient": ...
@overload
def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function: ...
@knowing_options
def value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns `f`'s value and its gradient.

    `argnums`: the position of the argument to differentiate in, or several, then the gradient is a
    tuple. `has_aux`: `f` returns `(value, aux)`, and the result is `((value, aux), gradient)`.
    The gradient is a tree like the argument, of its leaves' shapes and dtypes; it is zero for a
    leaf that the value does not depend on.

    All results are Tensors if an argument holds a Tensor or a result has a history beyond the call.
    Otherwise they are arrays, and `np.float64` or its like for a single number. This holds for all
    transforms.

    Raises GraphError if the value is not a single real number, TypeError for an integer leaf.

    >>> value, gradient = value_and_grad(lambda p: p["w"] ** 2 + p["b"])({"w": 3.0, "b": 1.0})
    >>> float(value), float(gradient["w"]), float(gradient["b"])
    (10.0, 6.0, 1.0)
    """
    check_given("value_and_grad(f)(x)", f, argnums)
    return differentiated(f, argnums, has_aux, gradient, with_value=True)


@overload
def grad(f: Function, argnums: First = 0, has_aux: Literal[False] = False) -> "Gradient": ...
@overload
def grad(f: Function, argnums: First = 0, *, has_aux: Literal[True]) -> "GradientAndAux": ...
@overload
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function: ...
@knowing_options
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that returns the gradient of `f`: `value_and_grad` without the value.

    With `has_aux` the function returns `(gradient, aux)`. Applying `grad` twice gives second
    derivatives.

    >>> float(grad(grad(lambda x: x**3))(2.0))
    12.0
    """
    check_given("grad(f)(x)", f, argnums)
    return differentiated(f, argnums, has_aux, gradient)


def gradient(f: Function, run: Run, like: Tree) -> Result:
    """The gradient of a run of `f`."""
    value = scalar(run.out, name_of(f)).value
    return run.like_arguments(like, run.pull([one_like(value)]))


def differentiated(
    f: Function, argnums: Argnums, has_aux: bool, derivative: Derivative, with_value: bool = False
) -> Function:
    """A function that runs `f` and returns a derivative, and the value of `f` if `with_value`.

    `derivative`: makes the derivative of `f`, the run, and a tree like the chosen arguments.
    """

    def transformed(*args: Any, **keywords: Any) -> Any:
        function, chosen = at(f, argnums, args, keywords)
        run = Run(function, chosen, has_aux)
        found = derivative(f, run, chosen[0] if isinstance(argnums, int) else chosen)
        value = [run.value()] if with_value else []
        tensors = holds_tensor(*args, *keywords.values())
        out, *others = hand_out(tensors, found, *value, *run.aux)
        if with_value:
            return (tuple(others) if has_aux else others[0]), out
        return (out, *others) if has_aux else out

    return named_after(f, transformed)


@knowing_options
def vjp(f: Function, *primals: Tree, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `f(*primals)` and the function that pulls a cotangent of the value back.

    The pullback takes a tree like the value and returns a tuple of trees like `primals`: the
    product of the cotangent with the Jacobian. The pullback may be called any number of times. With
    `has_aux` `f` returns `(value, aux)`, and the result is `(value, pullback, aux)`.

    Raises ShapeError for a cotangent of another shape, ValueError for one of another structure.

    >>> import numpy as np
    >>> value, pullback = vjp(np.sin, np.array([0.0, np.pi]))
    >>> pullback(np.array([1.0, 1.0]))[0]
    array([ 1., -1.])
    """
    check_given("vjp(f, x)", f)
    run, tensors = Run(f, primals, has_aux), holds_tensor(primals)

    def pullback(cotangents: Tree) -> tuple[Tree, ...]:
        found = run.like_arguments(primals, run.pull(vectors(run.out, cotangents)))
        (pulled,) = hand_out(tensors or holds_tensor(cotangents), found)
        return tuple(pulled)

    value, *aux = hand_out(tensors, run.value(), *run.aux)
    return value, pullback, *aux


@knowing_options
def jvp(
    f: Function, primals: Sequence[Tree], tangents: Sequence[Tree], has_aux: bool = False
) -> tuple[Tree, ...]:
    """The value of `f(*primals)` and its directional derivative along `tangents`.

    `tangents` is a tree like `primals`; the derivative is a tree like the value: the product of the
    Jacobian with the tangents, in one forward walk. With `has_aux` `f` returns `(value, aux)`, and
    the result is `(value, derivative, aux)`.

    Raises ShapeError for a tangent of another shape, ValueError for one of another structure.

    >>> value, derivative = jvp(lambda x: x**2, [3.0], [1.0])
    >>> float(value), float(derivative)
    (9.0, 6.0)
    """
    check_given("jvp(f, [x], [t])", f)
    check_lists(f, "jvp", primals, tangents)
    run = Run(f, tuple(primals), has_aux)
    results = [run.value(), run.derivative(tuple(tangents)), *run.aux]
    return hand_out(holds_tensor(primals, tangents), *results)


@knowing_options
def linearize(f: Function, *primals: Tree, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of `f(*primals)`, and the linear map that pushes tangents of the primals forward.

    The map takes a tangent for each primal, a tree like it, and returns a tree like the value: the
    product of the Jacobian with the tangents. Each call of the map walks the graph of the one run
    of `f`, and costs about as much as `f` did. The Python code of `f` is not run again, so its
    conditions stay as they were decided. `jvp` computes the product for one tangent and keeps
    nothing.

    With `has_aux`, `f` returns `(value, aux)`, and the result is `(value, map, aux)`.

    Raises TypeError for the wrong number of tangents, ShapeError for one of another shape,
    ValueError for one of another structure, MutationError if a Tensor that `f` used was changed
    since.

    >>> value, derivative = linearize(lambda x: x**2, 3.0)
    >>> float(value), float(derivative(1.0)), float(derivative(0.5))
    (9.0, 6.0, 3.0)
    """
    check_given("linearize(f, x)", f)
    run, tensors = Run(f, primals, has_aux), holds_tensor(primals)

    def derivative(*tangents: Tree) -> Tree:
        if len(tangents) != len(primals):
            raise TypeError(
                f"the derivative of {name_of(f)} takes {len(primals)} tangent(s), one for each "
                f"argument that it was linearized at; {len(tangents)} were given."
            )
        (pushed,) = hand_out(tensors or holds_tensor(tangents), run.derivative(tangents))
        return pushed

    value, *aux = hand_out(tensors, run.value(), *run.aux)
    return value, derivative, *aux


# ---------------------------------------------------------------- arguments and names


def check_given(call: str, f: Any, argnums: Any = 0) -> None:
    """Raise TypeError unless a transform is given a function, and positions, as in `call`."""
    if not callable(f):
        known = isinstance(f, Tensor)
        given = describe(f) if known else f"{f!r:.60}"
        raise TypeError(
            f"mg.{call.partition('(')[0]} takes a function: mg.{call}. Given: {given}."
            + " Of a Tensor that is computed already: `t.backward()`, then `x.grad`." * known
        )
    positions = argnums if isinstance(argnums, list | tuple) else (argnums,)
    if not all(isinstance(i, int) for i in positions):
        raise TypeError(
            f"argnums are positions of arguments, 0 for the first, not {argnums!r:.40}. (The "
            f"result is a function: write mg.{call}.)"
        )


def at(
    f: Function, argnums: Argnums, args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[Function, tuple[Tree, ...]]:
    """`f` as a function of the arguments at `argnums` alone, and those arguments."""
    if type(argnums) is int and argnums == 0 and len(args) == 1 and not keywords:
        return f, args
    positions: tuple[Any, ...] = tuple(argnums) if isinstance(argnums, list | tuple) else (argnums,)
    count = len(args)
    places = {i % count for i in positions if -count <= i < count}
    if len(places) < len(positions):
        raise TypeError(
            f"argnums={argnums!r:.40} does not name arguments of {name_of(f)}, which was called "
            f"with {count} positional ones. Give different positions, and by position what is "
            f"differentiated."
        )

    def of_chosen(*chosen: Tree) -> Any:
        placed = list(args)
        for i, argument in zip(positions, chosen, strict=True):
            placed[i] = argument
        return f(*placed, **keywords)

    return of_chosen, tuple(map(args.__getitem__, positions))


def check_lists(f: Function, name: str, *given: Sequence[Tree]) -> None:
    """Raise TypeError unless the arguments of `f` and their tangents are given to `name` as lists.

    Bare arrays would be taken apart as if they were lists.
    """
    if not all(isinstance(x, list | tuple) for x in given):
        raise TypeError(
            f"{name} takes the arguments of {name_of(f)} as a list, and their tangents as another: "
            f"{name}(f, [x], [t]). Given: {', '.join(type(x).__name__ for x in given)}."
        )
    if len({len(x) for x in given}) > 1:
        raise ValueError(
            f"{name} takes one tangent for each argument of {name_of(f)}: expected "
            f"{len(given[0])}, given {len(given[1])}."
        )


def named_after(f: Function, derivative: Any) -> Function:
    """A derivative of `f`, with its name, documentation and signature.

    Many derivatives are called only once, and `functools.wraps` would take longer.
    """
    derivative.__name__ = derivative.__qualname__ = name_of(f)
    derivative.__doc__ = getattr(f, "__doc__", None)
    derivative.__wrapped__ = f
    made: Function = derivative
    return made


def name_of(f: Function) -> str:
    """The name of a function in messages."""
    return getattr(f, "__name__", None) or type(f).__name__
