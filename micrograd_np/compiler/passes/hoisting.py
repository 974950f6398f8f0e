"""Hoisting: work that is the same in every step of a loop, done once before it."""

from collections.abc import Collection

from micrograd_np.compiler.passes.dead_code import drop_dead_code
from micrograd_np.compiler.passes.rewriting import used
from micrograd_np.compiler.program import Program, Variable


def split_invariant(program: Program, invariant: Collection[int]) -> tuple[Program, Program]:
    """The program of the calls that depend on loop-invariant parameters alone, and the rest.

    `invariant`: the positions of the parameters that stay the same in every step. Both programs
    take the parameters of the whole program, and `rest` takes the results of `before` after these.
    So `rest.run([*arguments, *before.run(arguments)])` returns what the whole program returns.
    Calls with an effect are never moved.
    """
    known = {program.parameters[place] for place in invariant} | program.constants.keys()
    before, rest = [], []
    for instruction in program.instructions:
        if instruction.effect or not known.issuperset(used(instruction)):
            rest.append(instruction)
        else:
            before.append(instruction)
            known.update(instruction.results)
    wanted = {x: None for instruction in rest for x in used(instruction)}
    wanted |= dict.fromkeys(program.results)
    made = {x for instruction in before for x in instruction.results}
    passed: tuple[Variable, ...] = tuple(x for x in wanted if x in made)
    prologue = program._replace(
        name=f"{program.name}_before", instructions=tuple(before), results=passed
    )
    parameters = (*program.parameters, *passed)
    body = program._replace(parameters=parameters, instructions=tuple(rest))
    return drop_dead_code(prologue), drop_dead_code(body)
