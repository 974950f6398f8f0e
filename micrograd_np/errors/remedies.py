"""The one remedy that fits the user's expression, for a value that Python was to make plain.

Python asks a value for its number in an index, in a condition, in `range`, in a function of `math`.
The position of the running instruction tells which expression that is. The remedy names what to
write for just this expression; where the source is not known, there is none.
"""

import ast
import builtins
import dis
import linecache
from collections.abc import Sequence
from functools import reduce
from itertools import islice
from types import FrameType
from typing import Any

import numpy as np

from micrograd_np.errors.places import own_frame
from micrograd_np.errors.replacements import named, numpys

NOT_NEEDED = ("float", "complex", "bool")
SIZING = {  # functions whose result has a shape that an argument says
    "arange", "empty", "eye", "full", "identity", "linspace", "ones", "range", "reshape", "tile",
    "zeros",
}  # fmt: skip
LEAVING = ("item", "tolist", "numpy")
LISTING = ast.List | ast.Tuple | ast.ListComp | ast.GeneratorExp | ast.Call
ARRAYS = ("np.array", "np.asarray", "np.asanyarray", "np.ascontiguousarray", "np.asfortranarray")
MAKING = (*ARRAYS, "np.fromiter")


def expression_at(frame: FrameType) -> ast.expr | None:
    """The expression that a frame is computing; None if the source does not tell."""
    first, last, start, end = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
    if first is None or last is None:
        return None
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)[first - 1 : last]
    if not lines or start is None or end is None:
        return None
    encoded = [line.encode() for line in lines]  # positions count bytes
    encoded[-1] = encoded[-1][:end]
    encoded[0] = encoded[0][start:]
    try:
        return ast.parse(b"(" + b"".join(encoded) + b")", mode="eval").body
    except SyntaxError:
        return None


def remedy(frame: FrameType | None, *, traced: bool = False) -> str:
    """The remedy for the expression that a frame is computing; "" if there is none.

    `traced`: whether `mg.compile` traces the code, so that an argument may be made static.
    """
    node = expression_at(frame) if frame is not None else None
    if frame is None or node is None:
        return ""
    names = vars(builtins) | frame.f_globals | frame.f_locals
    if isinstance(node, ast.Subscript):
        storing = dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith("STORE")
        return stored(node) if storing else taken(node, frame, names, traced=traced)
    if isinstance(node, ast.Call):
        return called(node, frame, names, traced=traced)
    if isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Name | ast.Attribute):
        return decided(node, frame, traced=traced)
    return ""


def fitting(general: str, *, traced: bool = False) -> str:
    """The remedy that fits the user's expression as a sentence; `general` where there is none."""
    found = remedy(own_frame(), traced=traced)
    return f"Write {found}." if found else general


def stored(node: ast.Subscript) -> str:
    """The remedy for an assignment to an entry."""
    target = ast.unparse(node.value)
    return f"`{target} = mg.index_update({target}, {key_of(node.slice)}, value)`"


def key_of(key: ast.expr) -> str:
    """An index as an argument of a function, where slices need `np.s_`."""
    written = ast.unparse(key)
    sliced = any(isinstance(part, ast.Slice) for part in ast.walk(key))
    return f"np.s_[{written}]" if sliced else written


def taken(node: ast.Subscript, frame: FrameType, names: dict[str, Any], *, traced: bool) -> str:
    """The remedy for an index: a Tensor can be indexed by what has no single value."""
    array, key = ast.unparse(node.value), node.slice
    found = named(array, names)
    plain = found is None or isinstance(found, np.ndarray | list | tuple)
    if not plain and not hasattr(type(found), "__array_function__"):
        return ""  # a dictionary, or what is no array at all
    if plain and "Tensor(" not in array:
        maker = "mg.tensor" if isinstance(node.value, ast.List | ast.Tuple) else "mg.Tensor"
        array = f"{maker}({array})"  # `tensor` joins Tensors
    match key:
        case ast.Slice(ast.expr() as start, ast.expr() as end, None) if not isinstance(
            start, ast.Constant
        ):
            return from_there_on(array, start, end)
    if any(isinstance(part, ast.Slice) for part in ast.walk(key)):  # of a length that differs
        return static(key, frame) if traced else ""
    return f"`{array}[{ast.unparse(key)}]`"


