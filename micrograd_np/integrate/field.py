"""Vector fields: the right-hand sides of differential equations, as functions of flat vectors.

A `Field` is `dy/dt = field(t, y, p)` for a vector `y` and a list `p` of the arrays that the user's
function takes besides. `Tangent` is the field of the equation that a small change of the solution
obeys.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.context import CONTEXT, interpreting
from micrograd_np.core.graph import Node
from micrograd_np.core.op import Array, Interpreted
from micrograd_np.core.record import value_of
from micrograd_np.core.tree import Tree
from micrograd_np.errors import NotDifferentiableError, RuleError, ShapeError
from micrograd_np.interpreters.substituted import Substituted, captured
from micrograd_np.transforms.closures import Probe, check_repeated, plainly
from micrograd_np.transforms.grad import jvp, name_of

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Right = Callable[[float, Vector], Vector]  # a right-hand side for SciPy


class State:
    """The form of a state: a vector, or a tree of arrays that are laid one after the other."""

    def __init__(self, like: Tree, *, vector: bool) -> None:
        self.vector = vector
        shapes = [np.shape(leaf) for leaf in tree.leaves(like)]
        self.structure = tree.map(lambda _: None, like) if vector else structure(like)
        self.shapes = shapes
        self.ends = np.cumsum([int(np.prod(shape)) for shape in shapes]).tolist()
        self.size: int = self.ends[-1] if self.ends else 0

    def unpacked(self, y: Array, leading: tuple[int, ...] = ()) -> Tree:
        """The state of a vector; `leading`: the axes of `y` before the last."""
        if self.vector:
            return y
        starts = [0, *self.ends[:-1]]
        leaves = [
            np.reshape(y[..., start:end], (*leading, *shape))
            for start, end, shape in zip(starts, self.ends, self.shapes, strict=True)
        ]
        return tree.fill(self.structure, iter(leaves))

    def packed(self, given: Tree, what: str) -> Array:
        """The vector of a state, or of a state's derivative; `what` names it in errors."""
        if self.vector:
            return self._vector(given, what)
        try:
            leaves = tree.leaves(tree.map(lambda _, leaf: leaf, self.structure, given))
        except ValueError as error:  # of another structure
            raise ShapeError(f"{what} should return a tree like the state: {error}") from None
        for leaf, shape in zip(leaves, self.shapes, strict=True):
            if np.shape(leaf) != shape:
                raise ShapeError(
                    f"{what} returned shape {np.shape(leaf)} where the state has shape {shape}."
                )
        return np.concatenate([np.ravel(leaf) for leaf in leaves])

    def _vector(self, given: Any, what: str) -> Array:
        if isinstance(given, list | tuple):
            held = any(isinstance(x, Node | Interpreted) for x in given)
            given = np.stack(given) if held else np.asarray(given)
        shape = np.shape(given)
        if shape == (self.size,):
            return given
        if self.size == 1 and shape == ():
            return np.reshape(given, (1,))
        raise ShapeError(
            f"{what} returned {'None' if given is None else f'shape {shape}'}, where the state has "
            f"shape ({self.size},)."
        )


def structure(given: Tree) -> Tree:
    """A tree like the given one, whose leaves are zeros."""
    return tree.map(lambda _: 0, given)


