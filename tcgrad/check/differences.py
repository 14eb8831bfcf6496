"""Difference quotients of the plainly evaluated forward equations, each with a bound on its own error.

Central differences are exact for polynomials of degree 2, fourth-order ones for degree 4, whatever the step. For the
rest the step starts small and is refined, element by element, until truncation and rounding are both small. All
steps are powers of two, and the points are such that adding a step to them is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.forward import CHUNK, Forward, neighbours
from tcgrad.evaluate import Array

_STENCILS = {"central": (1,), "fourth": (1, 2), "estimated": (1, 2, 4)}
_ROUNDS = 6

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """Derivatives of every output along some directions.

    values, errors: by the outputs' names, with an axis of directions in front.
    kinked: the directions along which no step was small enough to stay on one branch.
    """

    values: dict[str, Array]
    errors: dict[str, Array]
    kinked: NDArray[np.bool_]
    method: str
    evaluations: int


class Directions(Protocol):
    """Directions of an input: along single elements, or along all of them at once."""

    @property
    def moved(self) -> int:
        """How many elements a direction moves."""

    def __len__(self) -> int: ...

    def take(self, chosen: IntArray) -> Array:
        """Some of the directions, with an axis of directions in front."""


@dataclass(frozen=True)
class Elements:
    """Directions along single elements of a tensor, given by their flat positions."""

    columns: IntArray
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    moved: int = 1

    def __len__(self) -> int:
        return len(self.columns)

    def take(self, chosen: IntArray) -> Array:
        flat = np.zeros((len(chosen), prod(self.shape)), self.dtype)
        flat[np.arange(len(chosen)), self.columns[chosen]] = 1
        return flat.reshape(-1, *self.shape)


@dataclass(frozen=True)
class Signs:
    """Random directions of entries 1 and -1 (Rademacher)."""

    signs: Array

    @property
    def moved(self) -> int:
        return int(self.signs[0].size)

    def __len__(self) -> int:
        return len(self.signs)

    def take(self, chosen: IntArray) -> Array:
        return np.asarray(self.signs[chosen])


@dataclass(frozen=True)
class Differences:
    """Differences of ``outputs`` at a point.

    bounds: the rounding error of each output's value.
    wanted: the error that is small enough, in proportion to the largest derivative.
    """

    forward: Forward
    outputs: Sequence[str]
    bounds: Mapping[str, Array]
    wanted: float

    def along(self, wrt: str, directions: Directions, degree: float, method: str) -> Estimate:
        """The derivatives along ``directions`` of the input ``wrt``, of which every output is at most of ``degree``."""
        stencil = _stencil(degree, method)
        step = self._step(wrt, directions.moved, stencil)
        chosen = np.arange(len(directions))
        steps = np.full(len(directions), step)
        if stencil != "estimated":
            return self._measured(wrt, directions, chosen, steps, stencil)
        return self._refined(wrt, directions, chosen, steps)

    def _step(self, wrt: str, moved: int, stencil: str) -> Any:
        """A power of two near the size of the data: as large as it where differences are exact, else far below.

        moved: how many elements a direction moves at once.
        """
        values = self.forward.context.arrays[wrt]
        largest = float(np.max(np.abs(values), initial=0)) or 1.0
        step = self.forward.context.dtype.type(2) ** int(np.floor(np.log2(largest)))
        if stencil != "estimated":
            return step
        finer = 12 if np.finfo(values.dtype).nmant > 52 else 10
        return step / 2 ** (finer + (moved.bit_length() - 1) // 2)

    def _refined(self, wrt: str, directions: Directions, chosen: IntArray, steps: Array) -> Estimate:
        """Differences with smaller steps wherever the error is too large or a branch was left, while that helps."""
        best = self._measured(wrt, directions, chosen, steps, "estimated")
        for _ in range(_ROUNDS):
            before = _largest_errors(best)
            again = ~(before <= self.wanted * _largest_value(best))
            if not again.any():
                break
            steps[again] = steps[again] / 8
            best = _better(best, self._measured(wrt, directions, chosen[again], steps[again], "estimated"), again)
            if not best.kinked.any() and not np.any(_largest_errors(best)[again] < before[again] / 2):
                break
        return best

    def _measured(self, wrt: str, directions: Directions, chosen: IntArray, steps: Array, stencil: str) -> Estimate:
        """Differences with a step for each of the chosen directions, as many at once as memory allows."""
        points = 2 * len(_STENCILS[stencil])
        at_once = max(1, CHUNK // (points * max(1, self.forward.evaluations)))
        parts = [
            self._chunk(wrt, directions.take(chosen[start : start + at_once]), steps[start : start + at_once], stencil)
            for start in range(0, len(chosen), at_once)
        ]
        return _joined(parts, points * len(chosen))

    def _chunk(self, wrt: str, directions: Array, steps: Array, stencil: str) -> Estimate:
        base = self.forward.context.arrays[wrt]
        multiples = _STENCILS[stencil]
        spread = steps.reshape(-1, *(1,) * base.ndim) * directions
        signed = [sign * multiple for multiple in multiples for sign in (1, -1)]
        arrays, flipped = neighbours(self.forward, {wrt: np.concatenate([base + m * spread for m in signed])})
        kinked = np.asarray(flipped.reshape(len(signed), -1).any(axis=0))
        values, errors = {}, {}
        for name in self.outputs:
            values[name], errors[name] = self._quotient(name, arrays[name], steps, stencil)
            errors[name][kinked] = np.inf
        return Estimate(values, errors, kinked, _NAMES[stencil], 0)

    def _quotient(self, name: str, moved: Array, steps: Array, stencil: str) -> tuple[Array, Array]:
        """The derivative and the bound on its error, from values at plus and minus each multiple of the steps."""
        base = self.forward.context.arrays[name]
        count = len(steps)
        if moved.ndim == base.ndim:
            return np.zeros((count, *base.shape), base.dtype), np.zeros((count, *base.shape), base.dtype)
        by_point = moved.reshape(-1, count, *base.shape)
        step = steps.reshape(-1, *(1,) * base.ndim)
        slopes = [
            (by_point[2 * k] - by_point[2 * k + 1]) / (2 * multiple * step)
            for k, multiple in enumerate(_STENCILS[stencil])
        ]
        grown = 4 * self.bounds[name] / step
        if stencil == "central":
            return slopes[0], grown
        fourth = (4 * slopes[0] - slopes[1]) / 3
        if stencil == "fourth":
            return fourth, 2 * grown
        coarse = (4 * slopes[1] - slopes[2]) / 3
        # Halving the step divides the error of fourth order by 16: it is a fifteenth of the difference.
        truncation = np.abs(fourth - coarse) / 15
        error = 2 * truncation + grown / 2
        return fourth, np.where(np.isfinite(error), error, np.inf)


def _stencil(degree: float, method: str) -> str:
    """The differences that are exact for the degree, or those with an estimate of their error."""
    if degree <= 2 and method in ("auto", "central"):
        return "central"
    return "fourth" if degree <= 4 else "estimated"


_NAMES = {
    "central": "central differences, exact (degree 2)",
    "fourth": "fourth-order differences, exact (degree 4)",
    "estimated": "fourth-order differences",
}


def _largest_errors(estimate: Estimate) -> Array:
    """The largest error along each direction; infinite where it is kinked."""
    count = len(estimate.kinked)
    largest = [errors.reshape(count, -1).max(axis=1, initial=0) for errors in estimate.errors.values()]
    return np.where(estimate.kinked, np.inf, np.max(largest, axis=0))


def _largest_value(estimate: Estimate) -> float:
    return max(float(np.max(np.abs(np.nan_to_num(v, posinf=0, neginf=0)), initial=0)) for v in estimate.values.values())


def _joined(parts: Sequence[Estimate], evaluations: int) -> Estimate:
    names = parts[0].values
    return Estimate(
        {name: np.concatenate([part.values[name] for part in parts]) for name in names},
        {name: np.concatenate([part.errors[name] for part in parts]) for name in names},
        np.concatenate([part.kinked for part in parts]),
        parts[0].method,
        evaluations,
    )


def _better(old: Estimate, new: Estimate, again: NDArray[np.bool_]) -> Estimate:
    """``old`` with the directions ``again`` replaced by those of ``new`` wherever their error is smaller."""
    values, errors = {}, {}
    for name in old.values:
        values[name], errors[name] = old.values[name].copy(), old.errors[name].copy()
        take = new.errors[name] < errors[name][again]
        values[name][again] = np.where(take, new.values[name], values[name][again])
        errors[name][again] = np.where(take, new.errors[name], errors[name][again])
    kinked = old.kinked.copy()
    kinked[again] &= new.kinked
    return Estimate(values, errors, kinked, old.method, old.evaluations + new.evaluations)
