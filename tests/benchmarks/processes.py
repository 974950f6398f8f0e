"""Whole processes: what an import costs, what a trained XOR costs from a cold start, a long chain.

Each script runs in an interpreter of its own, so that nothing another did is warm.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

IMPORT = """
import sys
from time import perf_counter
start = perf_counter()
__import__(sys.argv[1])
print(perf_counter() - start)
"""
HERE_FIRST = f"import sys; sys.path[:0] = [{str(HERE)!r}]"
COLD_XOR = f"{HERE_FIRST}; import networks; networks.xor_eager(10_000)"
COLD_XOR_BY_HAND = f"{HERE_FIRST}; import articles; articles.xor_by_hand(10_000)"
COLD_XOR_COMPILED = f"""{HERE_FIRST}
import micrograd_np, tasks
step, parameters = micrograd_np.compile(tasks.xor_step), tasks.xor_start()
for _ in range(10_000):
    parameters = step(parameters)
"""
COLD_XOR_REPEATED = f"""{HERE_FIRST}
import micrograd_np, tasks
micrograd_np.compile(tasks.xor_step).repeat(10_000)(tasks.xor_start())
"""
COLD_XOR_JAX = f"""{HERE_FIRST}
import networks
networks.jax_step(networks.xor_start, networks.XOR_RATE, two_layers=True)(10_000)
"""
PEAK = "\nimport peak_memory; print(peak_memory.peak())"

CHAIN = """
import gc, resource, sys, time
import micrograd_np as mg
n, collecting = int(sys.argv[1]), sys.argv[2] == "on"
if not collecting:
    gc.disable()
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
x = mg.Tensor(1.0, requires_grad=True)
before = memory()
y, start = x, time.perf_counter()
for _ in range(n):
    y = y * 1.0000001
forward = time.perf_counter() - start
size = memory() - before
start = time.perf_counter()
y.backward()
backward = time.perf_counter() - start
start = time.perf_counter()
del y
freed = time.perf_counter() - start
print(1e6 * forward / n, 1e6 * backward / n, 1e6 * freed / n, size / n)
"""


def run(script: str, *arguments: str) -> str:
    """What a fresh interpreter prints for `script`."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def process(script: str) -> object:
    """A contender for `timing.interleaved` that starts a process an iteration."""

    def repeat(iterations: int) -> None:
        for _ in range(iterations):
            run(script)

    return repeat


def import_seconds(module: str) -> float:
    """What the import of a module takes in a fresh interpreter, whose own start does not count."""
    return float(run(IMPORT, module))


def chain(operations: int, collector: str) -> tuple[float, float, float, float]:
    """µs an op forward, backward and freeing, and bytes a node, with the collector on or off."""
    forward, backward, freed, size = map(float, run(CHAIN, str(operations), collector).split())
    return forward, backward, freed, size


def peak(script: str) -> float:
    """The most memory, in MiB, that a script's process holds at once."""
    return float(run(script + PEAK))


def growth(task: str, contender: str) -> float:
    """`peak_memory.growth`, in a process of its own."""
    command = [sys.executable, str(HERE / "peak_memory.py"), task, contender]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
