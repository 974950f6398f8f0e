"""Interleaved timing: contenders take turns, so that a machine that slows down slows all of them.

What counts is the ratio of medians within one run; absolute times are printed for orientation.
"""

import gc
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

Contender = Callable[[int], object]  # does that many iterations


class Timing(NamedTuple):
    """Seconds an iteration: the median over rounds, and the fastest and slowest round."""

    median: float
    fastest: float
    slowest: float


def interleaved(
    contenders: dict[str, Contender], iterations: dict[str, int], rounds: int
) -> dict[str, Timing]:
    """Time every contender once a round, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, run in contenders.items():
            count = iterations[name]
            gc.collect()
            start = time.perf_counter()
            run(count)
            elapsed = (time.perf_counter() - start) / count
            if turn:
                seconds[name].append(elapsed)
    return {name: Timing(statistics.median(s), min(s), max(s)) for name, s in seconds.items()}


def table(title: str, unit: str, scale: float, timings: dict[str, Timing], base: str) -> str:
    """The timings as lines of text, each with its ratio to `base`."""
    lines = [title, f"  {'':<34}{'median':>10}{'fastest':>10}{'slowest':>10}   ratio to {base}"]
    for name, timing in timings.items():
        median, fastest, slowest = (value * scale for value in timing)
        ratio = timing.median / timings[base].median
        lines.append(f"  {name:<34}{median:>10.2f}{fastest:>10.2f}{slowest:>10.2f}   {ratio:.2f}x")
    return "\n".join([*lines, f"  ({unit})"])
