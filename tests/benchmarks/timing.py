"""Interleaved timing: contenders take turns, so that a machine that slows down slows all of them.

What counts is the ratio of medians within one run; absolute times are printed for orientation.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

Contender = Callable[[int], object]  # does that many iterations


class Timing(NamedTuple):
    """Seconds an iteration: the median over rounds, the fastest and slowest round, and all."""

    median: float
    fastest: float
    slowest: float
    rounds: list[float]


class Goal(NamedTuple):
    """What a contender ought to take at most: so many times what the fastest of others takes."""

    contender: str
    limit: float
    others: Sequence[str]


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
    return {name: Timing(statistics.median(s), min(s), max(s), s) for name, s in seconds.items()}


def table(title: str, unit: str, scale: float, timings: dict[str, Timing], base: str) -> str:
    """The timings as lines of text, each with its ratio to `base`."""
    lines = [title, f"  {'':<34}{'median':>10}{'fastest':>10}{'slowest':>10}   ratio to {base}"]
    for name, timing in timings.items():
        median, fastest, slowest = (value * scale for value in timing[:3])
        ratio = timing.median / timings[base].median
        lines.append(f"  {name:<34}{median:>10.2f}{fastest:>10.2f}{slowest:>10.2f}   {ratio:.2f}x")
    return "\n".join([*lines, f"  ({unit})"])


def judged(goal: Goal, timings: dict[str, Timing]) -> str:
    """The goal in a line, beside the ratio of medians and the least and largest of any round."""
    wanted = f"{goal.contender} at most {goal.limit:.2f}x of {', '.join(goal.others)}"
    others = [timings[name] for name in goal.others if name in timings]
    if goal.contender not in timings or not others:
        return f"  goal: {wanted}: not measured"
    ours, best = timings[goal.contender], min(others)
    ratios = [mine / theirs for mine, theirs in zip(ours.rounds, best.rounds, strict=True)]
    ratio = ours.median / best.median
    verdict = "met" if ratio <= goal.limit else "MISSED"
    return f"  goal: {wanted}: {ratio:.2f}x ({min(ratios):.2f} to {max(ratios):.2f}), {verdict}"
