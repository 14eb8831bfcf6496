"""How far rounding moves a result: found by evaluating with a random error in every operation."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.effort import Effort
from tcgrad.check.precision import unit_roundoff
from tcgrad.evaluate import Array, Noise
from tcgrad.evaluate.arrays.labelled import batch_of
from tcgrad.evaluate.arrays.overflow import quietly
from tcgrad.records import dataclass, replace

# Rounding is simulated this much larger than it is, so that a branch near a kink is seen to be taken either way.
_AMPLIFIED = 4

# What is typical of many elements is seen by this many.
_SAMPLED = 2**12

_DOUBLE = np.dtype(np.float64)

# At ties numbers of about 1 to 100 are equal if they differ by so many units of rounding, and by no more than that.
_NEAR = 2.0**10
_NEAREST = 0.125

# Where another branch is taken, what differs by more units of rounding, beside its size, has jumped.
_JUMP = 2.0**10

# What is computed at all may be off by so many units of rounding.
_LEAST = 4.0

# The safety of a single draw: for errors that are far below those of the type that is checked.
ROUGH = 48.0

# Simulated errors are so much larger than those of the arithmetic that they are simulated in.
LARGER = 2.0**12


@dataclass(frozen=True)
class Rounding:
    """How far rounding in a type may move results: random rounding of every operation, propagated by evaluation.

    noise: its first draw moves nothing: values under it are exact but for the arithmetic.
    dtype: the type of the arithmetic in which that is simulated; roundoff: what the noise stands for.
    safety: the bound in proportion to the spread. Observed errors stay below about 4 times the spread of 6 draws.
    largest: what values are rounded to is no larger; beyond it is infinity.
    flipped: the draws in which another branch was taken, if any: what jumps there does so however small rounding is.
    """

    noise: Noise
    dtype: np.dtype[Any]
    roundoff: float
    safety: float
    largest: float = inf
    flipped: NDArray[np.bool_] | None = None

    @property
    def rough(self) -> Rounding:
        """The same with a single draw, which is met by a larger safety."""
        noise = replace(self.noise, batch=batch_of(2))
        return replace(self, noise=noise, safety=ROUGH, flipped=None)

    def bound(self, moved: Array, exact: Array) -> Array:
        """The bound on the error, element by element; ``moved`` has an axis of draws in front.

        It is infinite where the value is not finite, whatever rounding does. Where rounding or overflow decides whether
        it is, it is NaN: there everything may be found.
        """
        if moved.ndim == exact.ndim:
            return np.zeros(exact.shape, exact.dtype)
        with quietly():
            spread, size = np.abs(moved - exact).max(axis=0), np.abs(exact)
            # By chance all draws may leave an element where it was: few are much better off than the typical one, and
            # where there are few, none is better off than by the last operations alone.
            least = _LEAST * self.noise.unit / self.safety
            finite = np.isfinite(spread)
            cancelled = np.asarray((spread > size) & finite)
            telling = finite & ~cancelled & (size > self.noise.floor / self.noise.unit)
            spread = np.asarray(np.maximum(spread, max(_typical(spread, size, telling), least) * size))
            if cancelled.any():  # nor is one of those that are nothing but rounding much better off than the others
                spread[cancelled] = np.maximum(spread[cancelled], _median(spread[cancelled]))
            bound = np.asarray(spread * exact.dtype.type(self.safety * self.roundoff / self.noise.unit))
            if self.flipped is not None:
                apart = np.abs(moved[self.flipped] - exact).max(axis=0)
                bound = np.maximum(bound, np.where(apart > _JUMP * self.noise.unit * size, apart, 0))
            if finite.all():
                return bound
            decided = ~(np.isfinite(exact) | np.isfinite(moved).any(axis=0))
            return np.where(finite, bound, np.where(decided, np.inf, np.nan))


def _typical(spread: Array, size: Array, telling: NDArray[np.bool_]) -> Any:
    """The median of the relative spread where it tells something, or of that of many random elements; 0 if it does
    nowhere, as where everything is 0, nothing but rounding, or so small that it underflows.
    """
    if telling.size <= _SAMPLED and telling.all():
        return _median((spread / size).reshape(-1)) if telling.size else 0.0
    seen = np.flatnonzero(telling)
    if len(seen) > _SAMPLED:
        seen = seen[np.random.default_rng(len(seen)).integers(len(seen), size=_SAMPLED)]
    return _median(spread.reshape(-1)[seen] / size.reshape(-1)[seen]) if len(seen) else 0.0


def _median(numbers: Array) -> Any:
    """That of at least one number, without what NumPy's own does about NaN."""
    below, above = (len(numbers) - 1) // 2, len(numbers) // 2
    parted = np.partition(numbers, (below, above))
    return (parted[below] + parted[above]) / 2


def nearest(unit: float, grid: float) -> float:
    """What numbers that branches are decided by are equal within at ties, where rounding of a ``unit`` is simulated and
    inputs are multiples of ``grid``; 0 if they are of none.
    """
    return min(_NEAREST, grid / 2, _NEAR * unit)


def rounding(dtype: np.dtype[Any], effort: Effort, random: np.random.Generator, grid: float = 0.0) -> Rounding:
    """Rounding as in ``dtype``, to be simulated in double precision, which is fast, if that is no narrower.

    random: what errors are drawn from.
    grid: what inputs are multiples of at ties, where the numbers that branches are decided by are small and exact, and
        equal ones stay so; 0 elsewhere.
    Where arithmetic is not much finer than ``dtype``, larger errors are simulated and scaled down.
    """
    roundoff = unit_roundoff(dtype)
    arithmetic = _DOUBLE if dtype.itemsize <= _DOUBLE.itemsize else effort.reference
    unit = max(_AMPLIFIED * roundoff, unit_roundoff(arithmetic) * LARGER)
    # An operation that underflows is off by half the smallest number, in proportion to the simulated unit.
    floor = float(np.finfo(dtype).smallest_subnormal) * (unit / roundoff)
    batch = batch_of(1 + effort.draws)
    largest = float(np.finfo(dtype).max) if dtype.itemsize < arithmetic.itemsize else inf
    noise = Noise(batch, unit, floor, random, nearest(unit, grid), still=1, largest=largest)
    return Rounding(noise, arithmetic, roundoff, effort.safety, largest)
