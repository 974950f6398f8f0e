"""Notes: which names code uses only to add to a container, read from its instructions.

`log.append(x)`, `table[key] = x`, `table[key].append(x)`, `table.setdefault(key, []).append(x)`,
and these through a local name for the container.
"""

from collections.abc import Sequence
from dis import Instruction

# Methods by which notes are taken: they return nothing, and do the same whatever is there.
NOTES = frozenset({
    "append", "appendleft", "extend", "extendleft", "add", "update", "insert", "discard", "clear",
})  # fmt: skip
SIMPLE = (
    "LOAD_CONST", "LOAD_SMALL_INT", "LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW",
    "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_NAME",
)  # fmt: skip
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
MAKING = ("BUILD_LIST", "BUILD_SET", "BUILD_MAP")
Code = Sequence[Instruction]


def consulted_in(code: Code) -> set[str]:
    """The names whose values are used for more than to take notes in.

    A local name that is assigned to from another counts as this other.
    """
    found: set[str] = set()
    others: list[tuple[str, str]] = []
    for i, each in enumerate(code):
        if not reads(each) or takes_note(code, i + 1) or counts(code, i):
            continue
        names = names_in(each)
        if code[i + 1].opname.startswith("STORE_FAST"):
            others += [(names[-1], names_in(code[i + 1])[0])]
            names = names[:-1]
        found.update(names)
    for name, local in reversed(others):
        if local in found:
            found.add(name)
    return found


def reads(instruction: Instruction) -> bool:
    """Whether the value of a name is read."""
    name = instruction.opname
    return ("LOAD_" in name and name != "LOAD_CONST") or name == "IMPORT_FROM"


def names_in(instruction: Instruction) -> list[str]:
    """The names in an instruction, which may be two in one."""
    given = instruction.argval
    return [x for x in (given if isinstance(given, tuple) else (given,)) if isinstance(x, str)]


def takes_note(code: Code, i: int) -> bool:
    """Whether what was loaded before place `i` is only added to."""
    place: int | None = i
    while place is not None:
        each = code[place]
        if each.opname in ATTRIBUTES:
            if each.argval in NOTES:
                return True
            place = after_call(code, place + 1) if each.argval == "setdefault" else None
            continue
        place = after_key(code, place)
        if place is not None and code[place].opname == "STORE_SUBSCR":
            return True
        place = place + 1 if place is not None and looks_up(code[place]) else None
    return False


def counts(code: Code, i: int) -> bool:
    """Whether an attribute is read in place `i` for `x.attribute += 1` alone."""
    if code[i].opname not in ATTRIBUTES:
        return False
    place = after_key(code, i + 1)
    if place is None or not code[place].argrepr.endswith("="):
        return False
    last = code[place + 2 : place + 3]  # after a swap
    return any(x.opname == "STORE_ATTR" and x.argval == code[i].argval for x in last)


def looks_up(instruction: Instruction) -> bool:
    """Whether an instruction is `container[key]`."""
    return instruction.opname == "BINARY_SUBSCR" or instruction.argrepr == "[]"


def after_key(code: Code, i: int) -> int | None:
    """The place after a constant, a name or an attribute of a name; None if there is none."""
    if code[i].opname not in SIMPLE:
        return None
    i += 1
    while code[i].opname in ATTRIBUTES:
        i += 1
    return i


def after_call(code: Code, i: int) -> int | None:
    """The place after simple arguments and the call with them; None for others."""
    while True:
        each = code[i]
        if each.opname == "CALL":
            return i + 1
        making = each.opname in MAKING and not each.arg
        place = i + 1 if making or each.opname == "PRECALL" else after_key(code, i)
        if place is None:
            return None
        i = place
