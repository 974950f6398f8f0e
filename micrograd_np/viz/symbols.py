"""The symbol of an op, with the numbers and options of the call written into it.

A *symbol* is a formula in which `x`, `y`, … stand for the arrays that arrive by an edge. No edge
brings a plain number, which is part of the formula: `1 / t` is drawn as `1 ÷ x`, `t ** 2` as `x²`.
"""

from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import Any

import numpy as np

from micrograd_np.core.graph import PICK, Node
from micrograd_np.core.op import Options
from micrograd_np.interpreters.masked import taken
from micrograd_np.ops.derivatives.activations import sigmoid
from micrograd_np.ops.derivatives.elementwise import sigmoid_slope
from micrograd_np.ops.derivatives.indexing import getitem
from micrograd_np.viz.array_text import number, visible

Function = Callable[..., Any]

# Written between the operands.
INFIX: dict[Function, str] = {
    np.add: "+",
    np.subtract: "−",
    np.multiply: "×",
    np.divide: "÷",
    np.matmul: "@",
    np.dot: "·",
    np.outer: "⊗",
    np.linalg.outer: "⊗",
    np.remainder: "mod",
    np.floor_divide: "//",
}

# Written as a sign or a formula of their own. Any other op is written as its name.
SIGNS: dict[Function, str] = {
    np.sum: "Σ",
    np.prod: "∏",
    sigmoid: "σ",
    sigmoid_slope: "σ′",
    np.power: "xʸ",
    np.square: "x²",
    np.exp2: "2ˣ",
    np.sqrt: "√x",
    np.cbrt: "∛x",
    np.reciprocal: "1 ÷ x",
    np.negative: "−x",
    np.positive: "+x",
    np.absolute: "|x|",
    np.fabs: "|x|",
    np.linalg.norm: "‖x‖",
    np.floor: "⌊x⌋",
    np.ceil: "⌈x⌉",
    np.transpose: "xᵀ",
    np.matrix_transpose: "xᵀ",
    np.maximum: "max",
    np.minimum: "min",
}

# What the operands are called where `x` and `y` would not tell.
OPERAND_NAMES: dict[Function, tuple[str, ...]] = {
    np.where: ("c", "x", "y"),
    taken: ("c", "x", "y"),
    np.clip: ("x", "min", "max"),
    np.take: ("x", "i"),
    np.take_along_axis: ("x", "i"),
}
LETTERS = ("x", "y", "z", "u", "v", "w")

# Exchanging the operands changes nothing.
SYMMETRIC: frozenset[Function] = frozenset(
    (np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.logaddexp,
     np.logaddexp2)
)  # fmt: skip
# Options that the symbol or the shape of the result show already, or that change no value.
HIDDEN_OPTIONS = frozenset(
    (
        "key",
        "index",
        "shape",
        "indices_or_sections",
        "optimize",
        "order",
        "copy",
        "subok",
        "layout_",
    )
)
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def is_number(x: object) -> bool:
    """Whether an input is a plain number, or absent: then the symbol shows it."""
    return x is None or isinstance(x, bool | int | float | complex | np.generic)


def symbol(node: Node) -> str:
    """The symbol of the op that made `node`: `σ`, `1 ÷ x`, `max(x, 0)`, `x[0, :]`."""
    op = node.op
    if op is None:
        return ""
    if op is PICK:
        return f"part {node.options['index']}"
    if op.function is getitem:
        key = node.options["key"]
        parts = key if isinstance(key, tuple) else (key,)
        return visible(f"x[{', '.join(map(value_text, parts))}]")
    infix = INFIX.get(op.function)
    sign = infix or SIGNS.get(op.function) or visible(op.name)
    if not any(map(is_number, node.inputs)):
        return sign
    names = iter(operand_names(node))
    given = [value_text(x) if is_number(x) else next(names) for x in node.inputs]
    if op.function is np.power:
        base, exponent = given
        whole = exponent.removeprefix("-").isdigit()
        return base + exponent.translate(SUPERSCRIPTS) if whole else f"{base} ^ {exponent}"
    return f" {infix} ".join(given) if infix else f"{sign}({', '.join(given)})"


def operand_names(node: Node) -> list[str]:
    """The names of those inputs of `node` that arrive by an edge."""
    arrives = [not is_number(x) for x in node.inputs]
    if node.op is not None and node.op.function in OPERAND_NAMES:
        names = OPERAND_NAMES[node.op.function]
        return [name for name, yes in zip(names, arrives, strict=True) if yes]
    count = sum(arrives)
    return [*LETTERS[:count]] if count <= len(LETTERS) else [str(i) for i in range(count)]


def edge_names(node: Node) -> list[str]:
    """The names of the operands; all are empty where exchanging operands changes nothing."""
    operands = [x for x in node.inputs if not is_number(x)]
    alike = all(x is operands[0] for x in operands)
    symmetric = node.op is None or node.op.function in SYMMETRIC
    return [""] * len(operands) if alike or symmetric else operand_names(node)


def options_text(options: Options) -> list[str]:
    """A text for each option that a reader needs: `axis=0`, or `ij,jk->ik` without its name."""
    shown = {n: value_text(value) for n, value in options.items() if n not in HIDDEN_OPTIONS}
    return [visible(x if name == "subscripts" else f"{name}={x}") for name, x in shown.items()]


def value_text(value: Any) -> str:
    """A number, or an option's value, in a few characters that are equal on every run."""
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
    ends = [part.start, part.stop] if part.step is None else [part.start, part.stop, part.step]
    return ":".join("" if x is None else value_text(x) for x in ends)


def sequence_text(values: Sequence[Any]) -> str:
    """A tuple or list of options: `(0, 1)`, `[0, 2]`."""
    inside = ", ".join(map(value_text, values))
    if isinstance(values, list):
        return f"[{inside}]"
    return f"({inside},)" if len(values) == 1 else f"({inside})"


WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (slice, slice_text),
    (tuple | list, sequence_text),
    (np.ndarray, lambda x: "mask" if x.dtype == bool else f"array{x.shape}"),  # not the entries
    (EllipsisType, lambda _: "…"),
)
