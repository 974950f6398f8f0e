"""The way in: a function, made for one signature, that goes straight to the program.

Looking through a tree of arguments costs more than a small program does. Where the trees are of
lists, tuples and dicts, the look is printed as code instead: one test an argument, the program,
and the results in their places. Whatever the tests do not expect is a `MISS`, and goes the long
way.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import is_
from typing import Any

import numpy as np

from micrograd_np.compiler.guarding.snapshot import Guard
from micrograd_np.compiler.returning import Hole, Returned
from micrograd_np.compiler.signature import is_value
from micrograd_np.core.context import CONTEXT
from micrograd_np.core.errstate import IGNORE_ALL, STATE
from micrograd_np.core.graph import Node
from micrograd_np.core.record import constant_tensor
from micrograd_np.core.tensor import Tensor

MISS = object()
NAMES = (str, int, bool)  # keys of dicts that are told apart by their types and `==`
SIMPLE = (bool, str, type(None))  # static arguments that are told apart by `is`


class Writer:
    """Lines of code, and the objects that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        self.count = 0

    def name(self, kind: str) -> str:
        """A new name."""
        self.count += 1
        return f"{kind}{self.count}"

    def bound(self, value: Any, kind: str = "k") -> str:
        """A new name for an object."""
        name = self.name(kind)
        self.names[name] = value
        return name

    def miss_unless(self, test: str) -> None:
        """Leave for the long way unless a test holds."""
        self.lines.append(f"    if not ({test}): return MISS")


class NoShortWayError(Exception):
    """Arguments or results that the short way is not made for."""


def fast_caller(
    args: Sequence[Any],
    executable: Callable[..., Any],
    captured: Sequence[Node],
    returned: Returned,
    guard: Guard,
    recording: bool,
) -> Callable[[tuple[Any, ...]], Any] | None:
    """A function of positional arguments that returns the result, or MISS.

    `args`: arguments such as it is for. `guard`: what else has to hold. `recording`: False if it is
    only for `no_grad`. None if there is no short way for these.
    """
    writer = Writer()
    try:
        names = unpack(writer, "args", args)
        values = [
            value for name, x in zip(names, args, strict=True) for value in take(writer, name, x)
        ]
        if guard.snapshot.facts:
            writer.miss_unless(f"{writer.bound(guard)}.snapshot.holds()")
        values += [f"{writer.bound(node, 'leaf')}.value" for node in captured]
        results = [writer.name("r") for _ in returned.kinds]
        pairs = zip(results, returned.kinds, strict=True)
        supply = (kind.code.format(name) for name, kind in pairs)
        out = put(writer, returned.template, iter(returned.places), supply)
    except NoShortWayError:
        return None
    unpacked = f"{''.join(f'{name}, ' for name in results)}= " if results else ""
    body = [
        "def enter(args):",
        "    if context().interpreters: return MISS",
        *([] if recording else ["    if context().recording: return MISS"]),
        *writer.lines,
        "    token = set_state(IGNORE_ALL)",
        "    try:",
        f"        {unpacked}run({', '.join(values)})",
        "    finally:",
        "        reset_state(token)",
        f"    return {out}",
    ]
    scope = writer.names | {
        "MISS": MISS, "context": CONTEXT.get, "run": executable,
        "set_state": STATE.set, "reset_state": STATE.reset, "IGNORE_ALL": IGNORE_ALL,
        "tensor": constant_tensor, "asarray": np.asarray, "Tensor": Tensor, "is_": is_,
        "make": tuple.__new__,
    }  # fmt: skip
    exec(compile("\n".join(body), "<the way into a compiled function>", "exec"), scope)  # noqa: S102 - its own code
    enter: Callable[[tuple[Any, ...]], Any] = scope["enter"]
    return enter


# ---------------------------------------------------------------- arguments


def take(writer: Writer, name: str, x: Any) -> list[str]:
    """The names of the values in the argument `name`, which is tested to be like `x`."""
    kind = type(x)
    if isinstance(x, Tensor):
        return [take_tensor(writer, name, x)]
    if is_value(x):
        writer.miss_unless(f"type({name}) is {writer.bound(kind)}" + like(writer, name, x))
        return [name]
    if kind in SIMPLE:
        writer.miss_unless(f"{name} is {writer.bound(x)}")
        return []
    if not (kind in (list, tuple, dict) or hasattr(kind, "_fields")) or has_attributes(x):
        raise NoShortWayError
    writer.miss_unless(f"type({name}) is {writer.bound(kind)}")
    if hasattr(x, "__dict__"):
        writer.miss_unless(f"not {name}.__dict__")
    if kind is dict:
        if not all(type(key) in NAMES for key in x):
            raise NoShortWayError
        keys, kinds = writer.bound(list(x)), writer.bound([*map(type, x)])
        alike = f"[*{name}] == {keys} and [*map(type, {name})] == {kinds}"
        writer.miss_unless(f"all(map(is_, {name}, {keys})) or ({alike})")  # most are interned
        names, parts = unpack(writer, f"{name}.values()", x, counted=True), list(x.values())
    else:
        names, parts = unpack(writer, name, x), list(x)
    return [
        value for each, part in zip(names, parts, strict=True) for value in take(writer, each, part)
    ]


def unpack(writer: Writer, name: str, x: Any, *, counted: bool = False) -> list[str]:
    """Names for the parts of a container of as many parts as `x`."""
    if not counted:
        writer.miss_unless(f"len({name}) == {len(x)}")
    names = [writer.name("a") for _ in x]
    if names:
        writer.lines.append(f"    {''.join(f'{each}, ' for each in names)}= {name}")
    return names


def take_tensor(writer: Writer, name: str, x: Tensor) -> str:
    """The name of a Tensor's value."""
    kind = "Tensor" if type(x) is Tensor else writer.bound(type(x))
    writer.miss_unless(f"type({name}) is {kind}")
    if x.tracked:
        writer.miss_unless(f"{name}.tracked")
    else:
        writer.miss_unless(f"not {name}.tracked")
    value = writer.name("v")
    writer.lines.append(f"    {value} = {name}.value")
    writer.miss_unless(
        f"type({value}) is {writer.bound(type(x.value))}" + like(writer, value, x.value)
    )
    return value


def like(writer: Writer, name: str, x: Any) -> str:
    """A test, to be added to that of the type, for the shape and the dtype of an array."""
    if not isinstance(x, np.ndarray):
        return ""
    return f" and {name}.shape == {x.shape!r} and {name}.dtype is {writer.bound(x.dtype)}"


def has_attributes(container: Any) -> bool:
    """Whether it holds something beside its parts, as a tuple of the user's own class may."""
    return bool(getattr(container, "__dict__", None))


# ---------------------------------------------------------------- results


def put(writer: Writer, template: Any, places: Iterator[bool], supply: Iterator[str]) -> str:
    """The expression for the tree of results."""
    if isinstance(template, Hole):
        return next(supply) if next(places) else writer.bound(template.fixed)
    kind = type(template)
    if template is None:
        return "None"
    if kind is dict:
        parts = [
            f"{writer.bound(key)}: {put(writer, x, places, supply)}" for key, x in template.items()
        ]
        return f"{{{', '.join(parts)}}}"
    if not (kind in (list, tuple) or hasattr(kind, "_fields")) or has_attributes(template):
        raise NoShortWayError
    inner = "".join(f"{put(writer, x, places, supply)}, " for x in template)
    if kind in (list, tuple):
        return f"[{inner}]" if kind is list else f"({inner})"
    return f"make({writer.bound(kind)}, ({inner}))"
