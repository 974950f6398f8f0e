"""What an op looks like: its symbol, with the numbers and options of the call written into it.

A *symbol* is a formula in which `x`, `y`, … stand for the arrays that arrive by an edge. A plain
number does not arrive, it is part of the recipe: `1 / t` is drawn as `1 ÷ x`, `t ** 2` as `x²`.
"""

from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import Any

import numpy as np

from micrograd_np.core.graph import PICK, Node
from micrograd_np.core.op import Options
from micrograd_np.viz.values import number, visible

# Written between the operands.
INFIX = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "matmul": "@",
    "dot": "·",
    "outer": "⊗",
    "remainder": "mod",
    "floor_divide": "//",
}

# Written as a sign or a formula of their own. Any other op is written as its name.
SIGNS = {
    "sum": "Σ",
    "prod": "∏",
    "sigmoid": "σ",
    "sigmoid_slope": "σ′",
    "power": "xʸ",
    "square": "x²",
    "exp2": "2ˣ",
    "sqrt": "√x",
    "cbrt": "∛x",
    "reciprocal": "1 ÷ x",
    "negative": "−x",
    "positive": "+x",
    "absolute": "|x|",
    "fabs": "|x|",
    "norm": "‖x‖",
    "floor": "⌊x⌋",
    "ceil": "⌈x⌉",
    "transpose": "xᵀ",
    "matrix_transpose": "xᵀ",
    "maximum": "max",
    "minimum": "min",
}

# What the operands are called where `x` and `y` would not tell.
ROLES = {
    "where": ("c", "x", "y"),
    "taken": ("c", "x", "y"),
    "clip": ("x", "min", "max"),
    "take": ("x", "i"),
    "take_along_axis": ("x", "i"),
}
LETTERS = ("x", "y", "z", "u", "v", "w")

SYMMETRIC = frozenset(
    ("add", "multiply", "maximum", "minimum", "fmax", "fmin", "hypot", "logaddexp", "logaddexp2")
)
# Options that the symbol or the shape of the result tell already, or that change no value.
UNTOLD = frozenset(
    ("key", "index", "shape", "indices_or_sections", "optimize", "order", "copy", "subok")
)
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def is_number(x: object) -> bool:
    """Whether an input is a plain number, or absent, and so belongs into the symbol."""
    return x is None or isinstance(x, bool | int | float | complex | np.generic)


def symbol(node: Node) -> str:
    """The symbol of the op that made `node`: `σ`, `1 ÷ x`, `max(x, 0)`, `x[0, :]`."""
    op = node.op
    if op is None:
        return ""
    if op is PICK:
        return f"part {node.options['index']}"
    if op.name == "getitem":
        return visible(f"x[{key_text(node.options['key'])}]")
    infix = INFIX.get(op.name)
    sign = infix or SIGNS.get(op.name) or visible(op.name)
    if not any(map(is_number, node.inputs)):
        return sign
    names = iter(roles(node))
    given = [plain(x) if is_number(x) else next(names) for x in node.inputs]
    if op.name == "power":
        return power(*given)
    return f" {infix} ".join(given) if infix else f"{sign}({', '.join(given)})"


def power(base: str, exponent: str) -> str:
    """`x²` where the exponent is a whole number, else `x ^ 0.5`."""
    whole = exponent.removeprefix("-").isdigit()
    return base + exponent.translate(SUPERSCRIPTS) if whole else f"{base} ^ {exponent}"


def roles(node: Node) -> list[str]:
    """What the inputs of `node` that arrive by an edge are called."""
    arrives = [not is_number(x) for x in node.inputs]
    if node.op is not None and node.op.name in ROLES:
        return [role for role, yes in zip(ROLES[node.op.name], arrives, strict=True) if yes]
    count = sum(arrives)
    return [*LETTERS[:count]] if count <= len(LETTERS) else [str(i) for i in range(count)]


def edge_names(node: Node) -> list[str]:
    """The same, but empty where exchanging the inputs would change nothing."""
    arrivals = [x for x in node.inputs if not is_number(x)]
    alike = all(x is arrivals[0] for x in arrivals)
    symmetric = node.op is None or node.op.name in SYMMETRIC
    return [""] * len(arrivals) if alike or symmetric else roles(node)


def options_text(options: Options) -> list[str]:
    """The options of a call that tell something, one each: `axis=0`, or `ij,jk->ik` alone."""
    told = {name: plain(value) for name, value in options.items() if name not in UNTOLD}
    return [visible(x if name == "subscripts" else f"{name}={x}") for name, x in told.items()]


def key_text(key: Any) -> str:
    """An index as it is written between brackets: `0, 1:3, …`."""
    return ", ".join(map(plain, key)) if isinstance(key, tuple) else plain(key)


def plain(value: Any) -> str:
    """A number, or an option's value, in a few characters that are the same on every run."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float | complex):
        return number(value)
    if value is None or isinstance(value, str | np.dtype):
        return str(value)
    for known, write in WRITERS:
        if isinstance(value, known):
            return write(value)
    return str(getattr(value, "__name__", type(value).__name__))


def slice_text(part: slice) -> str:
    """A slice as it is written: `1:`, `::-1`."""
    start, stop, step = ("" if x is None else plain(x) for x in (part.start, part.stop, part.step))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def sequence_text(values: Sequence[Any]) -> str:
    """A tuple or list of options: `(0, 1)`, `[0, 2]`."""
    inside = ", ".join(map(plain, values))
    if isinstance(values, list):
        return f"[{inside}]"
    return f"({inside},)" if len(values) == 1 else f"({inside})"


def array_text(value: np.ndarray[Any, Any]) -> str:
    """An array inside a key or option: what it is, for its entries would be too many."""
    return "mask" if value.dtype == bool else f"array{value.shape}"


WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (slice, slice_text),
    (tuple | list, sequence_text),
    (np.ndarray, array_text),
    (EllipsisType, lambda _: "…"),
)
