"""Difference quotients of the plainly evaluated forward equations, each with a bound on its own error.

Central differences are exact for polynomials of degree 2, fourth-order ones for degree 4, whatever the step. For the
rest the step starts small and is refined, direction by direction, until the error is small and no branch is left. All
steps are powers of two, and the points are such that adding a step to them is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.directions import Directions, IntArray
from tcgrad.check.forward import CHUNK, Forward, neighbours
from tcgrad.evaluate import Array
from tcgrad.records import dataclass

Bounds = Callable[[str, Any], Mapping[str, Array]]

_ROUNDS = 6


@dataclass(frozen=True)
class Stencil:
    """Multiples of the step at which values are taken, to both sides; ``exact`` if there is no truncation error."""

    name: str
    multiples: tuple[int, ...]
    exact: bool = True


_CENTRAL = Stencil("central, exact", (1,))
_FOURTH = Stencil("fourth order, exact", (1, 2))
_ESTIMATED = Stencil("fourth order", (1, 2, 4), exact=False)
_CENTRAL_ESTIMATED = Stencil("central", (1, 2), exact=False)


@dataclass(frozen=True)
class Estimate:
    """Derivatives of every output along some directions.

    values, errors: by the outputs' names, with an axis of directions in front.
    kinked: for each output the directions along which no step stayed on one branch; the errors are infinite there.
    reason: why nothing is known, if nothing is.
    """

    values: dict[str, Array]
    errors: dict[str, Array]
    kinked: dict[str, NDArray[np.bool_]]
    method: str
    evaluations: int
    reason: str = ""

    @property
    def largest_errors(self) -> Array:
        """The largest error along each direction."""
        largest = [errors.reshape(len(errors), -1).max(axis=1, initial=0) for errors in self.errors.values()]
        return np.asarray(np.max(largest, axis=0))

    @property
    def largest_value(self) -> float:
        values = [np.nan_to_num(value, posinf=0, neginf=0) for value in self.values.values()]
        return max(float(np.max(np.abs(value), initial=0)) for value in values)


@dataclass(frozen=True)
class Differences:
    """Differences of ``outputs`` at a point.

    bounds: the rounding errors of values near the point, given an input and how far its elements may be moved.
    wanted: the error that is small enough, in proportion to the largest derivative.
    """

    forward: Forward
    outputs: Sequence[str]
    bounds: Bounds
    wanted: float

    def along(self, wrt: str, directions: Directions, degree: float, method: str = "auto") -> Estimate:
        """The derivatives along ``directions`` of the input ``wrt``, of which every output is at most of ``degree``."""
        stencil = _choose(degree, method)
        step = self._step(wrt, directions.moved, stencil)
        reach = step * stencil.multiples[-1] if stencil.exact else 0
        quotients = _Quotients(self, wrt, directions, stencil, self.bounds(wrt, reach))
        chosen, steps = np.arange(len(directions)), np.full(len(directions), step)
        return quotients.measured(chosen, steps) if stencil.exact else quotients.refined(chosen, steps)

    def slopes(self, of: str, wrt: str, direction: Array) -> tuple[Array, Array]:
        """The one-sided difference quotients of an output: below and above the point."""
        here, middle = self.forward.context.arrays[wrt], self.forward.context.arrays[of]
        step = self._step(wrt, 1, _ESTIMATED) / 2**6
        arrays, _ = neighbours(self.forward, {wrt: np.stack([here - step * direction, here + step * direction])})
        before, after = np.broadcast_to(arrays[of], (2, *middle.shape))
        return (middle - before) / step, (after - middle) / step

    def _step(self, wrt: str, moved: int, stencil: Stencil) -> Any:
        """A power of two near the size of the data: as large as it where differences are exact, else far below.

        moved: how many elements a direction moves at once.
        """
        values = self.forward.context.arrays[wrt]
        largest = float(np.max(np.abs(values), initial=0)) or 1.0
        step = self.forward.context.dtype.type(2) ** int(np.floor(np.log2(largest)))
        finer = 12 if np.finfo(values.dtype).nmant > 52 else 10
        return step if stencil.exact else step / 2 ** (finer + (moved.bit_length() - 1) // 4)


def _choose(degree: float, method: str) -> Stencil:
    if method != "fourth" and degree <= 2:
        return _CENTRAL
    if method == "central":
        return _CENTRAL_ESTIMATED
    return _FOURTH if degree <= 4 else _ESTIMATED


@dataclass(frozen=True)
class _Quotients:
    """Differences by one input with one stencil; ``bounds`` are the rounding errors of the outputs' values."""

    given: Differences
    wrt: str
    directions: Directions
    stencil: Stencil
    bounds: Mapping[str, Array]

    def refined(self, chosen: IntArray, steps: Array) -> Estimate:
        """Differences with smaller steps wherever the error is too large or a branch was left, while that helps."""
        best = self.measured(chosen, steps)
        for _ in range(_ROUNDS):
            before = best.largest_errors
            again = ~(before <= self.given.wanted * best.largest_value)
            if not again.any():
                break
            steps[again] = steps[again] / 8
            best = _better(best, self.measured(chosen[again], steps[again]), again)
            helped = np.any(best.largest_errors[again] < before[again] / 2)
            if not helped and not any(kinked.any() for kinked in best.kinked.values()):
                break
        return best

    def measured(self, chosen: IntArray, steps: Array) -> Estimate:
        """Differences with a step for each of the chosen directions, as many at once as memory allows."""
        points = 2 * len(self.stencil.multiples)

        def work(part: IntArray) -> Estimate:
            return self._chunk(self.directions.take(chosen[part]), steps[part])

        return in_chunks(len(chosen), points * self.given.forward.evaluations, work, points)

    def _chunk(self, directions: Array, steps: Array) -> Estimate:
        base = self.given.forward.context.arrays[self.wrt]
        spread = steps.reshape(-1, *(1,) * base.ndim) * directions
        signed = [sign * multiple for multiple in self.stencil.multiples for sign in (1, -1)]
        moved = np.concatenate([base + multiple * spread for multiple in signed])
        arrays, flipped = neighbours(self.given.forward, {self.wrt: moved})
        still = np.zeros(len(moved), bool)
        values, errors, kinked = {}, {}, {}
        for name in self.given.outputs:
            values[name], errors[name] = self._quotient(name, arrays[name], steps)
            kinked[name] = np.asarray(flipped.get(name, still).reshape(len(signed), -1).any(axis=0))
            errors[name][kinked[name]] = np.inf
        return Estimate(values, errors, kinked, self.stencil.name, 0)

    def _quotient(self, name: str, moved: Array, steps: Array) -> tuple[Array, Array]:
        """The derivative and the bound on its error, from values at plus and minus each multiple of the steps."""
        base = self.given.forward.context.arrays[name]
        if moved.ndim == base.ndim:
            nothing = np.zeros((len(steps), *base.shape), base.dtype)
            return nothing, nothing.copy()
        by_point = moved.reshape(-1, len(steps), *base.shape)
        step = steps.reshape(-1, *(1,) * base.ndim)
        slopes = [
            (by_point[2 * k] - by_point[2 * k + 1]) / (2 * multiple * step)
            for k, multiple in enumerate(self.stencil.multiples)
        ]
        rounding = 2 * self.bounds[name] / step
        value, error = _combined(slopes, self.stencil)
        error = rounding + error
        return value, np.where(np.isfinite(error), error, np.inf)


