"""Second derivatives of the plainly evaluated forward equations: exact, or difference quotients, once or twice over.

No derived formula comes in, neither a gradient nor a Hessian. Where the equations are analytic only one of the two
derivatives is a difference, of complex steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from tcgrad.check.choice import Choice
from tcgrad.check.complex_step import ComplexSteps
from tcgrad.check.differences import Move, first_steps
from tcgrad.check.directions import Directions, Pairs
from tcgrad.check.estimate import Estimate
from tcgrad.check.exact import ExactSlopes
from tcgrad.check.forward import neighbours
from tcgrad.check.ladder import wanted_error
from tcgrad.check.quotients import Quotients, Slopes, Stencil, along_axes, choose_stencil
from tcgrad.check.resolving import Resolving
from tcgrad.check.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass, replace

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

    def along(self, pairs: Pairs) -> Estimate:
        """With an axis of pairs; where the method is not to be had nothing is known, for a reason."""
        before = self._resolving.evaluations
        found = self._found(pairs)
        return replace(found, evaluations=found.evaluations + self._resolving.evaluations - before)

    def _found(self, pairs: Pairs) -> Estimate:
        reason = self._choice.refusal
        if not reason:
            try:
                return self._along(pairs)
            except ZeroDivisionError:
                reason = "exact arithmetic divides by 0"
        found = self._quotients(pairs)
        return found if self._choice.is_free else found.unknown(f"no {self.method} reference: {reason}")

    def _along(self, pairs: Pairs) -> Estimate:
        if self._choice.is_exact(len(pairs)):
            return ExactSlopes(self.sample.forward, [self._output]).along_pairs(pairs)
        if self._choice.is_complex(pairs.first, pairs.second):
            return self._complex_quotients(pairs)
        return self._quotients(pairs)

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

    def _estimate(self, pairs: Pairs, stencil: Stencil, measure: Any, steps: Array, order: int) -> Estimate:
        """order: whether first or second differences are measured."""
        points, wanted = 4 * len(stencil.multiples), wanted_error(self.sample) * _WANTED[order]
        each, alike = points * self.sample.forward.evaluations, np.zeros(len(pairs), np.int64)
        return Quotients(stencil, measure, {self._output: ()}, alike, each, points, wanted, order).estimate(steps)

    # Differences of differences

    def _quotients(self, pairs: Pairs) -> Estimate:
        """``(f(++) - f(+-) - f(-+) + f(--))/(4 s t)``: in multiples of both steps its error has even powers only."""
        stencil = choose_stencil(self.sample.traits.degree(pairs.first, pairs.second), self.method)
        step = self._first_steps(pairs.second, pairs.vs, stencil)[pairs.columns]
        other = self._first_steps(pairs.first, pairs.us, stencil)[pairs.rows]
        bounds = self.sample.bounds_near(self._reach(pairs, stencil, other[0], step[0]))

        def measure(chosen: Any, steps: Array) -> Slopes:
            others = steps * (other / step)[chosen]
            corners, flipped = self._corners(pairs, chosen, others, steps, stencil.multiples)
            quotients = [
                (values[0] - values[1] - values[2] + values[3]) / (4 * multiple**2 * others * steps)
                for multiple, values in zip(stencil.multiples, corners, strict=True)
            ]
            rounding = bounds[self._output] / (others * steps)
            return Slopes({self._output: quotients}, {self._output: rounding}, {self._output: flipped})

        found = self._estimate(pairs, stencil, measure, step, order=2)
        return found.renamed(f"{stencil.name}, twice")

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

    def _corners(
        self, pairs: Pairs, chosen: Any, others: Array, steps: Array, multiples: Sequence[float]
    ) -> tuple[Array, Array]:
        """The output at the four corners ``±s u ± t v`` for all multiples of the steps, and for which pairs another
        branch was taken at any."""
        us, vs = pairs.take(chosen)
        arrays = self.sample.forward.context.arrays
        u = along_axes(others, arrays[pairs.first]) * us
        v = along_axes(steps, arrays[pairs.second]) * vs
        moved = {pairs.first: arrays[pairs.first] + np.concatenate([m * a for m in multiples for a in (u, u, -u, -u)])}
        there = moved.get(pairs.second, arrays[pairs.second])
        moved[pairs.second] = there + np.concatenate([m * b for m in multiples for b in (v, -v, v, -v)])
        found, flipped = neighbours(self.sample.forward, moved)
        points = 4 * len(multiples) * len(chosen)
        values = np.broadcast_to(found[self._output], (points,)).reshape(len(multiples), 4, len(chosen))
        still = np.zeros(points, bool)
        return values, np.asarray(flipped.get(self._output, still).reshape(-1, len(chosen)).any(axis=0))

    # Differences of complex steps

    def _errors_of_steps(self, steps_along_u: ComplexSteps, pairs: Pairs) -> Array:
        """Those of the complex steps along each of the first directions; the same for every second input."""
        known = self._steps.setdefault(pairs.first, [])
        for us, errors in known:
            if us is pairs.us:
                return errors
        found = steps_along_u.along(pairs.first, pairs.us).errors[self._output]
        known.append((pairs.us, found))
        return found

    def _complex_quotients(self, pairs: Pairs) -> Estimate:
        """``(D(+) - D(-))/(2 t)`` of complex steps ``D`` along ``u`` at points moved along ``v``."""
        forward = self.sample.forward
        steps_along_u = ComplexSteps(forward, [self._output], self.sample.random, _DRAWS)
        stencil = choose_stencil(np.inf)
        errors = self._errors_of_steps(steps_along_u, pairs)[pairs.rows]

        def measure(chosen: Any, steps: Array) -> Slopes:
            us, vs = pairs.take(chosen)
            shift = along_axes(steps, forward.context.arrays[pairs.second]) * vs
            shifts = np.concatenate([multiple * by for multiple in stencil.multiples for by in (shift, -shift)])
            directions = np.concatenate([us] * (2 * len(stencil.multiples)))
            found, flipped = steps_along_u.slopes_at(pairs.first, directions, pairs.second, shifts)
            slopes = found[self._output]
            quotients = [
                (above - below) / (2 * multiple * steps)
                for multiple, (above, below) in zip(
                    stencil.multiples, slopes.reshape(len(stencil.multiples), 2, len(chosen)), strict=True
                )
            ]
            branches = {n: np.logical_or.reduce(flips.reshape(-1, len(chosen))) for n, flips in flipped.items()}
            return Slopes({self._output: quotients}, {self._output: errors[chosen] / steps}, branches)

        steps = self._resolving.steps(pairs.second, pairs.vs)[pairs.columns]
        found = self._estimate(pairs, stencil, measure, steps, order=1)
        return found.renamed("fourth order of complex steps")