class Field:
    """The user's function of a state, a time and other arguments, as a function of vectors.

    `args`: the other arguments. The list `p` of arrays stands for their leaves at `places`, and
    then for the tracked Tensors that the function takes from around it.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Tree,
        places: Sequence[int],
        state: State,
        *,
        tfirst: bool,
    ) -> None:
        self.function = function
        self.state = state
        self.tfirst = tfirst
        self.places = places
        leaves = tree.leaves(args)
        for place in places:
            leaves[place] = 0  # nothing here keeps the arrays
        self.args = tree.replace(args, leaves)
        self.outside: list[Node] = []
        self.probes: list[Probe] = []
        self.__name__ = name_of(function)

    def capture(self, t: Any, y: Array, p: Sequence[Any]) -> list[Node]:
        """The tracked Tensors that the function takes from around it, once they are looked for."""
        if CONTEXT.get().recording:
            self.outside = captured(lambda t, y, p: self._at(t, y, self.arguments(p)), t, y, p)
        return self.outside

    def probe(self, p: Sequence[Any], *points: tuple[float, Vector]) -> None:
        """Keep the field's values at some points, a time and a state each."""
        with plainly():
            self.probes = [Probe((t, y, p), np.asarray(value_of(self(t, y, p)))) for t, y in points]

    def check(self) -> None:
        """Raise GraphError if the function is no longer the one whose values were kept."""
        for probe in self.probes:
            check_repeated(self, probe)

    def arguments(self, p: Sequence[Any]) -> tuple[Any, ...]:
        """The other arguments, with arrays where they belong."""
        if not self.places:
            return tuple(self.args)
        leaves = tree.leaves(self.args)
        for place, x in zip(self.places, p, strict=False):  # the rest are Tensors from around
            leaves[place] = x
        return tuple(tree.fill(self.args, iter(leaves)))

    def __call__(self, t: Any, y: Array, p: Sequence[Any]) -> Array:
        """The derivative of the state in time."""
        return self.for_arrays(p)(t, y)

    def for_arrays(self, p: Sequence[Any]) -> Callable[[Any, Array], Array]:
        """The field as a function of time and state alone."""
        args = self.arguments(p)
        if not self.outside:
            return lambda t, y: self._at(t, y, args)
        new = Substituted(dict(zip(self.outside, p[len(self.places) :], strict=True)))

        def at(t: Any, y: Array) -> Array:
            with interpreting(new):
                return new.result(self._at(t, y, args))

        return at

    def _at(self, t: Any, y: Array, args: tuple[Any, ...]) -> Array:
        state = self.state.unpacked(y)
        out = self.function(t, state, *args) if self.tfirst else self.function(state, t, *args)
        return self.state.packed(out, self.__name__)

    def plain(self, p: Sequence[Any]) -> Right:
        """The field for some arrays, as a function of plain numbers."""
        at, name, shape = self.for_arrays(p), self.__name__, (self.state.size,)
        if self.state.vector and not self.outside:  # as in most calls: without detours
            given = self.bound(self.function, p)

            def right(t: float, y: Vector) -> Vector:
                out = given(t, y)
                if type(out) is np.ndarray and out.shape == shape and out.dtype == np.float64:
                    return out
                return plain_vector(self.state.packed(out, name), name)

            return right
        return lambda t, y: plain_vector(at(t, y), name)

    def bound(self, function: Callable[..., Any], p: Sequence[Any]) -> Callable[..., Any]:
        """A function of the arguments that the user's takes, such as its Jacobian, for arrays."""
        args = self.arguments(p)
        if self.tfirst:
            return lambda t, y: function(t, y, *args)
        return lambda t, y: function(y, t, *args)


def plain_vector(out: Any, name: str) -> Vector:
    """The value of a function of plain numbers. Raises an error unless they are real numbers."""
    if type(out) is not np.ndarray:
        if isinstance(out, Interpreted) or (isinstance(out, Node) and out.tracked):
            raise RuleError.closes_over(name, f"`{name}`")
        out = np.asarray(value_of(out))
    numbers: Vector = out
    if numbers.dtype.kind not in "fiub":
        raise NotDifferentiableError(
            f"{name} returned {out.dtype}, where real numbers are integrated. Give the real and "
            f"the imaginary part of the state, as in {{'re': y.real, 'im': y.imag}} for odeint."
        )
    return numbers


class Tangent:
    """The field of a state and of a small change of it: both, one after the other.

    `d(dy)/dt = ∂f/∂y dy + ∂f/∂p dp`. The list of arrays has those of the field, then their changes.
    """

    def __init__(self, field: "AnyField") -> None:
        self.field = field
        self.__name__: str = field.__name__

    def check(self) -> None:
        """Raise GraphError if the function of the field has changed: see `Field.check`."""
        self.field.check()

    def __call__(self, t: Any, y: Array, p: Sequence[Any]) -> Array:
        """The derivative in time of the state and of the change."""
        half, known = y.shape[0] // 2, len(p) // 2
        pair = jvp(
            lambda y, p: self.field(t, y, p),
            [y[:half], list(p[:known])],
            [y[half:], list(p[known:])],
        )
        return np.concatenate(pair)

    def plain(self, p: Sequence[Any]) -> Right:
        """The field for some arrays, as a function of plain numbers."""
        return lambda t, y: plain_vector(self(t, y, p), self.__name__)


AnyField = Field | Tangent
