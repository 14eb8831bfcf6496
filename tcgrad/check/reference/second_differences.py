"""Second derivatives as differences: of differences, or, where the equations are analytic, of complex steps.

Where values are taken, and what second derivatives they make; evaluated they are elsewhere, those of many pairs of
inputs at once.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.forward import Forward
from tcgrad.check.reference.complex_step import ComplexSteps
from tcgrad.check.reference.directions import IntArray, Pairs
from tcgrad.check.reference.quotients import Slopes, Stencil, along_axes
from tcgrad.evaluate import Array
from tcgrad.records import dataclass


class SecondDifferences(Protocol):
    """Those along pairs of directions.

    steps: the first ones along the second directions.
    order: whether first or second differences are measured.
    """

    @property
    def pairs(self) -> Pairs: ...

    @property
    def stencil(self) -> Stencil: ...

    @property
    def steps(self) -> Array: ...

    @property
    def order(self) -> int: ...

    @property
    def method(self) -> str: ...

    @property
    def forward(self) -> Forward:
        """What is to be evaluated."""

    def moved(self, chosen: IntArray, steps: Array) -> dict[str, Array]:
        """The inputs at all points: at the first one of each of the chosen pairs, then at the next one of each."""

    def slopes(self, values: Array, flipped: NDArray[np.bool_], chosen: IntArray, steps: Array) -> Slopes:
        """The quotients, from the values of the output at these points, and where another branch was taken."""


@dataclass(frozen=True)
class Corners:
    """``(f(++) - f(+-) - f(-+) + f(--))/(4 s t)``: in multiples of both steps its error has even powers only.

    others: the first steps along the first directions.
    bound: the rounding error of the output near the point.
    """

    forward: Forward
    output: str
    pairs: Pairs
    stencil: Stencil
    steps: Array
    others: Array
    bound: Array
    order: ClassVar[int] = 2

    @property
    def method(self) -> str:
        return f"{self.stencil.name}, twice"

    def moved(self, chosen: IntArray, steps: Array) -> dict[str, Array]:
        """At the four corners ``±s u ± t v``, for all multiples of the steps."""
        pairs, arrays, multiples = self.pairs, self.forward.context.arrays, self.stencil.multiples
        us, vs = pairs.take(chosen)
        u = along_axes(self._others(chosen, steps), arrays[pairs.first]) * us
        v = along_axes(steps, arrays[pairs.second]) * vs
        moved = {pairs.first: arrays[pairs.first] + np.concatenate([m * a for m in multiples for a in (u, u, -u, -u)])}
        there = moved.get(pairs.second, arrays[pairs.second])
        moved[pairs.second] = there + np.concatenate([m * b for m in multiples for b in (v, -v, v, -v)])
        return moved

    def slopes(self, values: Array, flipped: NDArray[np.bool_], chosen: IntArray, steps: Array) -> Slopes:
        others = self._others(chosen, steps)
        corners = values.reshape(len(self.stencil.multiples), 4, len(chosen))
        quotients = [
            (each[0] - each[1] - each[2] + each[3]) / (4 * multiple**2 * others * steps)
            for multiple, each in zip(self.stencil.multiples, corners, strict=True)
        ]
        return _slopes(self.output, quotients, self.bound / (others * steps), flipped)

    def _others(self, chosen: IntArray, steps: Array) -> Array:
        """The steps along the first directions: as much shorter than the first ones as those along the second."""
        return np.asarray(steps * (self.others / self.steps)[chosen])


@dataclass(frozen=True)
class StepsApart:
    """``(D(+) - D(-))/(2 t)`` of complex steps ``D`` along ``u`` at points moved along ``v``.

    errors: of the complex steps at the point.
    """

    along_u: ComplexSteps
    output: str
    pairs: Pairs
    stencil: Stencil
    steps: Array
    errors: Array
    order: ClassVar[int] = 1
    method: ClassVar[str] = "fourth order of complex steps"

    @property
    def forward(self) -> Forward:
        return self.along_u.complex_forward

    def moved(self, chosen: IntArray, steps: Array) -> dict[str, Array]:
        pairs, arrays, multiples = self.pairs, self.along_u.forward.context.arrays, self.stencil.multiples
        us, vs = pairs.take(chosen)
        shift = along_axes(steps, arrays[pairs.second]) * vs
        there = arrays[pairs.second] + np.concatenate([m * by for m in multiples for by in (shift, -shift)])
        directions = np.concatenate([us] * (2 * len(multiples)))
        if pairs.first == pairs.second:
            return {pairs.first: self.along_u.moved(there, directions)}
        along = self.along_u.moved(arrays[pairs.first], directions)
        return {pairs.first: along, pairs.second: there.astype(along.dtype)}

    def slopes(self, values: Array, flipped: NDArray[np.bool_], chosen: IntArray, steps: Array) -> Slopes:
        multiples = self.stencil.multiples
        slopes = self.along_u.slopes(values, values.shape).reshape(len(multiples), 2, len(chosen))
        quotients = [
            (above - below) / (2 * multiple * steps) for multiple, (above, below) in zip(multiples, slopes, strict=True)
        ]
        return _slopes(self.output, quotients, self.errors[chosen] / steps, flipped)


def _slopes(output: str, quotients: list[Array], rounding: Any, flipped: NDArray[np.bool_]) -> Slopes:
    branches = flipped.reshape(-1, len(rounding)).any(axis=0)
    return Slopes({output: quotients}, {output: rounding}, {output: np.asarray(branches)})
