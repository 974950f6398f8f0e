"""Differences: the slopes of a function measured from its values alone, each with an error bound.

A *probe* is a way to move one input: along a single entry, or along a random direction. Moving it
by a step `h` each way gives the slope to the right, to the left, and the *central* one.

A difference has two errors. Truncation shrinks with the step; a comparison of neighboring steps
shows how fast. Rounding, the noise of the value divided by the step, grows as the step shrinks. So
slopes are measured in up to two ways:

- the *first look* takes two steps near `cbrt(eps) * max(|x|, scale)`, where a central difference is
  about best, and Richardson's extrapolation. If a rule's slope agrees to many digits, that is no
  accident, and the slope is settled;
- the *second look* takes a ladder of steps, from tiny ones to the size of the input, and measures
  the noise. It considers the steps whose error bars are consistent with those of all smaller steps,
  and takes the one with the smallest error bar. The second look tells noise from error and stays
  inside the domain. It shows a *kink*: slopes to either side that differ however small the step.

Sources: N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, on the best step; J. Moré
and S. Wild, Estimating Computational Noise, 2011; O. Lepski, On a Problem of Adaptive Estimation in
Gaussian White Noise, 1990.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from micrograd_np.checking.vector_function import RecordedCall
from micrograd_np.core.op import Array
from micrograd_np.core.safety.copying import copied

RATIO = 8.0  # of neighboring steps; a power of two, so that x + h is exact
LOWEST = 2.0**-50  # the smallest step, in units of the input
SAFETY = 4.0  # error bars in units of the noise, and of the truncation error
ORDER = 3  # of the differences that separate noise from the smooth part
SAMPLES = 7  # values they are formed from
NEAR_ZERO = 2.0**-30  # size of an entry that is zero, in units of the typical one
SMALLEST = 1e-280  # what counts as zero: steps far below it must still be numbers
SLOWEST = 0.9  # the slowest convergence of slopes that still counts as one
CLEAR = 0.1  # the noise, relative to the slopes, below which a kink can be told
LASTING = 3  # steps over which the gap between the slopes of a kink stays the same
AGREEING = 2  # steps that must agree for a slope to be settled


class Slopes(NamedTuple):
    """Measured slopes, with an entry for each row: the value, its error bar, and both sides."""

    value: Array
    bound: Array
    left: Array
    right: Array
    kink: Array
    settled: Array


class Rows:
    """The numbers that are differentiated: each entry of the value, or random combinations."""

    def __init__(self, count: int, mixtures: Array | None = None) -> None:
        self.mixtures = mixtures
        self.count = count if mixtures is None else len(mixtures)
        self.length = count

    def of(self, values: Array) -> Array:
        """The rows of a value, or of a stack of values."""
        return values if self.mixtures is None else values @ self.mixtures.T

    def size_of(self, values: Array) -> Array:
        """The size of the terms that make up each row."""
        sizes = np.abs(values)
        return sizes if self.mixtures is None else sizes @ np.abs(self.mixtures).T

    def cotangent(self, row: int) -> Array:
        """The cotangent whose pull-back is the gradient of a row."""
        if self.mixtures is not None:
            return self.mixtures[row]
        one_hot = np.zeros(self.length)
        one_hot[row] = 1
        return one_hot


class Probe(NamedTuple):
    """A direction in which to move the array at `place` among the points.

    A step `h` moves each of the flat `entries` by `h` times its factor. `unit` is the size of the
    moved numbers, `smallest` the size of a number that must stay distinguishable from zero. `size`
    is the size of a single entry, to which its rounding error is proportional. `rounded` says
    whether the rounding of the first entry tells how far a step leads.
    """

    place: int
    point: Array
    entries: Array
    factors: Array
    unit: float = 1.0
    smallest: float = 1.0
    size: float = 1.0
    rounded: bool = False

    def moved(self, h: float) -> tuple[Array, float]:
        """The point moved by `h`, and the distance that remains of `h` after rounding."""
        new = copied(self.point)
        before = new.flat[self.entries]
        after = before + (h * self.factors).astype(new.dtype)
        new.flat[self.entries] = after
        return new, abs(float(np.longdouble(after[0]) - before[0]) if self.rounded else h)

    def tangent(self) -> Array:
        """The direction as a tangent of the point."""
        tangent = np.zeros_like(self.point)
        tangent.flat[self.entries] = self.factors
        return tangent

    def derivatives(self, gradients: Array) -> Any:
        """The derivatives along the probe of numbers whose gradients in the point are the rows."""
        factors = self.factors.astype(gradients.dtype)
        if len(factors) > 2:  # a direction, not an entry with its mirror image
            return [row[self.entries] @ factors for row in gradients]
        # From -0.0 on, which keeps the sign of a derivative that is zero.
        return np.sum(gradients[:, self.entries] * factors, axis=1, initial=-0.0)


def entries(place: int, point: Array, sign: int = 0) -> list[Probe]:
    """A probe for every entry of the point at `place`.

    `sign`: 1 or -1 to move the mirror image of an entry in its matrix the same way or the other. An
    entry that is its own mirror image does not move with the sign -1.
    """
    sizes = magnitude(point).ravel()
    units = binary(np.maximum(sizes, scale(point)))
    images = np.arange(point.size).reshape(point.shape)
    images = np.swapaxes(images, -1, -2) if sign else images
    own = np.abs(point.astype(np.float64)).ravel()
    lengths = np.stack([units, binary(sizes), own], axis=1).tolist()
    probes = []
    for i, image in enumerate(images.ravel().tolist()):
        moving, factors = [i], [1]
        if image != i:
            moving, factors = [i, image], [1, sign]
        elif sign < 0:
            factors = [0]
        probe = Probe(place, point, np.array(moving), np.array(factors), *lengths[i])
        probes.append(probe._replace(rounded=factors != [0]))
    return probes


def directions(
    place: int, point: Array, count: int, rng: "np.random.Generator", sign: int = 0
) -> list[Probe]:
    """Probes along random signs, each entry moving in proportion to its size.

    `sign`: 1 or -1 to move the mirror image of an entry by as much, the same way or the other.
    """
    units = binary(magnitude(point))
    drawn = [units * rng.choice([-1.0, 1.0], point.shape) for _ in range(count)]
    if sign:
        drawn = [np.tril(x) + sign * np.swapaxes(np.tril(x, -1), -1, -2) for x in drawn]
    return [Probe(place, point, np.arange(point.size), along.ravel()) for along in drawn]


def magnitude(point: Array) -> Array:
    """The entries' sizes, with a typical one in place of zero and of what is not finite."""
    sizes = np.abs(point.astype(np.float64))
    return np.where((sizes > SMALLEST) & np.isfinite(sizes), sizes, scale(point))


