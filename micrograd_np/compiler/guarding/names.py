"""Names: what a function's code looks up."""

import dis
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

from micrograd_np.compiler.guarding.notes import Code, after_key, consulted_in, counts

# Who uses these finds attributes and variables by names that its code does not show.
GLOBALS_BY_TEXT = frozenset({"globals", "eval", "exec"})
BY_TEXT = GLOBALS_BY_TEXT | {
    "vars", "__dict__", "__getattribute__", "attrgetter", "methodcaller", "asdict", "astuple",
}  # fmt: skip
ASKING = frozenset({"getattr", "hasattr"})  # by a text, which mostly is in the code
IMPORTING = frozenset({"import_module", "__import__"})
GRADIENT = "grad"
RUNS = ("CALL", "PRECALL")

KINDS = {
    "LOAD_GLOBAL": "variables", "LOAD_NAME": "variables", "LOAD_FROM_DICT_OR_GLOBALS": "variables",
    "LOAD_DEREF": "around", "LOAD_CLASSDEREF": "around", "LOAD_FROM_DICT_OR_DEREF": "around",
    "LOAD_ATTR": "attributes", "LOAD_METHOD": "attributes", "LOAD_SUPER_ATTR": "attributes",
    "IMPORT_FROM": "attributes", "STORE_GLOBAL": "stored", "STORE_DEREF": "stored_around",
    "DELETE_GLOBAL": "stored", "DELETE_DEREF": "stored_around", "STORE_ATTR": "assigned",
    "IMPORT_NAME": "imported",
}  # fmt: skip


class Names(NamedTuple):
    """The names in a function and in those defined inside it.

    - `variables`, `around`, `attributes`: globals, variables of enclosing functions, and attributes
      of anything that are read.
    - `stored`, `stored_around`, `assigned`: names of these three kinds that are assigned to or
      deleted.
    - `imported`: modules.
    - `consulted`: all names, local ones too, whose values are used for more than to take notes in.
    - `with_gradient`: variables whose `grad` is looked up, and "" for other expressions. The `grad`
      of a module is a function, the `grad` of a Tensor an array.
    - `by_text`: whether names can be looked up that are nowhere in the code. Then `words` are the
      names in the texts of the code.
    - `catches`: whether the code may go on where a name means nothing.
    """

    variables: frozenset[str]
    around: frozenset[str]
    attributes: frozenset[str]
    stored: frozenset[str]
    stored_around: frozenset[str]
    assigned: frozenset[str]
    imported: frozenset[str]
    consulted: frozenset[str]
    with_gradient: frozenset[str]
    by_text: bool
    words: frozenset[str]
    catches: bool


@lru_cache(maxsize=4096)
def names_of(code: CodeType) -> Names:
    """The names that a function's code looks up."""
    found: dict[str, set[str]] = {
        kind: set() for kind in (*KINDS.values(), "consulted", "with_gradient")
    }
    texts: set[str] = set()
    by_text = catches = False
    for each in nested(code):
        instructions = [*dis.get_instructions(each)]
        texts.update(strings_in(each.co_consts))
        found["consulted"] |= consulted_in(instructions)
        for i, instruction in enumerate(instructions):
            kind = KINDS.get(instruction.opname)
            if kind and not counts(instructions, i):
                found[kind].add(instruction.argval)
            if kind == "attributes" and instruction.argval == GRADIENT:
                found["with_gradient"].add(receiver(instructions[i - 1]))
        asked = [asked_by(instructions, i) for i in asking(instructions)]
        found["attributes"].update(name for name in asked if name)
        found["consulted"].update(name for name in asked if name)
        by_text |= None in asked or any(x.opname == "MATCH_CLASS" for x in instructions)
        catches |= bool(asked) or bool(each.co_exceptiontable)
    looked_up = found["variables"] | found["attributes"]
    by_text |= not BY_TEXT.isdisjoint(looked_up)
    words = {word for text in texts for word in re.findall(r"[^\W\d]\w*", text)}
    if not IMPORTING.isdisjoint(looked_up):
        found["imported"] |= texts
    return Names(
        **{kind: frozenset(names) for kind, names in found.items()},
        by_text=by_text,
        words=frozenset(words if by_text else ()),
        catches=by_text or catches,
    )


# ---------------------------------------------------------------- names by text


def asking(code: Code) -> Iterator[int]:
    """The places where `getattr` or `hasattr` is loaded."""
    for i, each in enumerate(code):
        if each.opname.startswith("LOAD_") and each.argval in ASKING:
            yield i


def asked_by(code: Code, i: int) -> str | None:
    """The text in `getattr(x, "text")`, loaded at place `i`; None if another expression is there.

    The stack is followed to where the first argument is the only one on it.
    """
    depth = 0
    for j in range(i + 1, len(code)):
        each = code[j]
        if depth == 1 and each.opname == "LOAD_CONST" and isinstance(each.argval, str):
            last = after_key(code, j + 1) or j + 1  # a default may come first
            return each.argval if code[last].opname in RUNS else None
        if "JUMP" in each.opname or depth < 0:
            return None
        depth += dis.stack_effect(each.opcode, each.arg)
    return None


def receiver(instruction: dis.Instruction) -> str:
    """The variable that an instruction loads, from outside the function; "" for anything else."""
    kind = KINDS.get(instruction.opname)
    return str(instruction.argval) if kind in ("variables", "around") else ""


# ---------------------------------------------------------------- code


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