def from_there_on(array: str, start: ast.expr, end: ast.expr) -> str:
    """The remedy for a slice that starts at a value: so many entries from there on."""
    first = ast.unparse(start)
    match end:
        case ast.BinOp(left, ast.Add(), ast.Constant(int(count))) if ast.unparse(left) == first:
            return f"`{array}[{first} + np.arange({count})]`"
    return f"`{array}[{first} + np.arange(length)]`, where `length` is always the same"


def called(node: ast.Call, frame: FrameType, names: dict[str, Any], *, traced: bool) -> str:
    """The remedy for a call that asks for numbers."""
    function = ast.unparse(node.func)
    sizing = traced and function.rpartition(".")[2] in SIZING
    return (
        renamed(node, names)
        or unwrapped(function, node, names)
        or left(node.func, traced=traced)
        or (static(node, frame) if sizing else "")
    )


def renamed(node: ast.Call, names: dict[str, Any]) -> str:
    """NumPy's function for one of Python's."""
    function = ast.unparse(node.func)
    instead = numpys(named(function, names), len(node.args))
    return f"{instead} for {function}" if instead else ""


def unwrapped(function: str, node: ast.Call, names: dict[str, Any]) -> str:
    """The argument of a function that makes numbers or arrays of it."""
    dtype, first = function, node.args[0] if node.args else None
    if function in MAKING:
        options = [ast.unparse(x.value) for x in node.keywords if x.arg == "dtype"]
        dtype = next(iter(options + [ast.unparse(x) for x in node.args[1:2]]), "")
    elif function in NOT_NEEDED or named(function, names) is np.float64:
        dtype = ""
    elif function != "int" and not is_dtype(named(function, names)):
        return ""
    if first is None:
        return ""
    given = ast.unparse(first)
    if function in MAKING and (
        isinstance(first, LISTING) or isinstance(names.get(given), list | tuple)
    ):
        return f"`mg.tensor({listed(first)}{dtype and f', dtype={dtype}'})`"
    return f"`np.astype({given}, {dtype})`" if dtype else f"`{given}` itself, without {function}()"


def is_dtype(value: Any) -> bool:
    """Whether a value is a type of NumPy's numbers, such as `np.float32`."""
    return isinstance(value, type) and issubclass(value, np.generic)


def listed(x: ast.expr) -> str:
    """An argument that is gone through, as a list if it is a generator."""
    return ast.unparse(ast.ListComp(x.elt, x.generators) if isinstance(x, ast.GeneratorExp) else x)


def left(function: ast.expr, *, traced: bool) -> str:
    """The Tensor itself for a method that leaves the graph."""
    if not (isinstance(function, ast.Attribute) and function.attr in LEAVING):
        return ""
    value = ast.unparse(function.value)
    use = "; to see its value, return it" if traced else ""
    return f"`{value}` itself, without .{function.attr}(){use}"


def decided(node: ast.expr, frame: FrameType, *, traced: bool) -> str:
    """The remedy for a condition."""
    if traced and isinstance(node, ast.Name) and (fixed := static(node, frame)):
        return fixed
    if isinstance(node, ast.BoolOp):
        function = "np.logical_and" if isinstance(node.op, ast.And) else "np.logical_or"
        return f"`{nested(function, node.values)}`"
    if isinstance(node, ast.Compare) and len(node.ops) > 1:  # 0 < x < 1
        sides = [node.left, *node.comparators]
        each = [
            ast.Compare(a, [op], [b]) for a, op, b in zip(sides, node.ops, sides[1:], strict=False)
        ]
        return f"`{nested('np.logical_and', each)}`"
    if isinstance(node, ast.UnaryOp):
        return f"`np.logical_not({ast.unparse(node.operand)})`"
    return f"`np.where({ast.unparse(node)}, x, y)`, with x and y the results of both ways"


def nested(function: str, values: Sequence[ast.expr]) -> str:
    """A call of a function of two arguments on any number of them."""
    return reduce(lambda left, right: f"{function}({left}, {right})", map(ast.unparse, values))


def static(node: ast.expr, frame: FrameType) -> str:
    """The remedy for an expression of arguments that choose what is computed."""
    code = frame.f_code
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    parts = node.args if isinstance(node, ast.Call) else [node]
    found = [x.id for part in parts for x in ast.walk(part) if isinstance(x, ast.Name)]
    used = [name for name in found if name in arguments]
    return f"`mg.compile(f, static_argnames={used[0]!r})`" if len(set(used)) == 1 else ""
