"""The bridge to `scipy.optimize`: losses and residuals of trees as functions of flat vectors.

`scipy.optimize` knows vectors of float64 only. A `Flattened` function lays the numbers of a tree's
floating leaves in one vector, in the order of `tree.leaves`, and makes trees out of vectors. A
complex number takes two entries; a leaf that is not floating stays as it is. Nothing here imports
SciPy.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.core import tree as trees
from micrograd_np.core.context import CONTEXT
from micrograd_np.core.op import Array
from micrograd_np.core.record import value_of
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.errors import NotDifferentiableError, ShapeError
from micrograd_np.transforms.grad import jvp, name_of, named_after, value_and_grad
from micrograd_np.transforms.jacobians import jacobian

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Function = Callable[..., Any]
NUMBERS = (float, complex, np.generic)


class Flattened:
    """A function of a tree, as a function of the flat vector of the tree's floating numbers.

    `x0`: the numbers of the given tree, the vector to start from. If `f` is a compiled function,
    its derivatives are compiled too, with the settings of `f`. No call is recorded, because SciPy
    takes plain numbers.
    """

    def __init__(self, f: Function, tree: Tree) -> None:
        self._alike: Any = getattr(f, "alike", None)  # compiled functions have it
        self.f: Function = getattr(f, "function", f) if self._alike else f
        self.__name__ = name_of(f)
        self._like = tree
        self._leaves = trees.leaves(tree)
        arrays = [np.asarray(value_of(leaf)) for leaf in self._leaves]
        self._free = [i for i, array in enumerate(arrays) if array.dtype.kind in "fc"]
        if not self._free:
            raise NotDifferentiableError(
                f"nothing in the tree given for {self.__name__} can vary: it has "
                f"{', '.join(str(x.dtype) for x in arrays) or 'no leaves'}. Give floating-point "
                f"numbers, such as 2.0 for 2, or a module with parameters."
            )
        self._forms = forms_of([self._leaves[i] for i in self._free])
        self.x0: Vector = joined([arrays[i] for i in self._free])

    def tree(self, x: Any) -> Tree:
        """A tree like the given one, with the numbers of the vector `x`, such as `result.x`.

        Leaves keep their kind and dtype: numbers, arrays, or Tensors with their names. A module
        becomes another module of its class.
        """
        arrays = self._arrays(self._vector(x))
        return self._placed(
            [_like(self._leaves[i], array) for i, array in zip(self._free, arrays, strict=True)]
        )

    def _placed(self, free: Sequence[Any]) -> Tree:
        """The given tree with other floating leaves."""
        leaves = list(self._leaves)
        for i, leaf in zip(self._free, free, strict=True):
            leaves[i] = leaf
        return trees.replace(self._like, leaves)

    def _of_leaves(self, args: tuple[Any, ...]) -> Function:
        """`f` as a function of the list of floating leaves."""

        def function(free: list[Any]) -> Any:
            return self.f(self._placed(free), *args)

        function.__name__ = self.__name__
        return function

    def _vector(self, x: Any) -> Vector:
        """The vector that SciPy gives. Raises ShapeError if its length is wrong."""
        vector = np.asarray(x, dtype=np.float64)
        if vector.shape != self.x0.shape:
            raise ShapeError(
                f"{self.__name__} is a function of a vector of {self.x0.size} numbers here; it was "
                f"given an array of shape {vector.shape}. Start from `.x0`."
            )
        return vector

    def _arrays(self, x: Array) -> list[Array]:
        """The floating leaves that a vector, perhaps a Tensor, holds."""
        return [form.leaf(x) for form in self._forms]

    def _as_given(self, derivative: Function) -> Function:
        """A derivative of `f`, compiled if `f` is."""
        return self._alike(derivative) if self._alike else derivative


class ScipyObjective(Flattened):
    """A scalar loss of a tree for `scipy.optimize.minimize`; `scipy_objective` makes one."""

    def __init__(self, f: Function, tree: Tree) -> None:
        super().__init__(f, tree)
        self._value_and_gradient = self._as_given(self._differentiated)
        self._product = self._as_given(self._product_with)
        self._matrix = self._as_given(self._differentiated_twice)

    def __call__(self, x: Any, *args: Any) -> tuple[float, Vector]:
        """The loss at `x` and its gradient: SciPy's `fun`, to be given with `jac=True`."""
        value, gradient = unrecorded(self._value_and_gradient, self._vector(x), *args)
        return float(value), gradient

    def hess(self, x: Any, *args: Any) -> Matrix:
        """The Hessian at `x`, for methods that take the whole matrix."""
        matrix: Matrix = unrecorded(self._matrix, self._vector(x), *args)
        return matrix

    def hessp(self, x: Any, p: Any, *args: Any) -> Vector:
        """The Hessian at `x` times `p`, at the cost of a few gradients."""
        product: Vector = unrecorded(self._product, self._vector(x), self._vector(p), *args)
        return product

    def _differentiated(self, x: Array, *args: Any) -> tuple[Array, Array]:
        value, gradients = value_and_grad(self._of_leaves(args))(self._arrays(x))
        return value, joined(gradients)

    def _product_with(self, x: Array, p: Array, *args: Any) -> Array:
        _, product = jvp(lambda x: self._differentiated(x, *args)[1], [x], [p])
        return product

    def _differentiated_twice(self, x: Array, *args: Any) -> Array:
        return jacobian(lambda x: self._differentiated(x, *args)[1], mode="forward")(x)


