"""Difference quotients of the plainly evaluated forward equations, each with a bound on its own error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tcgrad.check.directions import Directions, IntArray
from tcgrad.check.estimate import Estimate
from tcgrad.check.forward import Forward, neighbours
from tcgrad.check.precision import power_below
from tcgrad.check.quotients import CONFIRMING, Quotients, Slopes, Stencil, along_axes, choose_stencil
from tcgrad.evaluate import Array
from tcgrad.records import dataclass

# As many directions of each of some inputs, which are moved together.
Moves = Mapping[str, Directions]

# What is no far step, in proportion to the data.
_NEAR = 2.0**-4

Bounds = Callable[[Mapping[str, Any]], Mapping[str, Array]]


@dataclass(frozen=True)
class Differences:
    """Differences of ``outputs`` at a point.

    bounds: the rounding errors of values near the point, given by how much the elements of some inputs may be moved.
    wanted: the error that is small enough, in proportion to the largest derivative.
    near: no step is so large that the bounds at the point itself do not hold.
    """

    forward: Forward
    outputs: Sequence[str]
    bounds: Bounds
    wanted: float
    near: bool = False

    def along(self, moves: Moves, stencil: Stencil) -> Estimate:
        """The derivatives along directions of inputs that are moved together."""
        steps = first_steps(self.forward, moves, stencil)
        return self._quotients(moves, stencil).estimate(steps * _NEAR if stencil.exact and self.near else steps)

    def resolving(self, wrt: str, directions: Directions) -> tuple[Array, int]:
        """Steps that are shorter than the waves along each of the directions -> the steps, and evaluations."""
        stencil, moves = choose_stencil(np.inf), {wrt: directions}
        found, steps = self._quotients(moves, stencil).refined(first_steps(self.forward, moves, stencil))
        return steps, found.evaluations

    def _quotients(self, moves: Moves, stencil: Stencil) -> Quotients:
        is_far = stencil.exact and not self.near
        reach = {name: scale(self.forward, name) * stencil.multiples[-1] if is_far else 0 for name in moves}
        bounds = self.bounds(reach)
        points = len(stencil.points)

        def measure(chosen: IntArray, steps: Array) -> Slopes:
            taken = {name: directions.take(chosen) for name, directions in moves.items()}
            return self._slopes(taken, steps, stencil, bounds)

        return Quotients(
            stencil,
            measure,
            {name: self.forward.context.arrays[name].shape for name in self.outputs},
            _moved(moves),
            points * self.forward.evaluations,
            points,
            self.wanted,
        )

    def slopes(self, of: str, wrt: str, direction: Array) -> tuple[Array, Array]:
        """The one-sided difference quotients of an output: below and above the point."""
        here, middle = self.forward.context.arrays[wrt], self.forward.context.arrays[of]
        step = scale(self.forward, wrt) / 2**16
        arrays, _ = neighbours(self.forward, {wrt: np.stack([here - step * direction, here + step * direction])})
        before, after = np.broadcast_to(arrays[of], (2, *middle.shape))
        return (middle - before) / step, (after - middle) / step

    def _slopes(
        self, directions: Mapping[str, Array], steps: Array, stencil: Stencil, bounds: Mapping[str, Array]
    ) -> Slopes:
        points = np.array(stencil.points, steps.dtype)
        moved = {}
        for name, along in directions.items():
            spread = along_axes(steps, along[0]) * along
            there = self.forward.context.arrays[name] + along_axes(points, spread) * spread
            moved[name] = there.reshape(-1, *along.shape[1:])
        arrays, flipped = neighbours(self.forward, moved)
        quotients, rounding, branches = {}, {}, {}
        for name in self.outputs:
            here = self.forward.context.arrays[name]
            if arrays[name].ndim > here.ndim:
                by_point = arrays[name].reshape(len(points), len(steps), *here.shape)
                # Of a power of two the inverse is exact, and multiplying is faster.
                inverse = 1 / along_axes(steps, here)
                quotients[name] = stencil.quotients(by_point, here, inverse)
                rounding[name] = bounds[name] * inverse
            if name in flipped:
                branches[name] = np.logical_or.reduce(flipped[name].reshape(len(points), -1))
        return Slopes(quotients, rounding, branches)


def first_steps(forward: Forward, moves: Moves, stencil: Stencil) -> Array:
    """A step for each direction, as large as the data where differences are exact, else far below: the more so, the
    more elements the direction moves at once."""
    step, moved = max(scale(forward, name) for name in moves), _moved(moves)
    if stencil.exact:
        return np.full(len(moved), step)
    finer = 12 if np.finfo(step.dtype).nmant > 52 else 10
    if stencil is CONFIRMING:  # of second order
        finer += 4
    return np.asarray(step / step.dtype.type(2) ** (finer + (np.frexp(moved)[1] - 1) // 4))


def _moved(moves: Moves) -> IntArray:
    """How many elements each direction moves."""
    return np.asarray(sum(directions.moved for directions in moves.values()))


def scale(forward: Forward, wrt: str) -> Any:
    """A power of two near the size of the data."""
    return power_below(float(np.abs(forward.context.arrays[wrt]).max(initial=0)) or 1.0, forward.context.dtype)
