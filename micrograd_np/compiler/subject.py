"""The subject: a function that is compiled, and how the arguments of its calls are read."""

import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from micrograd_np.compiler.guarding.facts import is_number
from micrograd_np.compiler.guarding.objects import vars_of
from micrograd_np.compiler.guarding.snapshot import Surroundings
from micrograd_np.compiler.signature import (
    CONTAINERS,
    Call,
    Leaf,
    is_value,
    mapped_values,
    signature_of,
)
from micrograd_np.compiler.tracing.trace import Trace
from micrograd_np.core.context import differentiating
from micrograd_np.core.graph import ARGUMENT, Node, describe
from micrograd_np.core.record import PLAIN, constant_tensor
from micrograd_np.core.tensor import Tensor
from micrograd_np.errors import TracingError, listed
from micrograd_np.transforms.grad import name_of

Function = Callable[..., Any]
Arguments = tuple[Any, ...]
Keywords = dict[str, Any]
Positions = int | Sequence[int]
Names = str | Sequence[str]

KEPT = 128  # how many sets of objects among the arguments are known, the latest


class GivenTensor(Tensor):
    """The stand-in for a Tensor among the arguments; a program has no value for its gradient."""

    __slots__ = ()

    def _refuse(self, *_: Any) -> Any:
        raise TracingError.side_effect(describe(self), "had its gradient read or assigned to")

    grad = property(_refuse, _refuse)


class Subject:
    """A function, with the names of its arguments and which of them are static or given up.

    `tried`: whether whoever compiles it runs it uncompiled as well, so that what a trace changes in
    the things it reaches is to be undone.
    """

    __guarded__ = ("function",)

    def __init__(
        self,
        function: Function,
        static_argnums: Positions,
        static_argnames: Names,
        donate_argnums: Positions,
    ) -> None:
        if not callable(function):
            raise TypeError(
                f"mg.compile takes a function. Given: {function!r:.80}. Write mg.compile(f)(x)."
            )
        self.function = function
        self.name = name_of(function)
        self._names, more = positional_names(function)
        self._static = positions(static_argnums, self._names, more, "static_argnums")
        by_name = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
        check_names(by_name, function)
        by_position = (x for i, x in enumerate(self._names) if i in self._static)
        self._static_names = frozenset((*by_name, *by_position))
        self._donate = positions(donate_argnums, self._names, more, "donate_argnums")
        self.tried = False
        self._surroundings: OrderedDict[tuple[int, ...], Surroundings] = OrderedDict()

    def alike(self, function: Function) -> "Subject":
        """Another function with the same static arguments; it may overwrite none."""
        return Subject(function, tuple(self._static), tuple(self._static_names), ())

    def surroundings(self, named: Sequence[tuple[str, Any, bool]] = ()) -> Surroundings:
        """The surroundings of a call: all that it depends on beside the values of arguments."""
        objects = [
            part
            for _, x, static in named
            if type(x) not in PLAIN
            for part in (of_static if static else objects_in)(x)
        ]
        which = tuple(map(id, objects))
        found = self._surroundings.get(which)
        if found is None:
            found = self._surroundings[which] = Surroundings(self.function, objects)
            while len(self._surroundings) > KEPT:
                self._surroundings.popitem(last=False)
        return found

    def forget_surroundings(self) -> None:
        """Look at all of it anew."""
        self._surroundings.clear()

    def named(self, args: Arguments, keywords: Keywords) -> list[tuple[str, Any, bool]]:
        """Each argument with its name, and whether it is marked static."""
        names = [*self._names, *(f"argument_{i}" for i in range(len(self._names), len(args)))]
        given = [
            (name, x, i in self._static or name in self._static_names)
            for i, (name, x) in enumerate(zip(names, args, strict=False))
        ]
        return given + [
            (name, keywords[name], name in self._static_names) for name in sorted(keywords)
        ]

    def call_of(self, args: Arguments, keywords: Keywords) -> Call:
        """The signature and the values of a call."""
        named = self.named(args, keywords)
        key, leaves = signature_of(named)
        surroundings = self.surroundings(named)
        return Call(key, leaves, surroundings, surroundings.current())

    def donated(self, call: Call) -> frozenset[int]:
        """The positions of the values in arguments that are given up.

        Raises TypeError naming all of them that are Tensors.
        """
        known = dict(enumerate(self._names))
        names = {known.get(i, f"argument_{i}") for i in self._donate}
        found = [i for i, leaf in enumerate(call.leaves) if leaf.path.partition(".")[0] in names]
        wrong = [call.leaves[i].path for i in found if isinstance(call.leaves[i].given, Node)]
        if wrong:
            raise TypeError(
                f"donate_argnums gives up arrays to be overwritten, and these are Tensors, whose "
                f"values must not change unseen:{listed(wrong)}"
            )
        return frozenset(found)

    def on_stand_ins(
        self, trace: Trace, call: Call, args: Arguments, keywords: Keywords
    ) -> tuple[Any, list[Any]]:
        """The result of the function for stand-ins, and these, in the order of the values."""
        given = [stand_in(trace, leaf) for leaf in call.leaves]
        supply = iter(given)
        new = [
            x if static else mapped_values(lambda _: next(supply), x)
            for _, x, static in self.named(args, keywords)
        ]
        named = dict(zip(sorted(keywords), new[len(args) :], strict=True))
        tracked = any(isinstance(x, Node) and x.tracked for x in given)
        with differentiating(trace.start, given) if tracked else nullcontext():
            return self.function(*new[: len(args)], **named), given


