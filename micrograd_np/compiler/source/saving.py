"""Saving: a printed program as a module that runs with NumPy alone.

Arrays are written as text; what is called of ours, and of the user's, comes along as source.
"""

import ast
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shutil import copymode
from typing import Any
from uuid import uuid4

import numpy as np

from micrograd_np.compiler.program import Variable
from micrograd_np.compiler.source.embedding import Embedding
from micrograd_np.compiler.source.literals import described
from micrograd_np.compiler.source.naming import Names
from micrograd_np.compiler.source.outputs import c_strides, is_dense
from micrograd_np.compiler.source.printing import Source, joined
from micrograd_np.errors import SourceError

Array = np.ndarray[Any, Any]
WIDTH = 92  # characters of an array's text in a line
OF_SCIPY = re.compile(r"^ *(import|from) scipy\b", re.MULTILINE)

DECODER = '''
def from_text(text, dtype, shape):
    """An array from its bytes, written in base 64."""
    return frombuffer(b64decode(text), dtype).reshape(shape)
'''


def saved_text(printed: Source) -> str:
    """The text of the module.

    Raises SourceError for a function whose source cannot go with it, and for a value that cannot
    be written.
    """
    scope = printed.scope
    memory = printed.memory
    embedding = Embedding(Names(scope.names.taken - {"np"}))
    embed(scope.functions, embedding)
    arrays = {**printed.constants, **scope.objects}
    constants = [line for name, x in arrays.items() for line in constant_lines(name, x)]
    decoder = DECODER.strip().split("\n") if constants else []
    imports = ["from numpy import errstate", *scope.import_lines(), *embedding.imports.values()]
    if constants:
        imports += ["from base64 import b64decode", "from numpy import broadcast_to, frombuffer"]
    own = [
        *(text.rstrip().split("\n") for text in printed.definitions),
        memory,
        ['@errstate(all="ignore")  # slopes may be infinite', *printed.body],
    ]
    text = joined(
        docstring(printed, "\n".join([*imports, *embedding.definitions])),
        ["from __future__ import annotations", "", *sorted(set(imports))],
        decoder,
        [*constants, *scope.lines.values()],
        *(text.rstrip().split("\n") for text in embedding.definitions),
        *own,
    )
    check_text(text, [*embedding.meanings, *map(ast.dump, ast.parse(joined(*own)).body)])
    return text


def check_text(text: str, meanings: Sequence[str]) -> None:
    """Raise SourceError unless a module ends with these statements, each as `ast.dump` has it."""
    try:
        module = ast.parse(text)
        compile(module, "<saved>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise SourceError.garbled(f"{error.msg}, line {error.lineno}") from error
    found = [*map(ast.dump, module.body[-len(meanings) :])]
    for one, other in zip(found, meanings, strict=True):
        if one != other:
            raise SourceError.garbled(f"{one:.60} for {other:.60}")


def write(path: Path, text: str) -> None:
    """Write a file as a whole: whatever fails, what was there before stays as it is."""
    if path.exists() and not path.is_file():  # a pipe, say, of which no other can take the place
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    path = path.resolve()  # what a link leads to, not the link
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        if path.exists():
            copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def embed(functions: Mapping[str, Any], embedding: Embedding) -> None:
    """Take the source of functions along.

    Raises SourceError that names all whose source is not to be had.
    """
    wrong = []
    for name, function in functions.items():
        try:
            embedding.add(function, name)
        except SourceError as error:
            wrong.append(str(error))
    if wrong:
        raise SourceError("\n".join(wrong))


def docstring(printed: Source, text: str) -> list[str]:
    """The lines of the module's docstring: its purpose, its arguments and its results.

    `text`: the imports of the module, and the functions that it takes along.
    """
    program = printed.program
    given = [f"    {printed.names[x]}: {described(x)}" for x in program.parameters]
    results = [f"    {described(x)}" for x in program.results]
    needs = "NumPy and SciPy" if OF_SCIPY.search(text) else "NumPy"
    return [
        f'"""`{printed.name}`, compiled by micrograd_np; it needs {needs} and nothing else.',
        "",
        *(["Arguments:", "", *given, ""] if given else []),
        "Returns a tuple of:",
        "",
        *results,
        '"""',
    ]


def constant_lines(name: str, x: Any) -> Iterator[str]:
    """The lines that define an array."""
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind not in "biufcmMSU":
        raise SourceError.value(name, x)
    yield f"{name} = {broadcast(np.asarray(x))}{'[()]' if isinstance(x, np.generic) else ''}"


def broadcast(x: Array) -> str:
    """The expression for an array; of what repeats along an axis only once."""
    repeats = tuple(slice(1) if s == 0 and n > 1 else slice(None)
                    for s, n in zip(x.strides, x.shape, strict=True))  # fmt: skip
    if slice(1) in repeats:
        return f"broadcast_to({decoded(x[repeats])}, {x.shape})"
    return decoded(x)


def decoded(x: Array) -> str:
    """The expression for an array with the axes in the order in which they lie in memory."""
    if not is_dense(Variable.like("", x)):
        x = x.copy("K")
    if x.strides == c_strides(Variable.like("", x)):
        return encoded(x)
    axes = sorted(range(x.ndim), key=lambda axis: (-x.strides[axis], axis))
    back = tuple(axes.index(axis) for axis in range(x.ndim))
    return f"{encoded(x.transpose(axes))}.transpose({back})"


def encoded(x: Array) -> str:
    """The expression for an array whose last axis is contiguous."""
    text = b64encode(x.tobytes()).decode()
    parts = [f'    "{text[i : i + WIDTH]}"' for i in range(0, len(text), WIDTH)] or ['    ""']
    lines = "\n".join(parts)
    return f'from_text(\n{lines},\n    "{x.dtype.str}",\n    {x.shape},\n)'
