"""Fusion: large element-wise calls gathered into groups that run block by block.

A chain of calls over a large array spends its time waiting for memory. `fuse` puts each of these
chains, with the reductions at its end, into one instruction whose function is a `Fused`.

- A *unit* is what is done at once: a group, or a call that is in none.
- A group is *closed*: what lies between two of its calls is in it too. Otherwise it could be done
  neither before nor after what is between.

Sums over divided axes are added up in another order than NumPy's, all else is the same bit by bit.
"""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import pairwise
from math import prod
from typing import NamedTuple

from micrograd_np.compiler.blocks.blockwise import Role, Shape, role_of
from micrograd_np.compiler.blocks.fused import Fused
from micrograd_np.compiler.blocks.layouts import layout_of
from micrograd_np.compiler.blocks.recomputing import Part, recomputed
from micrograd_np.compiler.program import Instruction, Program, Variable

SMALLEST = 1 << 17  # entries of a shape over which a group is worth while,
WORK = 1 << 19  # and these times the number of calls
LONGEST_ROW = 1 << 18  # entries of what must not be divided, at most
MOST = 24  # arrays at the ends of a group, at most


def fuse(
    program: Program,
    *,
    smallest: int = SMALLEST,
    work: int = WORK,
    entries: int | None = None,
    threads: int | None = None,
) -> Program:
    """The program with its large element-wise groups as single instructions.

    `smallest`: the entries of a shape from which on a group is made, if times the number of calls
    they make `work`, of which the first call counts half. `entries`: of a block, about; None for
    what suits the cache. `threads`: at most so many for a group; None for as many as there are
    cores.
    """
    if not any(x.size >= max(smallest, 1) for i in program.instructions for x in i.results):
        return program
    grouping = Grouping(program, max(smallest, 1))
    grouping.grow()
    grouping.join_neighbours()
    groups = [group for group in grouping.groups() if is_worth(group, work)]
    return assembled(program, groups, entries, threads)


class Group(NamedTuple):
    """Calls over one shape, by their numbers in the program, in order."""

    shape: Shape
    members: tuple[int, ...]
    roles: tuple[Role, ...]


def is_worth(group: Group, work: int) -> bool:
    """Whether a group has enough to do."""
    calls = sum(role.kind != "view" for role in group.roles)
    return prod(group.shape) * (2 * calls - 1) >= 2 * work


# ---------------------------------------------------------------- grouping