def objects_in(argument: Any, *, arrays: bool = False) -> Iterator[Any]:
    """The parts of a tree of arguments that may change unseen: functions, objects with attributes.

    Tensors, parts and settings of a module, or of a container of a class of its own, are in the
    signature. So only its class is given, and other objects that it holds; with `arrays` also its
    arrays, which are no values there.
    """
    if isinstance(argument, list | tuple | dict):
        for part in argument.values() if isinstance(argument, dict) else argument:
            yield from objects_in(part, arrays=arrays)
        if type(argument) not in CONTAINERS:
            yield type(argument)
            yield from objects_in(vars_of(argument), arrays=True)
    elif hasattr(type(argument), "__tree_static__"):
        yield type(argument)
        yield from objects_in(vars(argument), arrays=True)
    elif (arrays and isinstance(argument, np.ndarray)) or not (
        is_number(argument) or is_value(argument)
    ):
        yield argument


def of_static(argument: Any) -> Iterator[Any]:
    """The parts of a static argument that may change unseen: all but numbers and texts."""
    if type(argument) is tuple:
        for part in argument:
            yield from of_static(part)
    elif not is_number(argument):
        yield argument


def stand_in(trace: Trace, leaf: Leaf) -> Any:
    """The stand-in that the function is given for a value: a Traced, in a Tensor for a Tensor."""
    made = trace.parameter(leaf.path, leaf.value)
    if not isinstance(leaf.given, Node):
        return made
    node = constant_tensor(made)
    node.__class__ = GivenTensor
    node.tracked, node.name = leaf.given.tracked, leaf.given.name
    node.options = ARGUMENT
    trace.given.add(node)
    return node


def positions(given: Positions, names: Sequence[str], more: bool, setting: str) -> frozenset[int]:
    """Positions of arguments, from the front.

    Raises ValueError for one that the function has no argument at; `more`: whether it may have
    others than those with names.
    """
    numbers = tuple(given) if isinstance(given, list | tuple) else (given,)
    found = {i + len(names) if isinstance(i, int) and i < 0 else i for i in numbers}
    if any(not isinstance(i, int) or i < 0 or (i >= len(names) and not more) for i in found):
        raise ValueError(
            f"{setting}={given!r:.60} does not name arguments of a function of "
            f"({', '.join(names)}): give positions, 0 for the first."
        )
    return frozenset(found)


def check_names(given: Sequence[str], f: Function) -> None:
    """Raise ValueError for static_argnames that are not names of a function's arguments."""
    try:
        parameters = inspect.signature(f).parameters
    except (TypeError, ValueError):  # Python cannot tell
        return
    more = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    unknown = [name for name in given if name not in parameters]
    if unknown and not more:
        raise ValueError(
            f"static_argnames={list(given)!r:.60} does not name arguments of a function of "
            f"({', '.join(parameters)}): {', '.join(map(str, unknown))}."
        )


def positional_names(f: Function) -> tuple[list[str], bool]:
    """The names of a function's positional parameters, and whether it may take more of them."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # Python cannot tell
        return [], True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    more = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    return [p.name for p in parameters if p.kind in positional], more
