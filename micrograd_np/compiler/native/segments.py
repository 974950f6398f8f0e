"""Segments: the native parts of a program that is not native as a whole.

The calls are put into turns, all of NumPy's that can be made now, then all native ones, and so on,
so that there are few parts. A native part of some size becomes one call, of a function that takes
what the part reads and returns what is read of it later. Views cost nothing: a segment makes those
that it needs itself.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from micrograd_np.compiler.program import Instruction, Program, Variable

FEWEST = 3  # native calls that are worth the way there and back

Make = Callable[[Program], Callable[..., tuple[Any, ...]]]


class Part(NamedTuple):
    """Calls that are made in one turn, by their numbers in the program."""

    native: bool
    calls: list[int]


def divided(program: Program, refused: Collection[int], make: Make) -> Program:
    """The program with calls of native segments, whose functions `make` makes of programs.

    `refused`: the numbers of the calls without a native form.
    """
    return Division(program, refused).program(make)


class Division:
    """The calls of a program, in parts."""

    def __init__(self, program: Program, refused: Collection[int]) -> None:
        self.whole = program
        self.refused = refused
        self.calls = program.instructions
        self.made_by = {x: i for i, call in enumerate(self.calls) for x in call.results}
        self.views = {i for i, call in enumerate(self.calls) if call.view and i not in refused}
        self.users: dict[Variable, list[int]] = {}
        for i, call in enumerate(self.calls):
            for x in call.variables:
                self.users.setdefault(x, []).append(i)

    # ------------------------------------------------------------ turns

    def parts(self) -> Iterator[Part]:
        """The turns, in order; views are in none."""
        waiting = [i for i in range(len(self.calls)) if i not in self.views]
        done: set[int] = set()
        native = False
        while waiting:
            taken = self.turn(waiting, done, native=native)
            if taken:
                yield Part(native, taken)
            waiting = [i for i in waiting if i not in done]
            native = not native

    def turn(self, waiting: list[int], done: set[int], *, native: bool) -> list[int]:
        """The waiting calls of one kind that can be made now, one after the other."""
        taken = []
        effect_waits = False
        for i in waiting:
            call = self.calls[i]
            ready = (
                (i not in self.refused) is native
                and not (call.effect and effect_waits)
                and done.issuperset(self.needed([i]) - self.views)
            )
            if ready:
                done.add(i)
                taken.append(i)
            elif call.effect:
                effect_waits = True
        return taken

    def needed(self, calls: Iterable[int]) -> set[int]:
        """The calls whose results these use, looking through views, which are among them."""
        found: set[int] = set()
        waiting = [x for i in calls for x in self.calls[i].variables]
        while waiting:
            i = self.made_by.get(waiting.pop())
            if i is not None and i not in found:
                found.add(i)
                if i in self.views:
                    waiting += self.calls[i].variables
        return found

    # ------------------------------------------------------------ the new program

    def program(self, make: Make) -> Program:
        """All parts in order, the larger native ones as calls of segments, and views before use."""
        out: list[Instruction] = []
        shown: set[int] = set()

        def show(views: Iterable[int]) -> None:
            new = sorted(set(views) - shown)
            out.extend(self.calls[i] for i in new)
            shown.update(new)

        for part in self.parts():
            if part.native and len(part.calls) >= FEWEST:
                out.append(self.segment(part, make))
                continue
            for i in part.calls:
                show(self.needed([i]) & self.views)
                out.append(self.calls[i])
        ends = {self.made_by[x] for x in self.whole.results if x in self.made_by} & self.views
        show(ends | (self.needed(ends) & self.views))
        return self.whole.with_instructions(out)

    def segment(self, part: Part, make: Make) -> Instruction:
        """One call for a native part."""
        own = {*part.calls, *(self.needed(part.calls) & self.views)}
        calls = [self.calls[i] for i in sorted(own)]
        made = {x for call in calls for x in call.results}
        read = dict.fromkeys(x for call in calls for x in call.variables)
        inputs = tuple(x for x in read if x not in made and x not in self.whole.constants)
        results = tuple(x for i in part.calls for x in self.calls[i].results if self.leaves(x, own))
        constants = {x: self.whole.constants[x] for x in read if x in self.whole.constants}
        program = Program(self.whole.name, inputs, constants, tuple(calls), results)
        return Instruction(make(program), inputs, {}, results, several=True)

    def leaves(self, x: Variable, own: set[int]) -> bool:
        """Whether a variable is used outside these calls, or a view of it is."""
        waiting = [x]
        while waiting:
            x = waiting.pop()
            if x in self.whole.results:
                return True
            for i in self.users.get(x, []):
                if i in self.views:
                    waiting += self.calls[i].results
                elif i not in own:
                    return True
        return False
