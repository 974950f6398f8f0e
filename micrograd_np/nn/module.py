"""Modules: objects with parameters, named by their places in the object.

A `Module` is a plain class. Its *state* is in `vars(self)`, in the order of definition: Tensors,
modules, and lists, tuples and dicts of these. A *place* is the sequence of keys that leads to a
part, `("layers", 0, "weight")`; its *path* is the place in dots, `layers.0.weight`. *Parameters*
are the learnable Tensors: leaves with `requires_grad`. A parameter that is in several places is one
parameter; its path is the path of its first place.

A module is a tree (see `tree`) whose leaves are its parameters, so `mg.grad(loss)(model)` is a
model of the same class with gradients where the parameters were.
"""

import copy
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from micrograd_np.core import tree
from micrograd_np.core.foreign import all_to_numpy
from micrograd_np.core.tensor import Tensor
from micrograd_np.nn.state import arrays_for

if TYPE_CHECKING:
    from micrograd_np.nn.typed import Forward, Given, Result_co

Place = tuple[Any, ...]


class Module:
    """The base class of layers and networks, which define parts in `__init__`, and `forward`.

    `training`: whether the module is being trained, for layers that behave differently then.
    `train()` and `eval()` change `training`.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope = Tensor(2.0, requires_grad=True)
    ...         self.offset = Tensor(1.0, requires_grad=True)
    ...
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).item()
    7.0
    >>> list(line.named_parameters())
    ['slope', 'offset']
    """

    training: bool = True
    _taken: dict[Place, str] | None = None  # in a copy: the places of the original's parameters

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """The value of the module, an expression of its inputs and parameters. To be defined."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward(): define `def forward(self, x): return ...`, "
            f"which calling the module runs."
        )

    def __call__(
        self: "Forward[Given, Result_co]", *args: "Given.args", **keywords: "Given.kwargs"
    ) -> "Result_co":
        """`forward`."""
        return self.forward(*args, **keywords)

    # ------------------------------------------------------------ parameters

    def named_parameters(self) -> dict[str, Tensor]:
        """The parameters by path, in order of definition; a shared one once, by its first path.

        In a copy that a transform made, the values in the places of parameters, such as gradients.

        Raises ValueError if two parameters have one path, as in `{"a.b": t, "a": {"b": u}}`.
        """
        return _firsts(self, self._places())

    def parameters(self) -> list[Tensor]:
        """The parameters, each once, in order of definition."""
        return list(self.named_parameters().values())

    def name_parameters(self) -> Self:
        """Give every parameter its path as its `name`, for pictures and messages; returns `self`.

        A name that you gave stays. A name that is a path in an inner module becomes the path in
        this module: `weight` of a layer becomes `0.weight` in a `Sequential`.
        """
        for path, parameter in self.named_parameters().items():
            if parameter.name is None or path.endswith(f".{parameter.name}"):
                parameter.name = path
        return self

    def zero_grad(self) -> None:
        """Set `.grad` of every parameter to None."""
        for parameter in self.parameters():
            parameter.grad = None

    # ------------------------------------------------------------ modes

    def modules(self) -> list["Module"]:
        """The module itself and every module in it, each once."""
        found = {id(part): part for _, part in _parts(self) if isinstance(part, Module)}
        return list(found.values())

    def train(self, mode: bool = True) -> Self:
        """Set `training` of this module and of every module in it; returns `self`."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """`train(False)`."""
        return self.train(mode=False)

    # ------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies of the values of all Tensors that no op made, by path.

        These are the parameters and the Tensors that are not learnable: constants and frozen
        parameters. So the state of a layer has the same paths when the layer is frozen.
        """
        own = self._state()
        return dict(zip(own, all_to_numpy([part.value for part in own.values()]), strict=True))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Assign the values of `state`, as `state_dict` returns it, to the Tensors of its paths.

        Values are cast to the Tensors' dtypes, within a kind (float64 to float32, not to int).

        Raises ValueError if a name is missing or unexpected, or if a value has the wrong shape or
        kind of dtype or is too large for the Tensor's dtype. Raises ValueError also for a result in
        a graph, whose history would be lost. The message lists all of these. Raises TypeError for
        what is no mapping, and for arrays of PyTorch, whose `Linear` has a transposed weight: a
        square one would be loaded transposed. After an error nothing is changed.
        """
        own = self._state()
        for path, array in arrays_for(own, state, type(self).__name__).items():
            own[path].data = array

    def _state(self) -> dict[str, Tensor]:
        """The Tensors that no op made by path, each once."""
        return _firsts(self, _labeled(self, lambda part: part.op is None))

    # ------------------------------------------------------------ as a tree

    def _places(self) -> dict[Place, str]:
        """The place of every parameter, with the path of the parameter's first place."""
        if self._taken is not None:
            return self._taken
        return _labeled(self, lambda part: part.requires_grad and part.op is None)

    def __tree__(self) -> dict[str, Any]:
        return self.named_parameters()

    def __tree_with__(self, children: Mapping[str, Any]) -> Self:
        new = {place: (path, children[path]) for place, path in self._places().items()}
        replaced: Self = _replaced(self, new)
        return replaced

    def __tree_static__(self, whole: bool = False) -> tuple[Any, ...]:
        """The settings and other Tensors that a compiled program depends on beside the parameters.

        `whole`: also which Tensors the parameters are, but not their values.
        """
        return tuple(_settings(self, () if whole else frozenset(self._places())))

    # ------------------------------------------------------------ showing

    @recursive_repr()
    def __repr__(self) -> str:
        shown = {name: x for name, x in vars(self).items() if name[0] != "_" and name != "training"}
        lines = [line for name, value in shown.items() for line in _lines(name, value)]
        if not any(isinstance(part, Module) for place, part in _parts(self) if place):
            return f"{type(self).__name__}({', '.join(lines)})"
        indented = "\n".join(lines).replace("\n", "\n    ")
        return f"{type(self).__name__}(\n    {indented}\n)"


