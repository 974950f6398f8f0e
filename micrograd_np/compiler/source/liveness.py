"""Liveness: until when the memory behind each variable is needed.

The *roots* of a variable are the variables whose memory it may lie in: itself, and for a view
those of the arguments. Memory is needed as long as any variable that may lie in it is used. Times
are the numbers of instructions; the results are used after the last one.
"""

from collections.abc import Iterable

from micrograd_np.compiler.program import Instruction, Program, Variable
from micrograd_np.compiler.source.outputs import WHOLE_VIEWS, is_among, may_share


class Liveness:
    """When variables are made and last used, and in whose memory they may lie.

    `made`: the number of the instruction that makes a variable, -1 for what is there before.
    `used`: when it is last used itself; `needed`: when anything is that may lie in its memory.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.end = len(program.instructions)
        self.given = {*program.parameters, *program.constants}
        self.made = dict.fromkeys(self.given, -1)
        self.roots = {x: frozenset((x,)) for x in self.given}
        self.used: dict[Variable, int] = {}
        for number, instruction in enumerate(program.instructions):
            self._follow(number, instruction)
        self._use(program.results, self.end)
        self.needed: dict[Variable, int] = {}
        for x, time in self.used.items():
            for root in self.roots[x]:
                self.needed[root] = max(time, self.needed.get(root, -1))

    def _follow(self, number: int, instruction: Instruction) -> None:
        variables = instruction.variables
        self._use(variables, number)
        shared: frozenset[Variable] = frozenset()
        if may_share(instruction):
            shared = shared.union(*(self.roots[x] for x in variables if x.dtype is not None))
        for x in instruction.results:
            self.made[x] = number
            self.roots[x] = shared | {x}
            self.used[x] = number

    def _use(self, variables: Iterable[Variable], number: int) -> None:
        for x in variables:
            self.used[x] = number

    def maker(self, x: Variable) -> Instruction | None:
        """The instruction that makes a variable."""
        made = self.made[x]
        return None if made < 0 else self.program.instructions[made]

    def owner(self, x: Variable) -> Variable | None:
        """The variable made as an array of its own that `x` is, or is a view of the whole of.

        None if it may lie in memory that it does not fill, or that is not the program's own.
        """
        while (maker := self.maker(x)) is not None:
            if not may_share(maker):
                return x
            if not is_among(maker.function, WHOLE_VIEWS) or not isinstance(maker.args[0], Variable):
                return None
            if maker.args[0].size != x.size:
                return None
            x = maker.args[0]
        return None
