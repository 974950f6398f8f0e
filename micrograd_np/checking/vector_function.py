"""The function under check, as a map from a list of arrays to one flat vector.

The *points* of a `VectorFunction` are the differentiable arrays among the inputs. A `RecordedCall`
is one call kept as a graph, which gives derivatives: `pull` in reverse mode, `push` in forward
mode. The *value* of a call is the vector of all floating-point numbers that the function returns. A
complex array counts as two real ones, its real and its imaginary part, among the points and in the
value. The function is called with copies, so it may change its arguments.
"""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from micrograd_np import errors
from micrograd_np.checking.real_parts import from_real_parts, real_part_names, real_parts
from micrograd_np.core import tree
from micrograd_np.core.context import enable_grad
from micrograd_np.core.graph import Node, history, pull, push
from micrograd_np.core.op import Array
from micrograd_np.core.safety.copying import copied
from micrograd_np.core.tensor import Tensor
from micrograd_np.core.tree import Tree
from micrograd_np.core.values import conjugated

FLOATING = ("f", "c")  # kinds of dtypes that are differentiated


class VectorFunction:
    """A function of trees as a function of `points`; `names` replaces the paths of the inputs."""

    def __init__(
        self, f: Callable[..., Any], inputs: Tree, names: Sequence[str] | None = None
    ) -> None:
        self.f = f
        self.args = inputs if type(inputs) in (tuple, list) else (inputs,)
        found = list(tree.paths(inputs))
        self.leaves = [leaf for _, leaf in found]
        self.places = [i for i, leaf in enumerate(self.leaves) if kind(leaf) in FLOATING]
        self.constants = [i for i in range(len(found)) if i not in self.places]
        named = ((path, leaf.name if isinstance(leaf, Tensor) else None) for path, leaf in found)
        titles = [name or path or "x" for path, name in named]
        if not self.places:
            raise errors.NotDifferentiableError(
                f"gradcheck has nothing to differentiate: none of the inputs is a floating-point "
                f"array. Given:{errors.listed(titles) or ' no inputs'}\nWrite numbers with a "
                f"decimal point, or pass dtype=float."
            )
        self.titles = list(names or [titles[i] for i in self.places])
        self.constant_names = [titles[i] for i in self.constants]
        self.arrays = [copied(data_of(self.leaves[i])) for i in self.places]
        self.points = real_parts(self.arrays)
        self.names = real_part_names(self.titles, self.arrays)

    def outputs(self, *tensors: Any) -> tuple[Any, ...]:
        """The floating-point leaves of what `f` returns for these arrays."""
        return tuple(leaf for _, leaf in self.named_outputs(*tensors))

    def named_outputs(self, *tensors: Any) -> list[tuple[str, Any]]:
        """The floating-point leaves of what `f` returns for these arrays, with their paths."""
        leaves = [*self.leaves]
        for place in self.constants:
            leaf = leaves[place]
            leaves[place] = Tensor(leaf.data) if isinstance(leaf, Tensor) else plain_copy(leaf)
        for place, tensor in zip(self.places, tensors, strict=True):
            leaves[place] = tensor
        return floating_leaves(self.f(*tree.replace(self.args, leaves)))

    def run_on_arrays(self) -> "PlainRun":
        """One call with plain arrays in place of Tensors, and with NumPy's numbers for numbers."""
        given = [plain_copy(leaf) for leaf in self.leaves]
        try:
            out = self.f(*tree.replace(self.args, given))
        except Exception as error:  # noqa: BLE001 - the report tells it
            first = str(error).partition("\n")[0]
            return PlainRun([], [], f"{type(error).__name__}: {first}")
        changed = self.changed(given[place] for place in self.places)
        return PlainRun([(path, data_of(leaf)) for path, leaf in floating_leaves(out)], changed)

    def changed(self, given: Iterable[Array]) -> list[str]:
        """The names of the inputs whose numbers are no longer those that the function was given."""
        triples = zip(self.titles, given, self.arrays, strict=True)
        return [name for name, x, array in triples if not same(x, array)]


class PlainRun(NamedTuple):
    """A call with plain arrays: its floating-point outputs by path, and the inputs it wrote to.

    `error`: the exception that ended the call, in one line.
    """

    outputs: list[tuple[str, Array]]
    changed: list[str]
    error: str = ""