class ScipyResiduals(Flattened):
    """An array of residuals, for `scipy.optimize.least_squares`; `scipy_residuals` makes one."""

    def __init__(self, f: Function, tree: Tree) -> None:
        super().__init__(f, tree)
        self._residuals = self._as_given(self._computed)
        self._matrix = self._as_given(self._differentiated)

    def __call__(self, x: Any, *args: Any) -> Vector:
        """The residuals at `x`, as a vector."""
        residuals: Vector = unrecorded(self._residuals, self._vector(x), *args)
        return residuals

    def jacobian(self, x: Any, *args: Any) -> Matrix:
        """The derivatives at `x`: a row for each residual, a column for each number."""
        if any(form.dtype.kind == "c" for form in self._forms):
            raise NotDifferentiableError(
                f"the residuals {self.__name__} depend on complex numbers; give their real and "
                f"imaginary parts as leaves of the tree."
            )
        matrix: Matrix = unrecorded(self._matrix, self._vector(x), *args)
        return matrix

    def _computed(self, x: Array, *args: Any) -> Array:
        pairs = zip(self._free, self._arrays(x), strict=True)
        free = [Tensor(y) if isinstance(self._leaves[i], Tensor) else value_of(y) for i, y in pairs]
        residuals = value_of(self._of_leaves(args)(free))
        return joined([residuals if hasattr(residuals, "dtype") else np.asarray(residuals)])

    def _differentiated(self, x: Array, *args: Any) -> Array:
        blocks = jacobian(self._of_leaves(args))(self._arrays(x))
        lengths = [form.place.stop - form.place.start for form in self._forms]
        columns = [np.reshape(x, (-1, n)) for x, n in zip(blocks, lengths, strict=True)]
        return np.concatenate(columns, axis=1).astype(np.float64)


def scipy_objective(f: Callable[..., Any], tree: Tree) -> ScipyObjective:
    """A loss `f(tree)` as the function of one flat vector that `scipy.optimize.minimize` takes.

    The objective is called with a vector, and returns the loss and its gradient. The objective has
    the vector to start from (`x0`), the Hessian (`hess`) and its product with a vector (`hessp`),
    and makes the tree of a vector (`tree(x)`). `tree` may be a module; leaves that are not
    floating-point are kept as they are. Further arguments of `f` come from `minimize(…, args=…)`.
    If `f` is a compiled function, `mg.compile(loss)`, the derivatives are compiled with its
    settings.

    Raises NotDifferentiableError if the tree has no floating-point leaves. When called, raises
    ShapeError for a vector of another length, GraphError for a loss that is no single number.

    >>> def rosenbrock(p):
    ...     return (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2
    >>> objective = scipy_objective(rosenbrock, {"x": -1.0, "y": 2.0})
    >>> objective(objective.x0)
    (104.0, array([396., 200.]))
    >>> from scipy.optimize import minimize
    >>> result = minimize(objective, objective.x0, jac=True, method="BFGS")
    >>> {name: round(x, 4) for name, x in objective.tree(result.x).items()}
    {'x': 1.0, 'y': 1.0}
    """
    return ScipyObjective(f, tree)