class Grouping:
    """Units that grow. A unit is known by the number of its first call; sets of units are bits.

    `before`: for each unit, all units that must be done before it.
    """

    def __init__(self, program: Program, smallest: int) -> None:
        self.program = program
        self.smallest = smallest
        self.returned = set(program.results)
        self.roles = [role_of(instruction) for instruction in program.instructions]
        self.maker = {
            x: i for i, instruction in enumerate(program.instructions) for x in instruction.results
        }
        self.users: dict[Variable, list[int]] = {}
        self.unit = list(range(len(program.instructions)))
        self.members = {i: [i] for i in self.unit}
        self.shapes: dict[int, Shape] = {}  # of units that are groups
        self.before: dict[int, int] = {}
        effects = 0
        for i, instruction in enumerate(program.instructions):
            bits = effects if instruction.effect else 0
            for x in instruction.variables:
                self.users.setdefault(x, []).append(i)
                if x in self.maker:
                    bits |= 1 << self.maker[x] | self.before[self.maker[x]]
            self.before[i] = bits
            if instruction.effect:
                effects = bits | 1 << i

    def groups(self) -> list[Group]:
        """The groups there are."""
        return [
            Group(shape, tuple(self.members[unit]), tuple(self._roles(self.members[unit])))
            for unit, shape in self.shapes.items()
        ]

    def _roles(self, members: Iterable[int]) -> Iterator[Role]:
        for i in members:
            role = self.roles[i]
            if role is not None:
                yield role

    # ------------------------------------------------------------ growing

    def grow(self) -> None:
        """Each large call joins the groups that its operands come from."""
        for i, role in enumerate(self.roles):
            shape = self._shape(i, role)
            if role is None or shape is None or prod(shape) < self.smallest:
                continue
            if self.unit[i] != i or not self._is_group(shape, [i]):
                continue
            self.shapes[i] = shape
            for x in dict.fromkeys(role.variables):
                for source in self._sources(x, shape):
                    self._merge(source, self.unit[i])

    def _shape(self, i: int, role: Role | None) -> Shape | None:
        """The shape that a call goes over."""
        if role is None or role.kind == "view":
            return None
        x = role.variables[0] if role.kind == "reduction" else self.program.instructions[i].result
        return x.shape

    def _sources(self, x: Variable, shape: Shape) -> list[int]:
        """The nearest groups over a shape that a variable comes from, through small calls too."""
        found: dict[int, None] = {}
        waiting = [x]
        while waiting:
            i = self.maker.get(waiting.pop())
            if i is None:
                continue
            unit, role = self.unit[i], self.roles[i]
            if unit in self.shapes:
                found |= {unit: None} if self.shapes[unit] == shape else {}
            elif role is not None and (role.kind == "view" or self._is_small(i)):
                waiting += role.variables
        return list(found)

    def _is_small(self, i: int) -> bool:
        return self.program.instructions[i].result.size < self.smallest

    def join_neighbours(self) -> None:
        """Groups that read the same large array become one."""
        for x, users in self.users.items():
            if x.size < self.smallest:
                continue
            first: dict[Shape, int] = {}
            for i in users:
                unit = self.unit[i]
                if unit in self.shapes:
                    other = self.unit[first.setdefault(self.shapes[unit], unit)]
                    self._merge(other, unit)

    # ------------------------------------------------------------ merging

    def _merge(self, one: int, other: int) -> None:
        """Make one group of two and what is between them, if it can be a group."""
        one, other = self.unit[one], self.unit[other]
        if one == other:
            return
        units = self._closed(1 << one | 1 << other)
        members = sorted(i for unit in bits_of(units) for i in self.members[unit])
        if self._is_group(self.shapes[one], members):
            self._unite(units, members, self.shapes[one])

    def _closed(self, units: int) -> int:
        """These units and all that lie between them."""
        while True:
            needed = 0
            for unit in bits_of(units):
                needed |= self.before[unit]
            between = [u for u in bits_of(needed & ~units) if self.before[u] & units]
            if not between:
                return units
            for unit in between:
                units |= 1 << unit

    def _is_group(self, shape: Shape, members: list[int]) -> bool:
        roles = list(self._roles(members))
        instructions = [self.program.instructions[i] for i in members]
        if len(roles) < len(members) or len({i.region for i in instructions}) > 1:
            return False
        layout = layout_of(shape, instructions, roles)
        if layout is None:
            return False
        divisible = [n for axis, n in enumerate(shape) if axis not in layout.whole and n > 1]
        row = prod(shape[axis] for axis in layout.whole)
        ends = self._ends(instructions)
        return bool(divisible) and row <= LONGEST_ROW and ends <= MOST

    def _ends(self, instructions: list[Instruction]) -> int:
        """The number of arrays that go in and come out."""
        made = {x for instruction in instructions for x in instruction.results}
        taken = {x for instruction in instructions for x in instruction.variables} - made
        inside = {self.maker[x] for x in made}
        users = ((x, self.users.get(x, ())) for x in made)
        used = [x for x, by in users if x in self.returned or not inside.issuperset(by)]
        return len(taken) + len(used)

    def _unite(self, units: int, members: list[int], shape: Shape) -> None:
        new, before = members[0], 0
        for unit in bits_of(units):
            before |= self.before.pop(unit)
            self.members.pop(unit)
            self.shapes.pop(unit, None)
        before &= ~units
        for unit, bits in self.before.items():
            if bits & units:
                self.before[unit] = bits & ~units | before | 1 << new
        self.before[new], self.members[new], self.shapes[new] = before, members, shape
        for i in members:
            self.unit[i] = new