def scale(point: Array) -> float:
    """The typical size of an array's entries: the median of those that are not zero, or 1."""
    sizes = np.abs(point.astype(np.float64))
    some = sizes[(sizes > SMALLEST) & np.isfinite(sizes)]
    return float(np.median(some)) if some.size else 1.0


def binary(x: Array) -> Array:
    """The nearest powers of two."""
    return np.exp2(np.rint(np.log2(x)))


class Sides(NamedTuple):
    """Slopes of all rows for a ladder of steps (first axis, small to large)."""

    step: Array
    left: Array
    right: Array
    central: Array
    size: Array  # of the terms that make up each row


class Differences:
    """Measures the slopes of a recorded function's rows along probes."""

    def __init__(
        self, call: RecordedCall, rows: Rows, info: np.finfo[Any], rng: "np.random.Generator"
    ) -> None:
        self.call = call
        self.rows = rows
        self.precision = float(info.eps)
        self.tiny = float(info.smallest_subnormal)
        self.rng = rng
        self.center = rows.of(call.value)
        self.size = rows.size_of(call.value)
        self.first_step = 2.0 ** round(np.log2(self.precision) / 3)

    # ------------------------------------------------------------ values and slopes

    def value(self, place: int, point: Array) -> Array:
        """The function's value with another array at `place`."""
        points = [*self.call.function.points]
        points[place] = point
        return self.call.value_at(points)

    def sides(self, probe: Probe, steps: Sequence[float]) -> Sides:
        """The slopes to both sides of the point, for each step that is not lost in rounding."""
        reach, ahead, behind = [], [], []
        for h in steps:
            (right, up), (left, down) = probe.moved(h), probe.moved(-h)
            if up > 0 and down > 0:
                reach.append((up, down))
                ahead.append(self.value(probe.place, right))
                behind.append(self.value(probe.place, left))
        over, under = np.reshape(reach, (-1, 2, 1)).swapaxes(0, 1)
        values = np.reshape([ahead, behind], (2, len(reach), self.rows.length))
        above, below = map(self.rows.of, values)
        to_right, to_left = (above - self.center) / over, (self.center - below) / under
        either = np.where(np.isfinite(to_right), to_right, finite(to_left))
        both = (above - below) / (over + under)
        central = np.where(np.isfinite(both), both, either)
        central = np.where(np.isfinite(self.center), central, np.nan)
        size = np.fmax(np.fmax(*map(self.rows.size_of, values)), self.size)
        return Sides((over + under) / 2, finite(to_left), finite(to_right), central, size)

    # ------------------------------------------------------------ the two looks

    def first_look(self, probe: Probe, tolerance: float) -> tuple[Array, Array]:
        """The slopes by Richardson's extrapolation, and which rows look kinked."""
        h = probe.unit * self.first_step
        sides = self.sides(probe, (h, RATIO * h))
        if len(sides.central) < 2:
            unknown = np.full(self.rows.count, np.nan)
            return unknown, np.ones_like(unknown, dtype=bool)
        near, far = sides.central
        value = near + np.where(np.isfinite(far), (near - far) / (RATIO**2 - 1), 0)
        near, far = np.abs(sides.right - sides.left)
        steepest = np.maximum(np.abs(sides.right[0]), np.abs(sides.left[0]))
        return value, (near > far / 2) & (near > tolerance * steepest)

    def second_look(self, probe: Probe) -> Slopes:
        """The slopes from a ladder of steps, with their error bars.

        Besides the noise of the values there is that of the slope. The slope belongs to some input
        within a rounding error of the given one, so it is off by the curvature times that error.
        """
        low = probe.smallest * LOWEST
        high = max(probe.unit, 1.0)
        count = int(np.ceil(np.log2(high / low) / np.log2(RATIO)))
        sides = self.sides(probe, [low * RATIO**i for i in range(count)])
        inner = self.noise * np.maximum(sides.step / probe.unit, 1)
        bend = np.nan_to_num(np.abs(sides.right - sides.left)) * probe.size
        noise = SAFETY * (inner + self.precision * (sides.size + bend) + self.tiny) / sides.step
        noise[np.isnan(sides.central)] = np.inf
        return settled_slopes(sides, noise, probe.unit)

    # ------------------------------------------------------------ noise

    @cached_property
    def noise(self) -> Array:
        """The noise from inside each row: the larger of what the graph predicts and what is seen.

        The rounding of the row itself is not part of the noise. This is the noise at the point; for
        a step larger than the input, intermediate values and their noise may grow with the step.
        """
        rows = range(self.rows.count)
        predicted = [self.call.rounding(self.rows.cotangent(row)) for row in rows]
        seen = self.seen_noise()
        return np.maximum(predicted, np.where(seen > self.precision * self.size, seen, 0))

    def seen_noise(self) -> Array:
        """The noise of each row on a tiny grid of inputs, with the smooth part of the row removed.

        Differences of third order remove the smooth part. The grid's spacing is a multiple of the
        spacing of floating-point numbers, and grows until the value changes.
        """
        noise = np.zeros(self.rows.count)
        unseen = np.ones(self.rows.count, dtype=bool)
        signs = [self.rng.choice([-1.0, 1.0], point.shape) for point in self.call.function.points]
        multiple = 37  # odd, so that the last bits vary
        while unseen.any() and multiple * self.precision < 1 / 64:
            values = self._grid([multiple * sign for sign in signs])
            here = unseen & (values != values[0]).any(axis=0)
            size = np.sqrt(np.mean(np.diff(values, ORDER, axis=0) ** 2, axis=0) / 20)
            noise[here] = np.nan_to_num(size[here], nan=0.0, posinf=0.0)
            unseen &= ~here
            multiple = multiple * 256 + 1
        return noise

    def _grid(self, steps: list[Array]) -> Array:
        points = self.call.function.points
        sizes = [np.where(x == 0, magnitude(x) * NEAR_ZERO, magnitude(x)) for x in points]
        units = [np.spacing(size.astype(x.dtype)) for size, x in zip(sizes, points, strict=True)]
        moves = [unit * step.astype(unit.dtype) for unit, step in zip(units, steps, strict=True)]
        pairs = list(zip(points, moves, strict=True))
        values = [
            self.call.value_at([x + x.dtype.type(i) * move for x, move in pairs])
            for i in range(SAMPLES)
        ]
        return self.rows.of(np.stack(values))


