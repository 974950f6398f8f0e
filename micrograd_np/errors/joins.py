"""The code to write where NumPy makes a plain array of Tensors, read off the user's own call.

NumPy asks no Tensor that stands in a list, as in `np.mean([t, u])`: it makes an array of the list.
"""

import ast
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from micrograd_np.errors.places import OWN_FILES, users_frame
from micrograd_np.errors.remedies import ARRAYS, expression_at

LISTS = (ast.List, ast.Tuple, ast.ListComp)
MOST = 160  # characters of a call that a message repeats
JOINING = ("concatenate", "stack", "hstack", "vstack", "dstack", "column_stack")
MASKED = "np.ma makes plain arrays. Write `np.where(mask, 0, t)` for what the mask hides; or use"
PLAIN_NUMBERS = (
    "np.vectorize calls its function with one number of Python's at a time. Call the function on "
    "the Tensor itself, or `mg.vmap(function)(t)`; or use"
)


def joining_advice() -> str:
    """The advice about an array that NumPy makes of a Tensor, for a message; "" if unknown."""
    if within(lambda frame: type(frame.f_locals.get("self")).__name__ == "vectorize"):
        return PLAIN_NUMBERS
    if within(lambda frame: frame.f_globals.get("__name__") == "numpy.ma.core"):
        return MASKED
    instead = instead_of_call()
    return f"Write `{instead}`, or use" if instead else ""


def instead_of_call() -> str:
    """The user's call with its lists of Tensors joined; "" if that is not what the call needs."""
    frame = users_frame()
    call = None if frame is None else expression_at(frame)
    if frame is None or call is None:
        return ""
    instead = rewritten(call, {**frame.f_globals, **frame.f_locals})
    return instead if len(instead) <= MOST else ""


def within(found: Callable[[FrameType], bool]) -> bool:
    """Whether a caller inside this package or NumPy is the one that is looked for."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - there is no public way to the frame
    while frame is not None and frame.f_code.co_filename.startswith(OWN_FILES):
        if found(frame):
            return True
        frame = frame.f_back
    return False


def rewritten(call: ast.expr, names: dict[str, Any]) -> str:
    """The call with its lists of Tensors stacked; "" if it has none."""
    if isinstance(call, ast.Subscript):
        return in_place_of_brackets(call, names)
    if isinstance(call, ast.BinOp):
        call.left, call.right = stacked(call.left, names), stacked(call.right, names)
        return changed(call)
    if not isinstance(call, ast.Call) or ast.unparse(call.func) in ARRAYS:
        return ""  # `remedies` knows what joins the Tensors of an array
    function = ast.unparse(call.func).rpartition(".")[2]
    if function in {"full", "full_like"}:
        return filled(call, function)
    first = call.args[0] if call.args else None
    if function in JOINING and isinstance(first, ast.List | ast.Tuple):
        first.elts = [stacked(x, names) for x in first.elts]
    else:
        call.args = [stacked(x, names) for x in call.args]
    for keyword in call.keywords:
        keyword.value = stacked(keyword.value, names)
    return changed(call)


def filled(call: ast.Call, function: str) -> str:
    """The code to write for `np.full` or `np.full_like`; "" if it is called in another way."""
    names = ("shape" if function == "full" else "a", "fill_value", "dtype")
    given = dict(zip(names, map(ast.unparse, call.args), strict=False))
    given |= {str(x.arg): ast.unparse(x.value) for x in call.keywords}
    if not {*names[:2]} <= given.keys() <= {*names}:
        return ""
    shape = given["shape"] if function == "full" else f"np.shape({given['a']})"
    dtype = f", dtype={given['dtype']}" if "dtype" in given else ""
    return f"mg.full({shape}, {given['fill_value']}{dtype})"


def in_place_of_brackets(call: ast.Subscript, names: dict[str, Any]) -> str:
    """The code to write for `np.r_[...]` and `np.c_[...]`; "" if they hold slices or texts."""
    parts = call.slice.elts if isinstance(call.slice, ast.Tuple) else [call.slice]
    if any(isinstance(x, ast.Slice) or isinstance(getattr(x, "value", 0), str) for x in parts):
        return ""
    listed = ", ".join(ast.unparse(stacked(part, names)) for part in parts)
    axes = [getattr(names.get(x.id), "ndim", 0) if isinstance(x, ast.Name) else 0 for x in parts]
    brackets = ast.unparse(call.value).rpartition(".")[2]
    if brackets == "c_":
        deep = max(axes) > 2
        return f"np.concatenate([{listed}], axis=-1)" if deep else f"np.column_stack([{listed}])"
    if brackets != "r_":
        return ""
    if min(axes) > 0:  # none is, or may be, a single number
        return f"np.concatenate([{listed}])"
    several = len(parts) > 1 or isinstance(parts[0], ast.Starred)
    return f"np.concatenate(np.atleast_1d({listed}))" if several else f"np.atleast_1d({listed})"


def stacked(x: ast.expr, names: dict[str, Any]) -> ast.expr:
    """An argument, with a call around it that joins its Tensors if it is a list of them."""
    if not holds_tensors(x, names):
        return x
    if isinstance(x, ast.Name):
        nested = any(isinstance(part, list | tuple) for part in names[x.id])
    else:
        nested = any(isinstance(y, LISTS) for y in ast.walk(x) if y is not x)
    function = "mg.tensor" if nested else "np.stack"
    call = ast.parse(f"{function}({ast.unparse(x)})", mode="eval").body
    call.joins = True  # type: ignore[attr-defined] # a mark for `changed`
    return call


def changed(call: ast.expr) -> str:
    """The source of a call, if one of its arguments is joined."""
    return ast.unparse(call) if any(hasattr(x, "joins") for x in ast.walk(call)) else ""


def holds_tensors(x: ast.expr, names: dict[str, Any]) -> bool:
    """Whether an argument is a list, written out or by its name, in which a Tensor stands."""
    if isinstance(x, ast.Name):
        return isinstance(names.get(x.id), list | tuple) and has_tensor(names[x.id])
    if not isinstance(x, LISTS):
        return False
    found = (names.get(y.id) for y in ast.walk(x) if isinstance(y, ast.Name))
    return any(hasattr(value, "requires_grad") or has_tensor(value) for value in found)


def has_tensor(value: Any) -> bool:
    """Whether a value is a list with a Tensor in it, at any depth."""
    if not isinstance(value, list | tuple):
        return False
    return any(hasattr(part, "requires_grad") or has_tensor(part) for part in value)
