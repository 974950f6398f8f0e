"""Passes: functions from a program to a better one with the same results, one idea a module."""

from micrograd_np.compiler.passes.hoisting import split_invariant
from micrograd_np.compiler.passes.table import PASSES, Change, Pass, optimize, optimized

__all__ = ["PASSES", "Change", "Pass", "optimize", "optimized", "split_invariant"]
