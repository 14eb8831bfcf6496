"""Second derivatives of the plainly evaluated forward equations: exact, or difference quotients, once or twice over.

No derived formula comes in, neither a gradient nor a Hessian. Where the equations are analytic only one of the two
derivatives is a difference, of complex steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.forward import CHUNK, neighbours_of_each
from tcgrad.check.reference.choice import Choice
from tcgrad.check.reference.complex_step import ComplexSteps
from tcgrad.check.reference.differences import Move, first_steps
from tcgrad.check.reference.directions import Directions, IntArray, Pairs
from tcgrad.check.reference.estimate import Estimate
from tcgrad.check.reference.exact import ExactSlopes
from tcgrad.check.reference.ladder import wanted_error
from tcgrad.check.reference.quotients import Quotients, Slopes, Stencil, choose_stencil
from tcgrad.check.reference.resolving import Resolving
from tcgrad.check.reference.second_differences import Corners, SecondDifferences, StepsApart
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass

# Second differences of values lose twice as many digits as first ones.
_COARSER = 2**2

# The error that is small enough of first and of second differences, in proportion to that of first derivatives.
_WANTED = {1: 1.0, 2: 2.0**8}

# A difference of complex steps magnifies their errors: these are found with more than one draw.
_DRAWS = 2


@dataclass(frozen=True)
class Curvatures:
    """Second derivatives ``uᵀ H v`` of the one output of a sample's program, a scalar."""

    sample: Sample
    method: str
    _steps: dict[str, list[tuple[Directions, Array]]] = field(default_factory=dict, compare=False)

    @property
    def evaluations(self) -> int:
        """What finding steps has taken so far."""
        return self._resolving.evaluations

    def along(self, pairs: Pairs) -> Estimate:
        """With an axis of pairs; where the method is not to be had nothing is known, for a reason."""
        return self.along_each([pairs])[0]

    def along_each(self, several: Sequence[Pairs]) -> list[Estimate]:
        """The same for the pairs of each of several couples of inputs.

        What differences begin with is one evaluation for many of them that are neighbours in ``several``.
        """
        found: dict[int, Estimate] = {}
        reasons: dict[int, str] = {}
        steps_apart: dict[int, SecondDifferences] = {}
        corners: dict[int, SecondDifferences] = {}
        for number, pairs in enumerate(several):
            exact = self._exactly(pairs)
            if isinstance(exact, Estimate):
                found[number] = exact
            elif not exact and self._choice.is_complex_twice(pairs.first, pairs.second):
                steps_apart[number] = self._steps_apart(pairs)
            else:
                corners[number], reasons[number] = self._corners(pairs), exact
        for differences in (steps_apart, corners):
            found |= zip(differences, self._estimates(list(differences.values())), strict=True)
        for number, reason in reasons.items():
            if reason and not self._choice.is_free:
                found[number] = found[number].unknown(f"no {self.method} reference: {reason}")
        return [found[number] for number in range(len(several))]

    def _exactly(self, pairs: Pairs) -> Estimate | str:
        """What exact arithmetic finds, or why the method that is asked for is not to be had; empty if another is."""
        if not self._choice.refusal and self._choice.is_exact(len(pairs)):
            try:
                return ExactSlopes(self.sample.forward, [self._output]).along_pairs(pairs)
            except ZeroDivisionError:
                return "exact arithmetic divides by 0"
        return self._choice.refusal

    @property
    def _output(self) -> str:
        (output,) = self.sample.program.outputs
        return output.name

    @cached_property
    def _choice(self) -> Choice:
        return Choice(self.sample.traits, self.method)

    @cached_property
    def _resolving(self) -> Resolving:
        return Resolving(self.sample, self._output)

    def _estimates(self, several: Sequence[SecondDifferences]) -> Iterator[Estimate]:
        for part in self._parts(several):
            everything = [np.arange(len(each.pairs)) for each in part]
            first = self._measured(part, everything, [each.steps for each in part]) if len(part) > 1 else [None]
            for each, slopes in zip(part, first, strict=True):
                yield self._estimate(each, slopes)

    def _parts(self, several: Sequence[SecondDifferences]) -> Iterator[list[SecondDifferences]]:
        """So many of them at a time as memory allows, at least one."""
        part: list[SecondDifferences] = []
        size = 0
        for each in several:
            own = len(each.pairs) * self._points(each.stencil) * self.sample.forward.evaluations
            if part and size + own > CHUNK:
                yield part
                part, size = [], 0
            part.append(each)
            size += own
        if part:
            yield part

    @staticmethod
    def _points(stencil: Stencil) -> int:
        return 4 * len(stencil.multiples)

    def _estimate(self, differences: SecondDifferences, first: Slopes | None) -> Estimate:
        """first: what is measured with the first steps, if that is known."""
        pairs, points = differences.pairs, self._points(differences.stencil)

        def measure(chosen: IntArray, steps: Array) -> Slopes:
            return self._measured([differences], [chosen], [steps])[0]

        quotients = Quotients(
            differences.stencil,
            measure,
            {self._output: ()},
            pairs.us.moved[pairs.rows],
            points * self.sample.forward.evaluations,
            points,
            wanted_error(self.sample) * _WANTED[differences.order],
            differences.order,
        )
        return quotients.estimate(differences.steps, first).renamed(differences.method)

    def _measured(
        self, several: Sequence[SecondDifferences], chosen: Sequence[IntArray], steps: Sequence[Array]
    ) -> list[Slopes]:
        """The quotients along some of the pairs of each, from one evaluation."""
        moved = [each.moved(*how) for each, *how in zip(several, chosen, steps, strict=True)]
        arrays, flipped, rows = neighbours_of_each(several[0].forward, moved)
        number = rows[-1].stop
        values = np.broadcast_to(arrays[self._output], (number,))
        flips: NDArray[np.bool_] = flipped.get(self._output, np.zeros(number, bool))
        return [
            each.slopes(values[own], flips[own], *how)
            for each, own, *how in zip(several, rows, chosen, steps, strict=True)
        ]

    def _corners(self, pairs: Pairs) -> Corners:
        stencil = choose_stencil(self.sample.traits.degree(pairs.first, pairs.second), self.method)
        steps = self._first_steps(pairs.second, pairs.vs, stencil)[pairs.columns]
        others = self._first_steps(pairs.first, pairs.us, stencil)[pairs.rows]
        bound = self.sample.bounds_near(self._reach(pairs, stencil, others[0], steps[0]))[self._output]
        return Corners(self.sample.forward, self._output, pairs, stencil, steps, others, bound)

    def _first_steps(self, wrt: str, directions: Directions, stencil: Stencil) -> Array:
        """For each direction of an input; any will do where there is no truncation error."""
        if not stencil.exact:
            return _COARSER * self._resolving.steps(wrt, directions)
        return first_steps(self.sample.forward.context.arrays, Move({wrt: directions}, stencil))

    @staticmethod
    def _reach(pairs: Pairs, stencil: Stencil, first: Any, second: Any) -> Mapping[str, Any]:
        """By how much the elements of either input are moved, where that is much."""
        if not stencil.exact:
            return {}
        far = stencil.multiples[-1]
        if pairs.first == pairs.second:
            return {pairs.first: far * (first + second)}
        return {pairs.first: far * first, pairs.second: far * second}

    def _steps_apart(self, pairs: Pairs) -> StepsApart:
        along_u = ComplexSteps(self.sample.forward, [self._output], self.sample.random, _DRAWS)
        errors = self._errors_of_steps(along_u, pairs)[pairs.rows]
        steps = self._resolving.steps(pairs.second, pairs.vs)[pairs.columns]
        return StepsApart(along_u, self._output, pairs, choose_stencil(np.inf), steps, errors)

    def _errors_of_steps(self, along_u: ComplexSteps, pairs: Pairs) -> Array:
        """Those of the complex steps along each of the first directions; the same for every second input."""
        known = self._steps.setdefault(pairs.first, [])
        for us, errors in known:
            if us is pairs.us:
                return errors
        found = along_u.along(pairs.first, pairs.us).errors[self._output]
        known.append((pairs.us, found))
        return found
