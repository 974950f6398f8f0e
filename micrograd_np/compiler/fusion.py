"""Fusion: large element-wise calls gathered into groups that run block by block.

A chain of calls over a large array spends its time waiting for memory; `fuse` puts each such chain,
with the reductions at its end, into one instruction whose function is a `Fused`.

- A *unit* is what is done at once: a group, or a call that is in none.
- A group is *closed*: what lies between two of its calls is in it too. Otherwise it could be done
  neither before nor after what is between.

Sums over divided axes are added up in another order than NumPy's, all else is the same bit by bit.
"""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from micrograd_np.compiler.blockwise import Role, Shape, layout_of, role_of
from micrograd_np.compiler.fused import Fused as Fused
from micrograd_np.compiler.program import Instruction, Program, Variable

SMALLEST = 1 << 16  # entries of a shape over which a group is worth while
ALONE = 1 << 18  # the same for a single call
LONGEST_ROW = 1 << 18  # entries of what must not be divided, at most
MOST = 24  # arrays at the ends of a group, at most


def fuse(
    program: Program,
    *,
    smallest: int = SMALLEST,
    alone: int = ALONE,
    entries: int | None = None,
    threads: int | None = None,
) -> Program:
    """The program with its large element-wise groups as single instructions.

    `smallest`: the entries of a shape from which on a group is made, `alone`: of a single call.
    `entries`: of a block, about; None for what suits the cache. `threads`: at most so many for a
    group; None for as many as there are cores.
    """
    if not any(x.size >= max(smallest, 1) for i in program.instructions for x in i.results):
        return program
    grouping = Grouping(program, max(smallest, 1))
    grouping.grow()
    grouping.join_neighbours()
    groups = [group for group in grouping.groups() if is_worth(group, alone)]
    return assembled(grouping, groups, entries, threads)


class Group(NamedTuple):
    """Calls over one shape, by their numbers in the program, in order."""

    shape: Shape
    members: tuple[int, ...]
    roles: tuple[Role, ...]


def is_worth(group: Group, alone: int) -> bool:
    """Whether a group has enough to do."""
    calls = [role for role in group.roles if role.kind != "view"]
    return len(calls) > 1 or Variable("", group.shape).size >= alone


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
            if role is None or shape is None or Variable("", shape).size < self.smallest:
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
        row = Variable("", tuple(shape[axis] for axis in layout.whole)).size
        ends = self._ends(instructions)
        return bool(divisible) and row <= LONGEST_ROW and ends <= MOST

    def _ends(self, instructions: list[Instruction]) -> int:
        """The number of arrays that go in and come out."""
        made = [x for instruction in instructions for x in instruction.results]
        taken = {x for instruction in instructions for x in instruction.variables}
        return len(taken.difference(made)) + len(self.used_outside(made))

    def used_outside(self, made: list[Variable]) -> list[Variable]:
        """Those of a group's variables that others use, or the program returns."""
        inside = {self.maker[x] for x in made}
        return [
            x for x in made if x in self.returned or not inside.issuperset(self.users.get(x, ()))
        ]

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
    grouping: Grouping, groups: list[Group], entries: int | None, threads: int | None
) -> Program:
    """The program with an instruction for each group, everything after what it needs."""
    program = grouping.program
    instructions = dict(enumerate(program.instructions))
    for group in groups:
        calls = [instructions.pop(i) for i in group.members]
        made = [x for call in calls for x in call.results]
        roots = {
            call.result: role.args[0]
            for call, role in zip(calls, group.roles, strict=True)
            if role.kind == "view"
        }
        used = grouping.used_outside(made)
        views = {}
        for i, call in zip(group.members[::-1], calls[::-1], strict=True):
            if call.result in roots and call.result in used:
                views[i] = call
                used.append(roots[call.result])
        results = [x for x in dict.fromkeys(used) if x not in roots]
        instructions |= views
        if results:
            part = part_of(program, calls, results)
            fused = Fused(part, group.shape, entries=entries, threads=threads)
            instructions[group.members[0]] = Instruction(
                fused, part.parameters, {}, part.results, several=len(results) > 1,
                region=calls[0].region,
            )  # fmt: skip
    return program.with_instructions(in_order(instructions))


def part_of(program: Program, calls: list[Instruction], results: list[Variable]) -> Program:
    """Some calls of a program as a program."""
    made = {x for call in calls for x in call.results}
    taken = dict.fromkeys(x for call in calls for x in call.variables if x not in made)
    return Program(f"{program.name}_part", tuple(taken), {}, tuple(calls), tuple(results))


def in_order(instructions: dict[int, Instruction]) -> Iterator[Instruction]:
    """Instructions by number, but after what they need. Those with effects keep their order."""
    maker = {x: i for i, instruction in instructions.items() for x in instruction.results}
    needs = {
        i: {maker[x] for x in instruction.variables if x in maker}
        for i, instruction in instructions.items()
    }
    effects = sorted(i for i, instruction in instructions.items() if instruction.effect)
    for earlier, later in zip(effects, effects[1:], strict=False):
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