def _combined(slopes: Sequence[Array], stencil: Stencil) -> tuple[Array, Any]:
    """The derivative from central quotients with one, two and four times the step, and twice its truncation error.

    Halving the step divides an error of second order by 4, one of fourth order by 16: of the difference that the finer
    step makes, a third or a fifteenth is left.
    """
    if stencil is _CENTRAL:
        return slopes[0], 0.0
    if stencil is _CENTRAL_ESTIMATED:
        return slopes[0], np.abs(slopes[0] - slopes[1]) * 2 / 3
    value = (4 * slopes[0] - slopes[1]) / 3
    if stencil is _FOURTH:
        return value, 0.0
    return value, np.abs(value - (4 * slopes[1] - slopes[2]) / 3) * 2 / 15


def in_chunks(number: int, each: int, work: Callable[[IntArray], Estimate], points: int) -> Estimate:
    """An estimate along ``number`` directions, as many at once as memory allows.

    each: the elements that one direction takes. work: makes the estimate of some of the directions.
    points: how many evaluations each direction takes.
    """
    at_once = max(1, CHUNK // max(1, each))
    parts = [work(np.arange(start, min(start + at_once, number))) for start in range(0, number, at_once)]
    return _joined(parts, points * number)


def _joined(parts: Sequence[Estimate], evaluations: int) -> Estimate:
    names = parts[0].values
    return Estimate(
        {name: np.concatenate([part.values[name] for part in parts]) for name in names},
        {name: np.concatenate([part.errors[name] for part in parts]) for name in names},
        {name: np.concatenate([part.kinked[name] for part in parts]) for name in names},
        parts[0].method,
        evaluations,
    )


def _better(old: Estimate, new: Estimate, again: NDArray[np.bool_]) -> Estimate:
    """``old`` with the directions ``again`` replaced by those of ``new`` wherever their error is smaller."""
    values, errors, kinked = {}, {}, {}
    for name in old.values:
        values[name], errors[name] = old.values[name].copy(), old.errors[name].copy()
        take = new.errors[name] < errors[name][again]
        values[name][again] = np.where(take, new.values[name], values[name][again])
        errors[name][again] = np.where(take, new.errors[name], errors[name][again])
        kinked[name] = old.kinked[name].copy()
        kinked[name][again] &= new.kinked[name]
    return Estimate(values, errors, kinked, old.method, old.evaluations + new.evaluations)