def finite(x: Array) -> Array:
    """NaN in place of infinities, which would pass for slopes."""
    return np.where(np.isfinite(x), x, np.nan)


def settled_slopes(sides: Sides, noise: Array, unit: float) -> Slopes:
    """The slope of each row with the smallest error bar among the consistent ones."""
    count, rows = noise.shape
    if count == 0 or rows == 0:
        unknown, no = np.full(rows, np.nan), np.zeros(rows, dtype=bool)
        return Slopes(unknown, np.full(rows, np.inf), unknown, unknown, no, no)
    bar = noise + truncation(sides.central, noise)
    slope = np.nan_to_num(sides.central)
    lowest = np.maximum.accumulate(slope - bar)
    highest = np.minimum.accumulate(slope + bar)
    consistent = np.isfinite(bar) & (lowest <= highest)
    kinked, rung = kinks(sides, noise, unit)
    chosen = np.where(kinked, rung, np.argmin(np.where(consistent, bar, np.inf), axis=0))
    column = np.arange(rows)
    return Slopes(
        value=sides.central[chosen, column],
        bound=np.where(kinked, noise[chosen, column], bar[chosen, column]),
        left=sides.left[chosen, column],
        right=sides.right[chosen, column],
        kink=kinked,
        settled=consistent.sum(axis=0) >= AGREEING,
    )


