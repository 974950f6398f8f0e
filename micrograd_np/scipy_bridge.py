"""Losses and residuals of trees as SciPy's optimisers want them: functions of one flat vector.

`scipy.optimize` knows vectors of float64 only. A `Flattened` tree lays the numbers of its floating
leaves in such a vector, in the order of `tree.leaves`, and makes trees out of vectors; a complex
number is two of them, a leaf that is not floating stays as it is. Nothing here imports SciPy.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from micrograd_np import tree as trees
from micrograd_np.errors import NotDifferentiableError, ShapeError
from micrograd_np.jacobians import hvp, jacobian
from micrograd_np.mode import no_grad
from micrograd_np.recording import value_of
from micrograd_np.tensor import Tensor
from micrograd_np.transforms import name_of, value_and_grad
from micrograd_np.tree import Tree

Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


class Flattened:
    """A function of a tree, as a function of the flat vector of its floating-point numbers.

    `x0`: the numbers of the given tree, the vector to start from.
    """

    def __init__(self, f: Callable[..., Any], tree: Tree) -> None:
        self.f = f
        self._like = tree
        self._leaves = trees.leaves(tree)
        arrays = [_array(leaf) for leaf in self._leaves]
        self._free = [i for i, array in enumerate(arrays) if array.dtype.kind in "fc"]
        if not self._free:
            kinds = ", ".join(str(array.dtype) for array in arrays) or "no leaves"
            raise NotDifferentiableError(
                f"nothing in the tree given for {name_of(f)} can vary: it has {kinds}. Give "
                f"floating-point numbers, such as 2.0 for 2, or a module with parameters."
            )
        self._forms = [(arrays[i].shape, arrays[i].dtype) for i in self._free]
        self.x0: Vector = self._vector([arrays[i] for i in self._free])
        self.__name__ = name_of(f)

    def tree(self, x: Any) -> Tree:
        """A tree like the given one with the numbers of `x`, such as `result.x`.

        Leaves keep their kind and dtype: numbers, arrays, or Tensors with their names; a module
        becomes another of its class.
        """
        return self._placed(
            [
                _like(self._leaves[i], array)
                for i, array in zip(self._free, self._arrays(x), strict=True)
            ]
        )

    def _placed(self, free: list[Any]) -> Tree:
        """The tree with other floating leaves."""
        leaves = list(self._leaves)
        for i, leaf in zip(self._free, free, strict=True):
            leaves[i] = leaf
        return trees.replace(self._like, leaves)

    def _of_leaves(self, *args: Any) -> Callable[[list[Any]], Any]:
        """`f` as a function of the list of floating leaves."""

        def function(free: list[Any]) -> Any:
            return self.f(self._placed(free), *args)

        function.__name__ = self.__name__
        return function

    def _arrays(self, x: Any) -> list[Any]:
        """The floating leaves that a vector holds."""
        vector = np.asarray(x, dtype=np.float64)
        if vector.shape != self.x0.shape:
            raise ShapeError(
                f"{self.__name__} is a function of a vector of {self.x0.size} numbers here; it was "
                f"given an array of shape {vector.shape}. Start from `.x0`."
            )
        counts = [_size(shape, dtype) for shape, dtype in self._forms]
        parts = np.split(vector, np.cumsum(counts)[:-1])
        return [_from_numbers(part, *form) for part, form in zip(parts, self._forms, strict=True)]

    def _vector(self, arrays: list[Any]) -> Vector:
        """Floating leaves as a vector; the inverse of `_arrays`."""
        return np.concatenate([_numbers(_array(array)) for array in arrays])


class ScipyObjective(Flattened):
    """A scalar loss of a tree for `scipy.optimize.minimize`; `scipy_objective` makes one."""

    def __call__(self, x: Any, *args: Any) -> tuple[float, Vector]:
        """The loss at `x` and its gradient: `fun`, to be given with `jac=True`."""
        value, gradient = value_and_grad(self._of_leaves(*args))(self._arrays(x))
        return float(value), self._vector(gradient)

    def hessp(self, x: Any, p: Any, *args: Any) -> Vector:
        """The Hessian at `x` times `p`, at the cost of a few gradients."""
        return self._vector(hvp(self._of_leaves(*args), [self._arrays(x)], [self._arrays(p)]))


class ScipyResiduals(Flattened):
    """An array of residuals, for `scipy.optimize.least_squares`; `scipy_residuals` makes one."""

    def __call__(self, x: Any, *args: Any) -> Vector:
        """The residuals at `x`, as a vector."""
        with no_grad():
            out = self.f(self.tree(x), *args)
        return np.ravel(_array(out)).astype(np.float64)

    def jacobian(self, x: Any, *args: Any) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Their derivatives at `x`: a row a residual, a column a number of the tree."""
        if any(dtype.kind == "c" for _, dtype in self._forms):
            raise NotDifferentiableError(
                f"the residuals {self.__name__} depend on complex numbers; give their real and "
                f"imaginary parts as leaves of the tree."
            )
        blocks = jacobian(self._of_leaves(*args))(self._arrays(x))
        counts = [_size(shape, dtype) for shape, dtype in self._forms]
        columns = [
            np.reshape(_array(block), (-1, count))
            for block, count in zip(blocks, counts, strict=True)
        ]
        return np.concatenate(columns, axis=1, dtype=np.float64)


