"""Difference quotients, whatever is differenced: the stencils, their truncation errors, and steps that are refined.

Central differences are exact for polynomials of degree 2, fourth-order ones for degree 4, whatever the step. For the
rest the step starts small and is refined, direction by direction, until the error is small and no branch is left, or
rounding is most of it. All steps are powers of two, and the points are such that adding a step to them is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.reference.directions import IntArray
from tcgrad.check.reference.estimate import Estimate, in_chunks
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass, replace

_ROUNDS = 6

# So much shorter are the steps of each round, and the one that bears the others out.
_SHORTER = 8


@dataclass(frozen=True)
class Stencil:
    """Multiples of the step at which values are taken, to both sides; ``exact`` if there is no truncation error.

    If there is, the last is a fraction of the step, to see whether the others are longer than a wave.
    one_sided: the value there is taken to one side alone, and what is curved between the others is left out of it.
    order: of the truncation error in the step.
    constant: it is for what does not move but by jumps: equal values were worked out alike, and nothing is rounded off.
    """

    name: str
    multiples: tuple[float, ...]
    exact: bool = True
    one_sided: bool = False
    order: int = 2
    constant: bool = False

    @cached_property
    def points(self) -> tuple[float, ...]:
        """Where values are taken, in steps: those to both sides one after the other."""
        alone = self.multiples[-1:] if self.one_sided else ()
        return *(sign * each for each in self.multiples[: len(self.multiples) - len(alone)] for sign in (1, -1)), *alone

    def quotients(self, values: Array, here: Array, inverse: Array) -> list[Array]:
        """The quotients at every multiple, from the values at every point and the one in the middle.

        inverse: of the step.
        """
        both = len(values) - self.one_sided
        multiples = along_axes(np.array(self.multiples[: both // 2], here.dtype), values[0])
        found = (values[:both:2] - values[1:both:2]) * (inverse / (2 * multiples))
        if not self.one_sided:
            return list(found)
        last = here.dtype.type(self.multiples[-1])
        curved = last**2 * ((values[0] - here) + (values[1] - here)) / 2 if both else 0
        return [*found, ((values[-1] - here) - curved) * (inverse / last)]

    def derivative(self, quotients: Sequence[Array]) -> Array:
        """What the quotients at the first multiples make the derivative."""
        return quotients[0] if self.order == 2 else (4 * quotients[0] - quotients[1]) / 3


def along_axes(steps: Array, array: Array) -> Array:
    """One step a direction, with an axis of length 1 for each axis of ``array``."""
    return steps.reshape(-1, *(1,) * array.ndim)


_CENTRAL = Stencil("central, exact", (1,))
_FOURTH = Stencil("fourth order, exact", (1, 2), order=4)
_ESTIMATED = Stencil("fourth order", (1, 2, 4, 1 / _SHORTER), exact=False, order=4)
_CENTRAL_ESTIMATED = Stencil("central", (1, 2, 4, 1 / _SHORTER), exact=False)
# For what is linear, from a value at the point itself.
LINEAR = Stencil("one step, exact", (1,), one_sided=True)
# Far below the size of the data: what tells whether a derivative that is known otherwise is right.
BESIDE = Stencil("central", (1,), exact=False)
BETWEEN_JUMPS = Stencil("central, between jumps", (1,), exact=False, constant=True)
# The fewest values that tell a derivative and how far it may be off.
CONFIRMING = Stencil("central", (1, 1 / _SHORTER), exact=False, one_sided=True)


def choose_stencil(degree: float, method: str = "auto") -> Stencil:
    """The one for a polynomial of a degree, or for what is none (infinite); ``method`` may ask for an order."""
    if method != "fourth" and degree <= 2:
        return _CENTRAL
    if method == "central":
        return _CENTRAL_ESTIMATED
    return _FOURTH if degree <= 4 else _ESTIMATED


def confirming_stencil(degree: float) -> Stencil:
    """The one of the fewest values, for a polynomial of a degree, or for what is none."""
    return CONFIRMING if degree > 2 else _CENTRAL


@dataclass(frozen=True)
class Slopes:
    """Central quotients of every output along some directions, at every multiple of their steps.

    quotients: by the outputs' names, for each multiple an array with an axis of directions in front; none at all for an
        output that does not move.
    rounding: how far rounding may move them; of larger multiples less.
    flipped: for each output, the directions along which another branch was taken on the way.
    """

    quotients: Mapping[str, Sequence[Array]]
    rounding: Mapping[str, Array]
    flipped: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Quotients:
    """What is differenced with one stencil.

    measure: makes the quotients along some of the directions, with a step for each of them.
    shapes: of the outputs.
    alike: a number for each direction; derivatives along those of the same number are of one size.
    each: the elements that one direction takes. points: how many evaluations.
    wanted: the error that is small enough, in proportion to the largest derivative along directions that are alike.
    order: by how many steps it is divided, and rounding with it: that of the derivatives.
    """

    stencil: Stencil
    measure: Callable[[IntArray, Array], Slopes]
    shapes: Mapping[str, tuple[int, ...]]
    alike: IntArray
    each: int
    points: int
    wanted: float
    order: int = 1

    def estimate(self, steps: Array, first: Slopes | None = None) -> Estimate:
        """The derivatives; ``steps`` are the first ones, one for each direction.

        first: what is measured with these, if that is known.
        """
        return self._first(steps, first) if self.stencil.exact else self.refined(steps, first)[0]

    def refined(self, steps: Array, first: Slopes | None = None) -> tuple[Estimate, Array]:
        """Differences with smaller steps wherever the error is too large, not for rounding, or a branch was left, while
        that helps.

        Steps that are longer than a wave see nothing of it, nor do their errors: what smaller steps contradict, or do
        not bear out, is doubted, and they themselves stand if no smaller ones contradict them.

        -> the derivatives, and the steps that they were found with.
        """
        chosen, tried, kept = np.arange(len(steps)), steps.copy(), steps.copy()
        best = self._first(steps, first)
        doubted, hopeful = np.zeros(len(steps), bool), np.ones(len(steps), bool)
        for _ in range(_ROUNDS):
            again = hopeful & ~(best.reducible <= self.wanted * best.largest_values(self.alike)) | doubted
            if not again.any():
                break
            before = best.largest_errors
            tried[again] = tried[again] / _SHORTER
            finer = self._measured(chosen[again], tried[again])
            doubted[again] = best.contradicted(finer, again) | np.isinf(finer.largest_errors)
            best = best.improved(finer, again)
            now = best.largest_errors
            hopeful = again & (now < before / 2)
            kept = np.where(hopeful | doubted, tried, kept)
        return best.without(doubted), kept

    def _first(self, steps: Array, known: Slopes | None) -> Estimate:
        if known is None:
            return self._measured(np.arange(len(steps)), steps)
        return replace(self._combined(known, steps), evaluations=self.points * len(steps))

    def _measured(self, chosen: IntArray, steps: Array) -> Estimate:
        """Differences with a step for each of the chosen directions, as many at once as memory allows."""

        def work(part: IntArray) -> Estimate:
            return self._combined(self.measure(chosen[part], steps[part]), steps[part])

        return in_chunks(len(chosen), self.each, work, self.points)

    def _combined(self, found: Slopes, steps: Array) -> Estimate:
        values, errors, kinked = {}, {}, {}
        reducible = np.zeros(len(steps), steps.dtype)
        for name, shape in self.shapes.items():
            if name in found.quotients:
                shorter = _SHORTER**self.order
                # To one side alone rounding is twice as large, and of a shorter step.
                rounding = (2 + 4 * shorter if self.stencil.one_sided else 2) * found.rounding[name]
                values[name], truncation = _extrapolated(found.quotients[name], self.stencil, rounding, shorter)
                errors[name] = rounding + truncation
                errors[name][~np.isfinite(errors[name])] = np.inf
            else:
                values[name], errors[name] = np.zeros((2, len(steps), *shape), steps.dtype)
            kinked[name] = found.flipped[name] if name in found.flipped else np.zeros(len(steps), bool)
            errors[name][kinked[name]] = np.inf
            if name in found.quotients and not self.stencil.exact:
                halved = np.where(errors[name] > 2 * shorter * rounding, errors[name], 0)
                reducible = np.maximum(reducible, halved.reshape(len(steps), -1).max(axis=1, initial=0))
        return Estimate(values, errors, kinked, self.stencil.name, 0, reducible=reducible)


def _extrapolated(slopes: Sequence[Array], stencil: Stencil, rounding: Array, shorter: int) -> tuple[Array, Any]:
    """The derivative from central quotients with one, two and four times the step, and twice its truncation error.

    Halving the step divides an error of second order by 4, one of fourth order by 16: of the difference that the finer
    step makes, a third or a fifteenth is left. Where halving it once more does not bring the quotients nearer together
    by at least a half, but for ``rounding``, they do not follow that rule yet, and the error is not known. Nor is it
    where the quotient with a far shorter step, of which rounding is ``shorter`` times as large, is another. Errors of
    two orders may cancel in what the finer step makes: it is no less than what the far shorter one makes.
    """
    value = stencil.derivative(slopes)
    if stencil.exact or stencil.constant:
        return value, 0.0
    if stencil is CONFIRMING:
        return value, 2 * np.abs(slopes[0] - slopes[1])  # of the quotient beside there is next to none
    finer, coarser = np.abs(slopes[0] - slopes[1]), np.abs(slopes[1] - slopes[2])
    follows = finer <= coarser / 2 + 2 * rounding
    if stencil is _CENTRAL_ESTIMATED:
        truncation = finer * 2 / 3
    else:
        truncation = np.abs(value - (4 * slopes[1] - slopes[2]) / 3) * 2 / 15
    follows &= np.abs(slopes[3] - value) <= truncation + finer / _SHORTER**2 + (1 + shorter) * rounding
    limit = slopes[3] + (slopes[3] - slopes[0]) / (_SHORTER**2 - 1)
    return value, np.where(follows, np.maximum(truncation, 2 * np.abs(limit - value)), np.inf)
