"""Reading: the source of the user's modules, split into lines and statements as Python does it.

Only a line feed, a carriage return or both end a line of Python. `str.splitlines` also splits at a
form feed, U+0085 or U+2028, which may stand in comments and strings, and so does `inspect` for some
modules. Then the lines are not those that the syntax tree counts.
"""

import ast
import importlib
import inspect
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from micrograd_np.compiler.source.globals_of import bound_in
from micrograd_np.errors import SourceError

ENDS = re.compile(r"\r\n?")


def source_of(module: str, wanted: Callable[..., Any]) -> str:
    """The source of a module, each line ended by a line feed.

    Raises SourceError, which names the function `wanted`, if there is none.
    """
    try:
        return ENDS.sub("\n", text_of(importlib.import_module(module)))
    except (OSError, TypeError, SyntaxError) as error:
        raise SourceError.unknown(wanted, module) from error


def text_of(module: ModuleType) -> str:
    """The source from the module's file, or from what loaded the module, or from `linecache`."""
    file = inspect.getsourcefile(module)
    if file is not None and Path(file).is_file():
        with tokenize.open(file) as opened:
            return opened.read()
    load = getattr(getattr(module, "__loader__", None), "get_source", None)
    text = load(module.__name__) if load is not None else None
    return text if isinstance(text, str) else inspect.getsource(module)


def statements_of(module: str, wanted: Callable[..., Any]) -> dict[str, ast.stmt]:
    """The statements of a module that is looked up, by the names that they define."""
    return parsed(source_of(module, wanted))


@cache
def parsed(source: str) -> dict[str, ast.stmt]:
    """The statements of a module, by the names that they define."""
    return {name: part for part in ast.parse(source).body for name in bound_in([part])}


@cache
def words_in(source: str) -> frozenset[str]:
    """All that looks like a name in it."""
    return frozenset(re.findall(r"\w+", source))


def segment(node: ast.stmt | ast.expr, source: str) -> str:
    """The text of a node, and nothing else that stands on its lines."""
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    lines = [line.encode() for line in source.split("\n")[first:last]]  # columns count bytes
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return b"\n".join(lines).decode()


# ---------------------------------------------------------------- whether it is what runs


def is_current(function: FunctionType, source: str) -> bool:
    """Whether a function is what the source defines: the file may have changed since."""
    return function.__code__ in codes_of(source)


@cache
def codes_of(source: str) -> frozenset[CodeType]:
    """The compiled functions of a module, those inside others too."""
    return frozenset(codes_in(compile(source, "<source>", "exec", dont_inherit=True)))


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """A compiled function, and those inside it."""
    waiting = [code]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [x for x in code.co_consts if isinstance(x, CodeType)]
