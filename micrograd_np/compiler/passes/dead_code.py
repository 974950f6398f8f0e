"""Dead code: calls whose results nobody uses are left out, and so are constants.

Calls with an effect stay: the next draw of a random generator must be the one it would have been.
"""

from micrograd_np.compiler.passes.rewriting import used
from micrograd_np.compiler.program import Program


def drop_dead_code(program: Program) -> Program:
    """Keep what the results depend on, and what has an effect."""
    wanted = set(program.results)
    kept = []
    for instruction in reversed(program.instructions):
        if instruction.effect or not wanted.isdisjoint(instruction.results):
            kept.append(instruction)
            wanted.update(used(instruction))
    constants = {x: array for x, array in program.constants.items() if x in wanted}
    if len(kept) == len(program.instructions) and len(constants) == len(program.constants):
        return program
    return program._replace(constants=constants, instructions=tuple(reversed(kept)))
