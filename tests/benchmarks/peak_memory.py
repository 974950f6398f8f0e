"""The most memory that a process held, as Linux accounts for it.

`getrusage` would not do: in a new process its maximum begins with that of the process that started
it. As a program, `python peak_memory.py TASK CONTENDER` prints by how much the memory of this
process grows at the worst moment of three steps, imports and data being there already.
"""

import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
MIB = 1024  # of the kB in which the kernel counts


def mebibytes(field: str) -> float:
    """A field of the kernel's account of this process."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text(encoding="ascii").splitlines())
    return int(lines[field].split()[0]) / MIB


def peak() -> float:
    return mebibytes("VmHWM")


def growth(task: str, name: str) -> float:
    """From before the first step to the worst moment of three."""
    import contenders

    work = contenders.CONTENDERS[name].make(task)
    before = mebibytes("VmRSS")
    work(3)
    return peak() - before


if __name__ == "__main__":
    print(growth(*sys.argv[1:]))