def bits_of(units: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while units:
        lowest = units & -units
        yield lowest.bit_length() - 1
        units ^= lowest


# ---------------------------------------------------------------- the program of the groups


def assembled(
    program: Program, groups: list[Group], entries: int | None, threads: int | None
) -> Program:
    """The program with an instruction for each group, everything after what it needs."""
    numbered = dict(enumerate(program.instructions))
    parts = [Part(group.shape, {i: numbered.pop(i) for i in group.members}) for group in groups]
    remade = recomputed(program, parts)
    single = list(numbered.values())
    users = users_of(program, single, remade)
    for number, (part, calls) in enumerate(zip(parts, remade, strict=True)):
        used = [x for call in calls for x in call.results if users.get(x, set()) - {number}]
        roots = {call.result: call.variables[0] for call in calls if is_view(call)}
        for i, call in reversed(part.calls.items()):
            if call.result in roots and call.result in used:  # of a result it is made outside too
                numbered[i] = call
                used.append(roots[call.result])
        results = [x for x in dict.fromkeys(used) if x not in roots]
        if results:
            made = part_of(program, calls, results)
            fused = Fused(made, part.shape, entries=entries, threads=threads)
            numbered[min(part.calls)] = Instruction(
                fused, made.parameters, {}, made.results, several=len(results) > 1,
                region=calls[0].region,
            )  # fmt: skip
    return program.with_instructions(in_order(numbered))


def users_of(
    program: Program, single: list[Instruction], parts: list[list[Instruction]]
) -> dict[Variable, set[int]]:
    """The numbers of the parts that use each variable; -1 for what is in no part."""
    users: dict[Variable, set[int]] = {x: {-1} for x in program.results}
    for number, calls in [(-1, single), *enumerate(parts)]:
        for call in calls:
            for x in call.variables:
                users.setdefault(x, set()).add(number)
    return users


def is_view(call: Instruction) -> bool:
    """Whether nothing is computed for a call in a group."""
    role = role_of(call)
    return role is not None and role.kind == "view"


def part_of(program: Program, calls: list[Instruction], results: list[Variable]) -> Program:
    """Some calls of a program as a program, of those that are needed for its results."""
    calls = needed_for(results, calls)
    made = {x for call in calls for x in call.results}
    taken = dict.fromkeys(x for call in calls for x in call.variables if x not in made)
    return Program(f"{program.name}_part", tuple(taken), {}, tuple(calls), tuple(results))


def needed_for(results: list[Variable], calls: list[Instruction]) -> list[Instruction]:
    """The calls without those that nothing needs."""
    needed = set(results)
    kept = []
    for call in reversed(calls):
        if call.result in needed:
            needed.update(call.variables)
            kept.append(call)
    return kept[::-1]


def in_order(instructions: dict[int, Instruction]) -> Iterator[Instruction]:
    """Instructions by number, but after what they need. Those with effects keep their order."""
    maker = {x: i for i, instruction in instructions.items() for x in instruction.results}
    needs = {
        i: {maker[x] for x in instruction.variables if x in maker}
        for i, instruction in instructions.items()
    }
    effects = sorted(i for i, instruction in instructions.items() if instruction.effect)
    for earlier, later in pairwise(effects):
        needs[later].add(earlier)
    users: dict[int, list[int]] = {}
    for i, needed in needs.items():
        for other in needed:
            users.setdefault(other, []).append(i)
    ready = [i for i, needed in needs.items() if not needed]
    heapify(ready)
    while ready:
        i = heappop(ready)
        yield instructions[i]
        for user in users.get(i, ()):
            needs[user].discard(i)
            if not needs[user]:
                heappush(ready, user)
