"""Difference quotients of the plainly evaluated forward equations, each with a bound on its own error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tcgrad.check.directions import Directions
from tcgrad.check.estimate import Estimate
from tcgrad.check.forward import Forward, neighbours
from tcgrad.check.quotients import Quotients, Slopes, Stencil, choose_stencil
from tcgrad.evaluate import Array
from tcgrad.records import dataclass

Bounds = Callable[[Mapping[str, Any]], Mapping[str, Array]]


@dataclass(frozen=True)
class Differences:
    """Differences of ``outputs`` at a point.

    bounds: the rounding errors of values near the point, given by how much the elements of some inputs may be moved.
    wanted: the error that is small enough, in proportion to the largest derivative.
    """

    forward: Forward
    outputs: Sequence[str]
    bounds: Bounds
    wanted: float

    def along(self, wrt: str, directions: Directions, degree: float, method: str = "auto") -> Estimate:
        """The derivatives along ``directions`` of the input ``wrt``, of which every output is at most of ``degree``."""
        stencil = choose_stencil(degree, method)
        steps = first_steps(self.forward, wrt, directions, stencil)
        return self._quotients(wrt, directions, stencil).estimate(steps)

    def resolving(self, wrt: str, directions: Directions) -> tuple[Array, int]:
        """Steps that are shorter than the waves along each of the directions -> the steps, and evaluations."""
        stencil = choose_stencil(np.inf)
        first = first_steps(self.forward, wrt, directions, stencil)
        found, steps = self._quotients(wrt, directions, stencil).refined(first)
        return steps, found.evaluations

    def _quotients(self, wrt: str, directions: Directions, stencil: Stencil) -> Quotients:
        reach = _scale(self.forward, wrt) * stencil.multiples[-1] if stencil.exact else 0
        bounds = self.bounds({wrt: reach})
        points = 2 * len(stencil.multiples)
        return Quotients(
            stencil,
            lambda chosen, steps: self._slopes(wrt, directions.take(chosen), steps, stencil, bounds),
            {name: self.forward.context.arrays[name].shape for name in self.outputs},
            directions.moved,
            points * self.forward.evaluations,
            points,
            self.wanted,
        )

    def slopes(self, of: str, wrt: str, direction: Array) -> tuple[Array, Array]:
        """The one-sided difference quotients of an output: below and above the point."""
        here, middle = self.forward.context.arrays[wrt], self.forward.context.arrays[of]
        step = _scale(self.forward, wrt) / 2**16
        arrays, _ = neighbours(self.forward, {wrt: np.stack([here - step * direction, here + step * direction])})
        before, after = np.broadcast_to(arrays[of], (2, *middle.shape))
        return (middle - before) / step, (after - middle) / step

    def _slopes(
        self, wrt: str, directions: Array, steps: Array, stencil: Stencil, bounds: Mapping[str, Array]
    ) -> Slopes:
        base = self.forward.context.arrays[wrt]
        spread = along_axes(steps, base) * directions
        signed = np.array([sign * multiple for multiple in stencil.multiples for sign in (1, -1)], base.dtype)
        moved = base + along_axes(signed, spread) * spread
        arrays, flipped = neighbours(self.forward, {wrt: moved.reshape(-1, *base.shape)})
        quotients, rounding = {}, {}
        for name in self.outputs:
            here = self.forward.context.arrays[name]
            if arrays[name].ndim > here.ndim:
                by_point = arrays[name].reshape(len(signed), len(steps), *here.shape)
                # Of a power of two the inverse is exact, and multiplying is faster.
                inverse = 1 / along_axes(steps, here)
                quotients[name] = (by_point[::2] - by_point[1::2]) * (
                    inverse / along_axes(2 * signed[::2], by_point[0])
                )
                rounding[name] = bounds[name] * inverse
        branches = {name: np.logical_or.reduce(flips.reshape(len(signed), -1)) for name, flips in flipped.items()}
        return Slopes(quotients, rounding, branches)


def first_steps(forward: Forward, wrt: str, directions: Directions, stencil: Stencil) -> Array:
    """A step for each direction, as large as the data where differences are exact, else far below: the more so, the
    more elements the direction moves at once."""
    step, moved = _scale(forward, wrt), directions.moved
    if stencil.exact:
        return np.full(len(moved), step)
    finer = 12 if np.finfo(step.dtype).nmant > 52 else 10
    return np.asarray(step / step.dtype.type(2) ** (finer + (np.frexp(moved)[1] - 1) // 4))


def _scale(forward: Forward, wrt: str) -> Any:
    """A power of two near the size of the data."""
    largest = float(np.abs(forward.context.arrays[wrt]).max(initial=0)) or 1.0
    return forward.context.dtype.type(2) ** int(np.floor(np.log2(largest)))


def along_axes(steps: Array, array: Array) -> Array:
    """One step a direction, with an axis of length 1 for each axis of ``array``."""
    return steps.reshape(-1, *(1,) * array.ndim)