def scipy_residuals(f: Callable[..., Any], tree: Tree) -> ScipyResiduals:
    """Residuals `f(tree)` as the function of a vector that `least_squares` and `root` take.

    `f` returns residuals of any shape; the result is called with a vector and returns them as a
    vector. Its `jacobian` is for the argument `jac` of SciPy's functions. `x0`, `tree(x)` and the
    errors are those of `scipy_objective`.

    >>> from scipy.optimize import least_squares
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> residuals = scipy_residuals(lambda p: p["a"] * np.exp(-p["k"] * t) - 0.5**t,
    ...                             {"a": 2.0, "k": 0.1})
    >>> result = least_squares(residuals, residuals.x0, jac=residuals.jacobian)
    >>> {name: round(x, 4) for name, x in residuals.tree(result.x).items()}
    {'a': 1.0, 'k': 0.6931}
    """
    return ScipyResiduals(f, tree)


def curve_jacobian(f: Function) -> Function:
    """The function of `(x, *parameters)` that returns the derivatives of `f` in its parameters.

    `f(x, a, b, …)` is a model for `scipy.optimize.curve_fit`: `x` holds the independent variables,
    and each parameter is a single number. The derivatives have the shape of the model's value and
    one more axis, the last, for the parameters. `curve_fit` takes the function as `jac`. Parameters
    are made float64.

    Raises TypeError if no parameter is given, and the errors of `mg.jacobian`.

    >>> def line(x, slope, height):
    ...     return slope * x + height
    >>> curve_jacobian(line)(np.array([1.0, 2.0]), 0.5, 3.0)
    array([[1., 1.],
           [2., 1.]])
    """

    def transformed(x: Any, *parameters: Any) -> Any:
        if not parameters:
            raise TypeError(
                f"the derivatives of {name_of(f)} in its parameters were asked for without any: "
                f"call curve_jacobian(f)(x, a, b) for a model f(x, a, b)."
            )
        vector = np.stack(parameters).astype(np.float64)
        return jacobian(lambda vector: f(x, *vector))(vector)

    return named_after(f, transformed)


def unrecorded(function: Function, *args: Any) -> Any:
    """The result of a function under `no_grad`, without the cost of entering that manager."""
    outer = CONTEXT.get()
    token = CONTEXT.set(outer._replace(recording=False))
    try:
        return function(*args)
    finally:
        CONTEXT.reset(token)


# ---------------------------------------------------------------- leaves and numbers


class Form(NamedTuple):
    """The place of a leaf's numbers in the vector, and the leaf's shape, dtype and kind."""

    place: slice
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    single: bool  # whether the leaf is a number, not an array

    def leaf(self, vector: Array) -> Array:
        """A copy of the leaf that lies in a vector, perhaps a Tensor."""
        start, stop = self.place.start, self.place.stop
        half = (start + stop) // 2 if self.dtype.kind == "c" else stop
        if self.single:
            number = vector[start] if half == stop else vector[start] + 1j * vector[half]
            return number.astype(self.dtype)
        numbers = vector[start:half]
        numbers = numbers if half == stop else numbers + 1j * vector[half:stop]
        return np.reshape(numbers, self.shape).astype(self.dtype)


def forms_of(leaves: Sequence[Any]) -> list[Form]:
    """The forms of floating leaves that lie one after the other."""
    found = []
    start = 0
    for leaf in leaves:
        array = np.asarray(value_of(leaf))
        stop = start + array.size * (2 if array.dtype.kind == "c" else 1)
        found.append(Form(slice(start, stop), array.shape, array.dtype, isinstance(leaf, NUMBERS)))
        start = stop
    return found


def joined(leaves: Iterable[Array]) -> Array:
    """The numbers of floating leaves as one vector; the inverse of `Form.leaf`.

    Of a complex leaf all real parts come first, then all imaginary parts.
    """
    parts: list[Array] = []
    for leaf in leaves:
        parts += [np.real(leaf), np.imag(leaf)] if leaf.dtype.kind == "c" else [leaf]
    if not any(part.ndim for part in parts):
        return np.stack([part.astype(np.float64) for part in parts])
    return np.concatenate([np.ravel(part).astype(np.float64) for part in parts])


def _like(leaf: Any, array: Any) -> Any:
    """An array made into the kind of `leaf`: a Tensor, a Python number, or an array."""
    if isinstance(leaf, Tensor):
        return Tensor(array, leaf.requires_grad, name=leaf.name)
    return type(leaf)(array.item()) if isinstance(leaf, NUMBERS) else array