def scipy_objective(f: Callable[..., Any], tree: Tree) -> ScipyObjective:
    """A loss `f(tree)` as what `scipy.optimize.minimize` takes: a function of one flat vector.

    The result is called with a vector and returns the loss and its gradient. It has the vector to
    start from (`x0`), the product of the Hessian with a vector (`hessp`), and makes the tree of a
    vector (`tree(x)`). `tree` may be a module; the leaves that are not floating-point are kept
    as they are. Further arguments of `f` come from `minimize(…, args=…)`.

    Raises NotDifferentiableError if the tree has no floating-point leaves; when called,
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
    """Residuals `f(tree)` as what `scipy.optimize.least_squares` and `root` take.

    The result is called with a vector and returns the residuals, an array of any shape, as a
    vector; its `jacobian` is what these functions take as `jac`. `x0` and `tree(x)` are as in
    `scipy_objective`, and the same is raised.

    >>> from scipy.optimize import least_squares
    >>> t = np.array([0.0, 1.0, 2.0])
    >>> residuals = scipy_residuals(lambda p: p["a"] * np.exp(-p["k"] * t) - 0.5**t,
    ...                             {"a": 2.0, "k": 0.1})
    >>> result = least_squares(residuals, residuals.x0, jac=residuals.jacobian)
    >>> {name: round(x, 4) for name, x in residuals.tree(result.x).items()}
    {'a': 1.0, 'k': 0.6931}
    """
    return ScipyResiduals(f, tree)


# ---------------------------------------------------------------- leaves and numbers


def _array(leaf: Any) -> np.ndarray[Any, Any]:
    """The values of a leaf."""
    return np.asarray(value_of(leaf))


def _like(leaf: Any, array: Any) -> Any:
    """An array as what stood in its place: a Tensor, a Python number, or an array."""
    if isinstance(leaf, Tensor):
        return Tensor(array, leaf.requires_grad, name=leaf.name)
    return type(leaf)(array.item()) if isinstance(leaf, float | complex | np.generic) else array


def _numbers(array: Any) -> Vector:
    """The real numbers that an array holds: of complex ones all real, then all imaginary parts."""
    parts = [array.real, array.imag] if array.dtype.kind == "c" else [array]
    return np.concatenate([part.ravel() for part in parts], dtype=np.float64)


def _from_numbers(numbers: Vector, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """The array of that shape and dtype; the inverse of `_numbers`."""
    if dtype.kind == "c":
        real, imaginary = np.split(numbers, 2)
        numbers = real + 1j * imaginary
    return numbers.reshape(shape).astype(dtype)


def _size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """How many real numbers an array of that shape and dtype holds."""
    return int(np.prod(shape)) * (2 if dtype.kind == "c" else 1)
