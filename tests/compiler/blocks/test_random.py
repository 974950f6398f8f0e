"""Random programs in blocks over threads give what they give call by call."""

from itertools import product

import numpy as np
import pytest
from block_programs import DTYPES, close, fused_of, same
from program_builder import Builder

from micrograd_np.compiler.blocks.fusion import fuse
from micrograd_np.compiler.blocks.layouts import is_partial
from micrograd_np.compiler.program import check
from micrograd_np.compiler.tracing.functions import ASTYPE

UNARY = [
    np.negative,
    np.exp,
    np.tanh,
    np.sin,
    np.sqrt,
    np.square,
    np.abs,
    np.isfinite,
    np.log,
    np.cosh,
    np.reciprocal,
    np.conjugate,
]
BINARY = [
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.maximum,
    np.minimum,
    np.power,
    np.greater,
    np.logaddexp,
    np.arctan2,
    np.logical_and,
]
REDUCTIONS = [np.sum, np.max, np.min, np.mean, np.any, np.add.reduce, np.maximum.reduce]
SHAPES = [
    (7,),
    (130,),
    (5, 9),
    (64, 3),
    (3, 70),
    (4, 5, 6),
    (1, 33, 2),
    (2, 3, 4, 5),
    (1, 1),
    (17, 1),
]


class Drawn:
    """A random program over one shape, with what some calls make of it."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.build = Builder()
        self.shape = self.pick(SHAPES)
        self.dtype = self.pick(DTYPES)
        self.pool = [self.operand(self.shape) for _ in range(2)]
        self.pool += [self.operand(self.smaller()) for _ in range(2)]
        for _ in range(self.rng.integers(3, 14)):
            self.step()

    def pick(self, things):
        return things[self.rng.integers(len(things))]

    def smaller(self):
        """A shape that broadcasts to the shape."""
        lengths = [n if self.rng.random() < 0.6 else 1 for n in self.shape]
        return tuple(lengths[self.rng.integers(len(lengths) + 1) :])

    def operand(self, shape):
        """A parameter in any layout."""
        dtype = self.dtype if self.rng.random() < 0.7 else self.pick(DTYPES)
        values = self.rng.normal(size=shape) * self.pick([1, 1, 30])
        if np.dtype(dtype).kind == "c":
            values = values + 1j * self.rng.normal(size=shape)
        x = np.asarray(values).astype(dtype)
        layout = self.rng.integers(5)
        if layout == 0:
            x = np.asfortranarray(x)
        elif layout == 1 and x.ndim:
            x = np.repeat(x, 2, axis=-1)[..., ::2]
        elif layout == 2 and x.ndim:
            x = np.flip(x, 0)
        elif layout == 3 and x.ndim > 1:
            x = np.ascontiguousarray(x.swapaxes(0, 1)).swapaxes(0, 1)
        x.flags.writeable = bool(self.rng.integers(2))
        return self.build.parameter(x if x.ndim or self.rng.integers(2) else x[()])

    def step(self):
        x, y = (self.pool[-1 - self.rng.integers(min(len(self.pool), 6))] for _ in range(2))
        kind = self.rng.random()
        try:
            if kind < 0.3:
                made = self.build(self.pick(UNARY), x)
            elif kind < 0.65:
                number = self.pick([2, 0.5, -1.5, np.float32(0.1), True])
                made = self.build(
                    self.pick(BINARY), *((x, y), (x, number), (number, y))[self.rng.integers(3)]
                )
            elif kind < 0.75:
                condition = self.build(np.greater, np.float32(0.1), x)
                made = self.build(
                    np.where,
                    condition,
                    *((x, y), (0, y), (x, 0.0), (x, -0.0), (1, x))[self.rng.integers(5)],
                )
            elif kind < 0.8:
                made = self.build(
                    np.clip, x, *((-1, 1), (None, 0.5), (y, None))[self.rng.integers(3)]
                )
            elif kind < 0.85:
                dtype = np.dtype(
                    self.pick(["complex128"] if x.dtype.kind == "c" else ["float32", "float64"])
                )
                made = self.build(ASTYPE, x, dtype)
            elif kind < 0.88:
                made = self.build(np.broadcast_to, x, shape=self.shape, view=True)
            else:
                made = self.reduction(x)
        except (TypeError, ValueError):
            return  # not for such numbers
        if made is not None and made.dtype is not None:
            self.pool.append(made)

    def reduction(self, x):
        ndim = len(x.shape)
        if not ndim or x.dtype == bool:
            return None
        axes = tuple(sorted(self.rng.permutation(ndim)[: self.rng.integers(1, ndim + 1)].tolist()))
        axis = self.pick([axes, axes, -1, 0])
        keepdims = bool(self.rng.random() < 0.7)
        made = self.build(self.pick(REDUCTIONS), x, axis=axis, keepdims=keepdims)
        if not keepdims and self.rng.random() < 0.5 and made.shape:
            lengths = np.sum(np.empty(x.shape), axis=axis, keepdims=True).shape
            made = self.build(np.reshape, made, shape=lengths, view=True)
        return made

    def program(self):
        made = [i.result for i in self.build.instructions]
        kept = [x for x in made if self.rng.random() < 0.4] + made[-1:]
        return self.build.program(*kept)


SETTINGS = list(product([2, 5, 64, 1000], [1, 2, 5]))  # entries of a block, threads


def reordered(program, groups):
    """The results of sums over divided axes, and all that these go into."""
    sums = {
        step.target
        for group in groups
        for step in group.steps
        if is_partial(step.role, group.shape, group.box)
    }
    found = set(sums)
    for instruction in program.instructions:
        if not found.isdisjoint(instruction.variables):
            found.update(instruction.results)
    return sums, found


@pytest.mark.parametrize(
    "seed", [*range(100), *(pytest.param(i, marks=pytest.mark.thorough) for i in range(100, 300))]
)
def test_random_programs_in_tiny_blocks(seed):
    drawn = Drawn(seed)
    program = drawn.program()
    entries, threads = SETTINGS[seed % len(SETTINGS)]
    fused = check(fuse(program, smallest=1, work=1, entries=entries, threads=threads))
    sums, touched = reordered(program, fused_of(fused))
    with np.errstate(all="ignore"):
        expected = program.run(drawn.build.arguments)
        found = fused.run(drawn.build.arguments)
        for x, one, other in zip(program.results, found, expected, strict=True):
            if x not in touched:
                same(one, other)
            elif x in sums and np.all(np.isfinite(other)):
                close(one, other)


def test_random_programs_do_have_groups_and_partials():
    programs = [Drawn(seed).program() for seed in range(60)]
    fused = [fuse(program, smallest=1, work=1, entries=5) for program in programs]
    groups = [group for program in fused for group in fused_of(program)]
    assert sum(len(group.steps) for group in groups) > 150
    assert sum(group.count > 1 for group in groups) > 50
    assert any(
        reordered(program, fused_of(made))[0] for program, made in zip(programs, fused, strict=True)
    )
