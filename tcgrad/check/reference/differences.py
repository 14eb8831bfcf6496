"""Difference quotients of the plainly evaluated forward equations, each with a bound on its own error."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.forward import CHUNK, Forward, depending, neighbours, neighbours_of_each
from tcgrad.check.precision import power_below
from tcgrad.check.reference.directions import Directions, IntArray
from tcgrad.check.reference.estimate import Estimate
from tcgrad.check.reference.quotients import (
    BESIDE,
    BETWEEN_JUMPS,
    CONFIRMING,
    Quotients,
    Slopes,
    Stencil,
    along_axes,
    choose_stencil,
)
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass

# What is no far step, in proportion to the data.
_NEAR = 2.0**-4

Bounds = Callable[[Mapping[str, Any]], Mapping[str, Array]]


@dataclass(frozen=True)
class Move:
    """Inputs that are moved together, and how differences are taken.

    directions: as many of each of the inputs.
    wanted: the error that is small enough, in proportion to the largest derivative.
    """

    directions: Mapping[str, Directions]
    stencil: Stencil
    wanted: float = 0.0

    def __len__(self) -> int:
        """How many directions there are."""
        return len(next(iter(self.directions.values())))

    @cached_property
    def elements(self) -> IntArray:
        """How many elements each direction moves."""
        return np.asarray(sum(directions.moved for directions in self.directions.values()))


@dataclass(frozen=True)
class Differences:
    """Differences of ``outputs`` at a point.

    bounds: the rounding errors of values near the point, given by how much the elements of some inputs may be moved.
    near: no step is so large that the bounds at the point itself do not hold.
    """

    forward: Forward
    outputs: Sequence[str]
    bounds: Bounds
    near: bool = False

    def along(self, move: Move) -> Estimate:
        """The derivatives along the directions of a move."""
        return self._quotients(move, self._bounds(move)).estimate(self._first_steps(move))

    def along_each(self, moves: Sequence[Move]) -> list[Estimate]:
        """The same for each of some moves; what they begin with is one evaluation, if they are few."""
        points = sum(len(move) * len(move.stencil.points) for move in moves)
        if len(moves) < 2 or points * self.forward.evaluations > CHUNK:
            return [self.along(move) for move in moves]
        steps, bounds = [self._first_steps(move) for move in moves], [self._bounds(move) for move in moves]
        values = self._values_of_each(moves, steps)
        found = []
        for move, step, bound, value in zip(moves, steps, bounds, values, strict=True):
            first = self._slopes(value, step, move.stencil, bound)
            found.append(self._quotients(move, bound).estimate(step, first))
        return found

    def beside(self, directions: Mapping[str, Directions]) -> dict[str, Array]:
        """The slopes of the outputs along a single direction, at a step far below the size of the data, and nothing of
        their errors; none at all where another branch is taken that near.
        """
        move = Move(directions, BESIDE)
        (step,) = steps = first_steps(self.forward.context.arrays, move)
        found = self._values(self._moved(move, np.zeros(1, np.int64), steps))
        if any(flipped.any() for flipped in found.flipped.values()):
            return {}
        slopes = {name: np.zeros((1, *self.forward.context.arrays[name].shape), step.dtype) for name in self.outputs}
        return slopes | {name: (above - below)[None] / (2 * step) for name, (above, below) in found.values.items()}

    def resolving(self, wrt: str, directions: Directions) -> tuple[Array, int]:
        """Steps that are shorter than the waves along each of the directions -> the steps, and evaluations."""
        move = Move({wrt: directions}, choose_stencil(np.inf))
        found, steps = self._quotients(move, self._bounds(move)).refined(self._first_steps(move))
        return steps, found.evaluations

    def _first_steps(self, move: Move) -> Array:
        return first_steps(self.forward.context.arrays, move, near=self.near)

    def _bounds(self, move: Move) -> Mapping[str, Array]:
        """The rounding errors of the values that are differenced."""
        is_far, last = move.stencil.exact and not self.near, move.stencil.multiples[-1]
        here = self.forward.context.arrays
        return self.bounds({name: scale(here[name]) * last if is_far else 0 for name in move.directions})

    def _quotients(self, move: Move, bounds: Mapping[str, Array]) -> Quotients:
        points = len(move.stencil.points)

        def measure(chosen: IntArray, steps: Array) -> Slopes:
            return self._slopes(self._values(self._moved(move, chosen, steps)), steps, move.stencil, bounds)

        return Quotients(
            move.stencil,
            measure,
            {name: self.forward.context.arrays[name].shape for name in self.outputs},
            move.elements,
            points * self.forward.evaluations,
            points,
            move.wanted,
        )

    def slopes(self, of: str, wrt: str, direction: Array) -> tuple[Array, Array]:
        """The one-sided difference quotients of an output: below and above the point."""
        here, middle = self.forward.context.arrays[wrt], self.forward.context.arrays[of]
        step = scale(here) / 2**16
        arrays, _ = neighbours(self.forward, {wrt: np.stack([here - step * direction, here + step * direction])})
        before, after = np.broadcast_to(arrays[of], (2, *middle.shape))
        return (middle - before) / step, (after - middle) / step

    def _moved(self, move: Move, chosen: IntArray, steps: Array) -> dict[str, Array]:
        """The inputs at every point: at the first one of the stencil along every direction, then at the next one."""
        points, moved = np.array(move.stencil.points, steps.dtype), {}
        for name, directions in move.directions.items():
            along = directions.take(chosen)
            spread = along_axes(steps, along[0]) * along
            there = self.forward.context.arrays[name] + along_axes(points, spread) * spread
            moved[name] = there.reshape(-1, *along.shape[1:])
        return moved

    def _values(self, moved: Mapping[str, Array]) -> _Values:
        return self._of_outputs(*neighbours(self.forward, moved))

    def _of_outputs(self, arrays: Mapping[str, Array], flipped: Mapping[str, NDArray[np.bool_]]) -> _Values:
        """Of the outputs that depend on what is moved."""
        here = self.forward.context.arrays
        values = {name: arrays[name] for name in self.outputs if arrays[name].ndim > here[name].ndim}
        return _Values(values, {name: flipped[name] for name in self.outputs if name in flipped})

    def _values_of_each(self, moves: Sequence[Move], steps: Sequence[Array]) -> Iterator[_Values]:
        """The same for each of some moves, from one evaluation in which all but one of them stay where they are."""
        moved = [self._moved(move, np.arange(len(move)), step) for move, step in zip(moves, steps, strict=True)]
        arrays, flipped, rows = neighbours_of_each(self.forward, moved)
        found = self._of_outputs(arrays, flipped)
        for own, move in zip(rows, moves, strict=True):
            yield found.part(own, depending(self.forward, move.directions))

    def _slopes(self, found: _Values, steps: Array, stencil: Stencil, bounds: Mapping[str, Array]) -> Slopes:
        quotients, rounding, branches = {}, {}, {}
        for name, values in found.values.items():
            here = self.forward.context.arrays[name]
            by_point = values.reshape(len(stencil.points), len(steps), *here.shape)
            # Of a power of two the inverse is exact, and multiplying is faster.
            inverse = 1 / along_axes(steps, here)
            quotients[name] = stencil.quotients(by_point, here, inverse)
            rounding[name] = bounds[name] * inverse
            if stencil.constant:
                rounding[name] = np.where(quotients[name][0] == 0, 0, rounding[name])
        for name, flipped in found.flipped.items():
            branches[name] = np.logical_or.reduce(flipped.reshape(len(stencil.points), -1))
        return Slopes(quotients, rounding, branches)


@dataclass(frozen=True)
class _Values:
    """Outputs at some points, and at which of them another branch was taken on the way."""

    values: Mapping[str, Array]
    flipped: Mapping[str, NDArray[np.bool_]]

    def part(self, points: slice, names: Container[str]) -> _Values:
        """Of some of the outputs at some of the points."""
        values, flipped = (
            {name: array[points] for name, array in arrays.items() if name in names}
            for arrays in (self.values, self.flipped)
        )
        return _Values(values, flipped)


def first_steps(here: Mapping[str, Array], move: Move, *, near: bool = False) -> Array:
    """A step for each direction from the point where the inputs are ``here``: as large as the data where differences
    are exact, or not quite if it is to be ``near``; else far below, the more so, the more elements are moved at once.
    """
    step = max(scale(here[name]) for name in move.directions)
    if move.stencil.exact:
        return np.full(len(move), step * step.dtype.type(_NEAR if near else 1))
    finer = 12 if np.finfo(step.dtype).nmant > 52 else 10
    if move.stencil in (BESIDE, BETWEEN_JUMPS, CONFIRMING):  # of second order
        finer += 4
    return np.asarray(np.ldexp(step, -finer - (np.frexp(move.elements)[1] - 1) // 4))


def scale(array: Array) -> Any:
    """A power of two near the size of the data."""
    return power_below(float(np.abs(array).max(initial=0)) or 1.0, array.dtype)