def truncation(central: Array, noise: Array) -> Array:
    """The truncation error on each rung, from how the changes from rung to rung shrink.

    If each change is q times the change of the next larger step, and q < 1, all smaller steps add
    the change times q / (1 - q). Smooth functions have q = 1/64. Where changes are lost in noise,
    the error is the change itself. Elsewhere the slopes do not converge; the error is unknown and
    counts as infinite, for all larger steps too.
    """
    count = len(central)
    change = np.full((count + 1, central.shape[1]), np.inf)  # [i]: from rung i to the next larger
    change[: count - 1] = np.abs(np.diff(central, axis=0))
    change[np.isnan(change)] = np.inf
    here, above = change[:count], change[1:]
    q = np.where(np.isfinite(above) & (above > 0), here / np.where(above > 0, above, 1), np.inf)
    q = np.maximum(q, RATIO**-2)
    lost = here <= 2 * noise
    if count > 1:  # the largest rung has no next one: it stands or falls with the one below
        lost[-1] = here[-2] <= 2 * noise[-2]
        here[-1] = here[-2]
    shrinking = (q < SLOWEST) & np.isfinite(here)
    safe = np.where(shrinking, q, 0)
    known = np.logical_and.accumulate(shrinking | lost)
    left = SAFETY * here * safe / (1 - safe)
    seen = np.where(here[:-1] > noise[:-1], here[:-1], 0)  # a change from below is error here
    left[1:] = np.maximum(left[1:], seen)
    return np.where(known, np.where(shrinking, left, here), np.inf)


def kinks(sides: Sides, noise: Array, unit: float) -> tuple[Array, Array]:
    """The rows whose slopes stay apart, and the smallest rung that shows the gap.

    The first rung considered is the smallest where the slopes are clear of noise. From there the
    gap must stay as it is; where a function is smooth, the gap shrinks in proportion to the step.
    Steps larger than the input show nothing.
    """
    count, rows = noise.shape
    steepest = np.fmax(np.abs(sides.right), np.abs(sides.left))
    clear = (noise <= CLEAR * steepest) & (sides.step <= unit)
    rung = np.argmax(clear, axis=0)
    rungs = np.minimum(rung + np.arange(LASTING)[:, None], count - 1)
    gaps = np.abs(sides.right - sides.left)[rungs, np.arange(rows)]
    same = (gaps >= gaps[0] / 2) & (gaps <= 2 * gaps[0])
    lasting = same.all(axis=0) & (gaps[0] > SAFETY * noise[rung, np.arange(rows)])
    return clear.any(axis=0) & lasting & (rung + 1 < count), rung
