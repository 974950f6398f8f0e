"""Source: programs as straight-line NumPy, to be called or to be saved."""

from pathlib import Path

from micrograd_np.compiler.program import Program
from micrograd_np.compiler.source.buffers import plan
from micrograd_np.compiler.source.executable import Executable
from micrograd_np.compiler.source.printing import Source
from micrograd_np.compiler.source.saving import saved_text, write


def build(program: Program, *, donated: frozenset[int] = frozenset()) -> Executable:
    """An executable of a program, as straight-line NumPy.

    `donated`: positions of parameters whose arrays may be written over with results. Its working
    memory is kept from call to call, one set for each of the calls that ran at the same time.
    """
    return Executable(Source(program, plan(program, donated)))


def save(program: Program, path: str | Path) -> None:
    """Write a program as a module that runs with NumPy alone.

    Raises SourceError, a TypeError, that names all functions whose source cannot go with it. What
    was in the file before stays there unless all of the module could be written and is read by
    Python as it is meant.
    """
    write(Path(path), saved_text(Source(program, plan(program))))
