"""The ladder of references: exact arithmetic where it is cheap, a complex step where the equations are analytic, and
difference quotients always.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tcgrad.check.precision import unit_roundoff
from tcgrad.check.reference.choice import Choice
from tcgrad.check.reference.complex_step import METHOD as COMPLEX
from tcgrad.check.reference.complex_step import ComplexSteps
from tcgrad.check.reference.differences import Differences, Move, scale
from tcgrad.check.reference.directions import Directions, Mixed, random_mixture
from tcgrad.check.reference.estimate import Estimate, weighted
from tcgrad.check.reference.exact import METHOD as EXACT
from tcgrad.check.reference.exact import ExactSlopes
from tcgrad.check.reference.quotients import BESIDE, BETWEEN_JUMPS, choose_stencil, confirming_stencil
from tcgrad.check.reference.ties import why_not_exact_at_ties
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass, replace

# Difference quotients of such errors, in proportion to the largest, tell a right reference from a wrong one.
CONFIRMED = 2.0**-20

# Those at a single step, whose errors nobody knows, do so where they are as near as their own errors mostly are.
_BORNE_OUT = 2.0**-26

# How much longer a complex step is that finds the same where the function is analytic.
_LONGER = 2.0**20


@dataclass(frozen=True)
class Ladder:
    """The references at one sample; ``method`` is the one that is asked for, or ``auto`` or ``directional``."""

    sample: Sample
    method: str

    def along_each(self, moves: Mapping[str, Directions]) -> dict[str, Estimate]:
        """The derivatives along directions of each of some inputs.

        What is not found by difference quotients is confirmed by these.
        """
        found = self._found_otherwise(moves)
        told = {wrt: each.estimate for wrt, each in found.items()}
        left = {wrt: self._move(wrt, directions) for wrt, directions in moves.items() if wrt not in found}
        open_ = {wrt: each for wrt, each in found.items() if each.is_to_be_confirmed}
        told |= dict(zip(left, self.differences.along_each(list(left.values())), strict=True))
        told |= self._confirmed(self._proof(open_)) if open_ else {}
        return {wrt: told[wrt] for wrt in moves}

    def _found_otherwise(self, moves: Mapping[str, Directions]) -> dict[str, _Found]:
        """What is not found by difference quotients, or not as it is asked for."""
        choice, steps = self._choice, self._complex_steps
        complex_ = {wrt: directions for wrt, directions in moves.items() if self._takes_steps(wrt, len(directions))}
        is_joint = self.method == "directional" or steps.are_few(sum(map(len, complex_.values())))
        found = steps.along_each(complex_) if complex_ and is_joint else {}
        for wrt, directions in moves.items():
            if wrt not in found and (choice.refusal or choice.is_exact(len(directions)) or choice.is_complex(wrt)):
                found[wrt] = self.along(wrt, directions)
        return {wrt: _Found(moves[wrt], estimate) for wrt, estimate in found.items()}

    def _takes_steps(self, wrt: str, number: int) -> bool:
        """Whether complex steps are taken along so many directions of an input."""
        choice = self._choice
        if self.method == "directional":
            return choice.is_complex(wrt)
        return not choice.refusal and not choice.is_exact(number) and choice.is_complex(wrt)

    def along(self, wrt: str, directions: Directions) -> Estimate:
        """The derivatives by ``wrt``; where the method is not to be had nothing is known, for a reason."""
        reason = self._choice.refusal
        if not reason:
            try:
                return self._best(wrt, directions)
            except ZeroDivisionError:
                reason = "exact arithmetic divides by 0"
        found = self._by_differences(wrt, directions)
        return found if self._choice.is_free else found.unknown(f"no {self.method} reference: {reason}")

    def at_ties(self, wrt: str, directions: Directions) -> Estimate:
        """The derivatives by ``wrt`` that the language fixes where branches meet: on the branch that it chooses there.

        Next to that they are those on the branch that is taken; numbers are not as short there as exact arithmetic
        asks for.

        Where a complex step begins at the end of what a function is analytic on, as that of a root at 0, its length
        decides what it finds: nothing is known there.

        Raises:
            ZeroDivisionError: where exact arithmetic divides by 0, if only to drop the quotient.
        """
        if self.sample.grid and not why_not_exact_at_ties(self.sample.program):
            return ExactSlopes(self.sample.forward, self._outputs).along(wrt, directions)
        steps = replace(self._complex_steps, grid=self.sample.grid)
        found, longer = (each.along(wrt, directions) for each in (steps, replace(steps, longer=_LONGER)))
        known = found.without(found.contradicted(longer, np.ones(len(directions), bool)))
        return replace(known, evaluations=found.evaluations + longer.evaluations)

    def _proof(self, found: Mapping[str, _Found]) -> _Proof:
        """A random direction of some inputs together, each moved in proportion to its size."""
        dtype = self.sample.forward.context.dtype
        scales = {wrt: scale(self.sample.value(wrt)) for wrt in found}
        largest = max(scales.values())
        parts = {}
        for wrt, each in found.items():
            own = random_mixture((len(each.directions),), self.sample.dtype, self.sample.random).astype(dtype)
            parts[wrt] = own * (scales[wrt] / largest)
        return _Proof(found, parts)

    def _confirmed(self, proof: _Proof) -> dict[str, Estimate]:
        """What was found for some inputs, if difference quotients agree with it: along a random direction of all of
        them together, or else of each.

        Most often those at a single step tell at once. Where a branch ends at the very point, as that of a root at
        0, a complex step does not see it: there difference quotients are all that counts.
        """
        told = {wrt: each.estimate for wrt, each in proof.found.items()}
        first = next(iter(told))
        if proof.is_borne_out(self.differences.beside(proof.directions)):
            told[first] = replace(told[first], evaluations=told[first].evaluations + len(BESIDE.points))
            return told
        stencil = confirming_stencil(self.sample.traits.degree(*told))
        quotients = self.differences.along(Move(proof.directions, stencil, CONFIRMED))
        agree = proof.agrees(quotients)
        if len(told) > 1 and (quotients.is_kinked or not agree):
            for wrt, each in proof.found.items():
                told |= self._confirmed(self._proof({wrt: each}))
        elif quotients.is_kinked and told[first].method == COMPLEX and self._choice.is_free:
            told[first] = self._by_differences(first, proof.found[first].directions)
        elif not agree:
            told[first] = told[first].unknown(f"{told[first].method} and difference quotients disagree")
        told[first] = replace(told[first], evaluations=told[first].evaluations + quotients.evaluations)
        return told

    @cached_property
    def differences(self) -> Differences:
        near = self.method == "directional"
        return Differences(self.sample.forward, self._outputs, self.sample.bounds_near, near)

    def _by_differences(self, wrt: str, directions: Directions) -> Estimate:
        return self.differences.along(self._move(wrt, directions))

    def _move(self, wrt: str, directions: Directions) -> Move:
        """One input, with the stencil that the degree asks for."""
        traits = self.sample.traits
        by_jumps = self._choice.is_free and traits.only_decides(wrt)
        stencil = BETWEEN_JUMPS if by_jumps else choose_stencil(traits.degree(wrt), self.method)
        return Move({wrt: directions}, stencil, wanted_error(self.sample))

    @cached_property
    def _choice(self) -> Choice:
        return Choice(self.sample.traits, self.method)

    def _best(self, wrt: str, directions: Directions) -> Estimate:
        """The derivatives as so many directions are best worked out."""
        if self._choice.is_exact(len(directions)):
            return ExactSlopes(self.sample.forward, self._outputs).along(wrt, directions)
        if self._choice.is_complex(wrt):
            return self._complex_steps.along(wrt, directions)
        return self._by_differences(wrt, directions)

    @property
    def _complex_steps(self) -> ComplexSteps:
        return ComplexSteps(self.sample.forward, self._outputs, self.sample.random)

    @cached_property
    def _outputs(self) -> list[str]:
        return [output.name for output in self.sample.program.outputs]


@dataclass(frozen=True)
class _Found:
    """What was found along some directions of an input."""

    directions: Directions
    estimate: Estimate

    @property
    def is_to_be_confirmed(self) -> bool:
        return self.estimate.method in (EXACT, COMPLEX) and not self.estimate.reason


@dataclass(frozen=True)
class _Proof:
    """What was found for some inputs, and the parts of their directions in a single one of all of them together, along
    which it is to be confirmed.
    """

    found: Mapping[str, _Found]
    parts: Mapping[str, Array]

    @cached_property
    def directions(self) -> dict[str, Directions]:
        """What that direction is for each of the inputs."""
        return {wrt: Mixed(each.directions.combined(self.parts[wrt])[None]) for wrt, each in self.found.items()}

    def is_borne_out(self, slopes: Mapping[str, Array]) -> bool:
        """Whether slopes of the outputs are so near to what was found that they tell it right; none tell nothing."""
        for name, slope in slopes.items():
            told = sum(weighted(self.parts[wrt], each.estimate.values[name]) for wrt, each in self.found.items())
            if not (np.abs(slope - told) <= _BORNE_OUT * np.abs(told).max(initial=0)).all():
                return False
        return bool(slopes)

    def agrees(self, whole: Estimate) -> bool:
        """Whether the sum is within the errors of another estimate; where any knows nothing they do not differ."""
        sums = [each.estimate.summed(self.parts[wrt]) for wrt, each in self.found.items()]
        for name, value in whole.values.items():
            allowed = sum((term.errors[name] for term in sums), whole.errors[name])
            if (np.abs(sum((term.values[name] for term in sums), -value)) > allowed).any():
                return False
        return True


def wanted_error(sample: Sample) -> float:
    """The error of difference quotients that is small enough, in proportion to the largest derivative."""
    coarse = 2.0**-44 if sample.forward.context.dtype != np.float64 else 2.0**-36
    return max(coarse, unit_roundoff(sample.dtype) / 4)