class RecordedCall:
    """One call of a function on new leaves, and the derivatives there by the rules of its ops."""

    def __init__(self, function: VectorFunction) -> None:
        self.function = function
        self.inputs = [Tensor(array, requires_grad=True) for array in function.arrays]
        with enable_grad():
            found = function.named_outputs(*self.inputs)
        if not found:
            raise errors.NotDifferentiableError(
                "gradcheck needs a function that returns floating-point numbers; this one returned "
                "none. Return an array, a Tensor or a tree of them."
            )
        self.outputs = [leaf if isinstance(leaf, Tensor) else Tensor(leaf) for _, leaf in found]
        self.nodes, _ = history(self.outputs)
        arrays = [x.data for x in self.outputs]
        self.output_titles = [name for name, _ in found]
        self.output_names = real_part_names(self.output_titles, arrays)
        self.shapes = [x.shape for x in real_parts(arrays)]
        self.dtypes = [x.dtype for x in arrays]
        self.wide = np.result_type(np.float64, *(np.finfo(dtype).dtype for dtype in self.dtypes))
        self.value = self.vector(arrays)

    # ------------------------------------------------------------ values

    def value_at(self, points: Iterable[Array]) -> Array:
        """The value at other `points`; all NaN if the results have other shapes there."""
        arrays = from_real_parts(points, [x.dtype for x in self.inputs])
        found = [data_of(leaf) for leaf in self.function.outputs(*map(Tensor, arrays))]
        if [x.shape for x in real_parts(found)] != self.shapes:
            return np.full_like(self.value, np.nan)
        return self.vector(found)

    def vector(self, arrays: Iterable[Array]) -> Array:
        """Arrays, shaped like the outputs, as one vector."""
        flat = [np.ravel(x) for x in real_parts(arrays)]
        return np.concatenate([np.zeros(0), *flat], dtype=self.wide)

    def split(self, vector: Array) -> list[Array]:
        """A vector, as long as the value, as arrays shaped like the outputs."""
        ends = np.cumsum([prod(shape) for shape in self.shapes])[:-1]
        parts = zip(np.split(vector, ends), self.shapes, strict=True)
        return from_real_parts([part.reshape(shape) for part, shape in parts], self.dtypes)

    def entry(self, row: int) -> str:
        """The text for an entry of the value: `out[1, 2]`, with the path of the output if any."""
        for name, shape in zip(self.output_names, self.shapes, strict=True):
            if row < prod(shape):
                return ".".join(filter(None, ("out", name))) + bracketed(row, shape)
            row -= prod(shape)
        raise IndexError(row)

    def precision(self) -> np.finfo[Any]:
        """The coarsest floating-point type that the computation passes through."""
        values = [node.value for node in (*self.inputs, *self.outputs, *self.nodes)]
        flat = [v for value in values for v in (value if type(value) is tuple else (value,))]
        kinds = {v.dtype for v in flat if v.dtype.kind in FLOATING}
        return max((np.finfo(dtype) for dtype in kinds), key=lambda info: float(info.eps))

    # ------------------------------------------------------------ derivatives

    def pull(self, cotangent: Array) -> list[Array]:
        """Reverse mode: the cotangents of the points, given that of the value."""
        found = pull(self._seeds(cotangent), self.inputs, nodes=self.nodes)
        gradients = [found.get(x, np.zeros_like(x.data)) for x in self.inputs]
        return real_parts(np.asarray(conjugated(g)) for g in gradients)

    def rounding(self, cotangent: Array) -> float:
        """The rounding noise to expect in a combination of the outputs, besides their own rounding.

        Every intermediate value has an error of its precision times its size. Its cotangent says
        how much of the error arrives in the combination.
        """
        arrived = pull(self._seeds(cotangent), self.nodes, nodes=self.nodes)
        squares = 0.0
        outputs = set(self.outputs)
        for node, g in arrived.items():
            if node not in outputs and type(node.value) is not tuple:
                error = np.abs(g).astype(np.float64) * np.abs(node.value)
                share = float(np.sum(error**2))
                share *= float(np.finfo(node.value.dtype).eps) ** 2
                squares += share if np.isfinite(share) else 0
        return float(np.sqrt(squares))

    def _seeds(self, cotangent: Array) -> dict[Node, Array]:
        table: dict[Node, Array] = {}
        parts = map(conjugated, self.split(cotangent))
        for out, g in zip(self.outputs, parts, strict=True):
            if out.requires_grad:
                table[out] = table[out] + g if out in table else g
        return table

    def push(self, place: int, tangent: Array) -> Array:
        """Forward mode: the tangent of the value, given that of the point at `place`."""
        tangents = [np.zeros_like(point) for point in self.function.points]
        tangents[place] = tangent
        moves = from_real_parts(tangents, [x.dtype for x in self.inputs])
        found = push(self.nodes, {x: t for x, t in zip(self.inputs, moves, strict=True) if t.any()})
        return self.vector(np.asarray(found.get(x, np.zeros_like(x.data))) for x in self.outputs)


# ---------------------------------------------------------------- leaves of all kinds


def kind(leaf: Any) -> str:
    """The kind of a leaf's dtype, as in `dtype.kind`; "" for what is not a number or an array."""
    if isinstance(leaf, Tensor | np.ndarray | np.generic):
        return leaf.dtype.kind
    return np.dtype(type(leaf)).kind if isinstance(leaf, float | int | complex) else ""


def data_of(leaf: Any) -> Array:
    """A leaf's numbers."""
    return leaf.data if isinstance(leaf, Tensor) else np.asarray(leaf)


def floating_leaves(out: Tree) -> list[tuple[str, Any]]:
    """The floating-point leaves of a result, with their paths."""
    return [(path, leaf) for path, leaf in tree.paths(out) if kind(leaf) in FLOATING]


def plain_copy(leaf: Any) -> Any:
    """A leaf without a Tensor: an array of its own, or a number of NumPy's."""
    if isinstance(leaf, Tensor | np.ndarray):
        return copied(data_of(leaf))
    return np.asarray(leaf)[()] if isinstance(leaf, float | complex) else leaf


def bracketed(flat: int, shape: tuple[int, ...]) -> str:
    """The text for a flat index into an array of `shape`: `[1, 2]`."""
    return str([int(i) for i in np.unravel_index(flat, shape)]) if shape else ""


def same(x: Array, y: Array) -> bool:
    """Whether two arrays are equal, NaN counting as equal to itself."""
    return np.array_equal(x, y, equal_nan=True)
