"""Names: what a function's code looks up, and where code comes from."""

import dis
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

from micrograd_np.errors.places import OWN_FILES

STANDARD = tuple(f"{sysconfig.get_path(kind)}{os.sep}" for kind in ("stdlib", "platstdlib"))
INSTALLED = re.compile(r"(.*[\\/](?:site|dist)-packages[\\/])([^\\/]+)")

# Who uses these finds attributes and variables by names that its code does not show.
GLOBALS_BY_TEXT = frozenset({"globals", "eval", "exec"})
BY_TEXT = GLOBALS_BY_TEXT | {
    "getattr", "hasattr", "vars", "__dict__", "__getattribute__", "attrgetter", "methodcaller",
    "asdict", "astuple",
}  # fmt: skip

KINDS = {
    "LOAD_GLOBAL": "variables", "LOAD_NAME": "variables", "LOAD_FROM_DICT_OR_GLOBALS": "variables",
    "LOAD_DEREF": "around", "LOAD_CLASSDEREF": "around", "LOAD_FROM_DICT_OR_DEREF": "around",
    "LOAD_ATTR": "attributes", "LOAD_METHOD": "attributes", "LOAD_SUPER_ATTR": "attributes",
    "IMPORT_FROM": "attributes", "STORE_GLOBAL": "stored", "STORE_DEREF": "stored",
    "STORE_ATTR": "assigned",
    "IMPORT_NAME": "imported",
}  # fmt: skip

# Methods by which notes are taken: they return nothing, and do the same whatever is there.
NOTES = frozenset({
    "append", "appendleft", "extend", "extendleft", "add", "update", "insert", "discard", "clear",
})  # fmt: skip


class Names(NamedTuple):
    """The names in a function and in those defined inside it.

    `variables`: globals that are read; `around`: variables of functions around it that are read;
    `attributes`: of anything; `stored`, `assigned`: variables and attributes that are assigned to;
    `imported`: modules. `consulted`: all, local ones too, whose values are used for more than to
    take notes in. `by_text`: whether names can be looked up that are nowhere in the code; then
    `words` are those in its texts. `catches`: whether it may go on where a name means nothing.
    """

    variables: frozenset[str]
    around: frozenset[str]
    attributes: frozenset[str]
    stored: frozenset[str]
    assigned: frozenset[str]
    imported: frozenset[str]
    consulted: frozenset[str]
    by_text: bool
    words: frozenset[str]
    catches: bool


@lru_cache(maxsize=4096)
def names_of(code: CodeType) -> Names:
    """What a function's code looks up."""
    found: dict[str, set[str]] = {kind: set() for kind in (*KINDS.values(), "consulted")}
    texts: list[str] = []
    for each in nested(code):
        texts += strings_in(each.co_consts)
        instructions = [*dis.get_instructions(each)]
        found["consulted"].update(consulted_in(instructions))
        for instruction in instructions:
            if kind := KINDS.get(instruction.opname):
                found[kind].add(instruction.argval)
    by_text = not BY_TEXT.isdisjoint(found["variables"] | found["attributes"])
    words = {word for text in texts for word in re.findall(r"[^\W\d]\w*", text)}
    kinds = {kind: frozenset(names) for kind, names in found.items()}
    return Names(
        **kinds,
        by_text=by_text,
        words=frozenset(words if by_text else ()),
        catches=by_text or any(each.co_exceptiontable for each in nested(code)),
    )


def consulted_in(instructions: Sequence[dis.Instruction]) -> Iterator[str]:
    """The names in a function's code whose values it uses for more than to take notes in."""
    for i, each in enumerate(instructions):
        loads = each.opname.startswith("LOAD_") or each.opname == "IMPORT_FROM"
        if not loads or each.opname == "LOAD_CONST":
            continue
        if takes_note(*instructions[i + 1 : i + 3]):
            continue
        names = each.argval if isinstance(each.argval, tuple) else (each.argval,)
        yield from (name for name in names if isinstance(name, str))


def takes_note(method: dis.Instruction, after: dis.Instruction | None = None) -> bool:
    """Whether what was loaded is only added to: by a method, or `x[simple key] = …`."""
    if method.opname in ("LOAD_ATTR", "LOAD_METHOD"):
        return method.argval in NOTES
    simple = method.opname.startswith(("LOAD_CONST", "LOAD_SMALL_INT", "LOAD_FAST", "LOAD_GLOBAL"))
    return simple and after is not None and after.opname == "STORE_SUBSCR"


def nested(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions defined inside it."""
    ahead = [code]
    while ahead:
        each = ahead.pop()
        yield each
        ahead += (x for x in each.co_consts if isinstance(x, CodeType))


def strings_in(constants: Iterable[Any]) -> Iterator[str]:
    """The texts among a function's constants."""
    for x in constants:
        if isinstance(x, str):
            yield x
        elif isinstance(x, tuple):
            yield from strings_in(x)


# ---------------------------------------------------------------- where code comes from


def is_own(file: str) -> bool:
    """Whether a file is ours or NumPy's: nobody changes what it means."""
    return file.startswith(OWN_FILES)


def is_ours(file: str) -> bool:
    """Whether a file is of this package."""
    return file.startswith(OWN_FILES[0])


def is_library(file: str, home: str = "") -> bool:
    """Whether a file is ours, Python's or an installed package's; `home`: but not this package."""
    if home and file.startswith(home):
        return False
    return is_own(file) or is_installed(file) or file.startswith((*STANDARD, "<frozen"))


def is_installed(file: str) -> bool:
    """Whether a file is of an installed package, neither ours nor NumPy."""
    return bool(INSTALLED.match(file)) and not is_own(file)


def home_of(file: str) -> str:
    """The folder of the installed package that a file belongs to; nothing for other files."""
    installed = INSTALLED.match(file)
    return installed[0] if installed is not None and is_installed(file) else ""


def file_of_class(kind: type) -> str:
    """The file of the module that a class is defined in; one of Python's for what is built in."""
    module = kind.__module__
    if module in sys.builtin_module_names:
        return "<frozen>"
    return str(getattr(sys.modules.get(module), "__file__", None) or "")