# ---------------------------------------------------------------- places


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    """The parts of a module or container by key; nothing for anything else."""
    if isinstance(value, Module):
        return vars(value).items()
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()


def _parts(
    value: Any, place: Place = (), above: tuple[int, ...] = ()
) -> Iterator[tuple[Place, Any]]:
    """Every Tensor and module in `value`, itself included, with its place, in order."""
    if isinstance(value, Tensor | Module):
        yield place, value
    if id(value) not in above:  # a part may refer back to the whole
        for key, part in _members(value):
            if isinstance(part, Tensor | Module | dict | list | tuple):
                yield from _parts(part, (*place, key), (*above, id(value)))


def _at(value: Any, place: Place) -> Any:
    for key in place:
        value = vars(value)[key] if isinstance(value, Module) else value[key]
    return value


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def _labeled(module: Module, wanted: Callable[[Tensor], bool]) -> dict[Place, str]:
    """The places of the wanted Tensors, each with the path of its Tensor's first place."""
    first: dict[int, str] = {}
    places = {
        place: first.setdefault(id(part), _dotted(place))
        for place, part in _parts(module)
        if isinstance(part, Tensor) and wanted(part)
    }
    if len(set(first.values())) < len(first):
        twice = sorted(path for path, count in Counter(first.values()).items() if count > 1)
        raise ValueError(
            f"several Tensors of this {type(module).__name__} have one path: {', '.join(twice)}. "
            f"Rename the dictionary keys it comes from."
        )
    return places


def _firsts(module: Module, places: dict[Place, str]) -> dict[str, Any]:
    """The parts at those places that are the first of their path, by path."""
    return {path: _at(module, place) for place, path in places.items() if path == _dotted(place)}


def _replaced(value: Any, new: dict[Place, tuple[str, Any]]) -> Any:
    """A copy of `value` with other parts in the places of `new`; all other parts are shared.

    `new` has a label for each part: parts of one label are one parameter.
    """
    if () in new:
        return new[()][1]
    below: dict[Any, dict[Place, tuple[str, Any]]] = {}
    for (key, *rest), labeled in new.items():
        below.setdefault(key, {})[tuple(rest)] = labeled
    parts = {key: _replaced(_at(value, (key,)), inner) for key, inner in below.items()}
    if not isinstance(value, Module):
        return tree.rebuild(value, [parts.get(key, part) for key, part in _members(value)])
    first: dict[str, str] = {}
    taken = {place: first.setdefault(label, _dotted(place)) for place, (label, _) in new.items()}
    copied = copy.copy(value)
    vars(copied).update(parts, _taken=taken)
    return copied


def _settings(
    value: Any, without: Container[Place], place: Place = (), above: tuple[int, ...] = ()
) -> Iterator[tuple[Place, Any]]:
    """The settings in a module, with their places; what cannot be hashed is given by identity."""
    if place in without or id(value) in above:
        return
    members = _members(value)
    if isinstance(value, Module | dict | list | tuple):
        yield place, type(value)
        for key, part in members:
            if key != "_taken":
                yield from _settings(part, without, (*place, key), (*above, id(value)))
    else:
        simple = value is None or isinstance(value, bool | int | float | str)
        flag = value.tracked if isinstance(value, Tensor) else None
        told = repr(value) if isinstance(value, float) else value  # -0.0 is equal to 0.0
        yield place, (type(value), told) if simple else (id(value), flag)


# ---------------------------------------------------------------- words


def _lines(path: str, value: Any) -> Iterator[str]:
    """The lines for a part in a module's repr: modules nested, shapes of Tensors, settings."""
    if isinstance(value, Module):
        yield f"{path}: {value!r}"
    elif isinstance(value, Tensor):
        unusual = "" if value.dtype == np.float64 else f" {value.dtype}"
        yield f"{path}={value.shape}{unusual}"
    elif value is None or isinstance(value, bool | int | float | str):
        yield f"{path}={value!r}"
    elif callable(value):
        yield f"{path}: {getattr(value, '__name__', type(value).__name__)}"
    else:
        for key, part in _members(value):
            if isinstance(part, Tensor | Module | dict | list | tuple):
                yield from _lines(f"{path}.{key}", part)
