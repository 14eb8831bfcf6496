"""The ladder of references: exact arithmetic where it is cheap, a complex step where the equations are analytic, and
difference quotients always."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Protocol

import numpy as np

from tcgrad.check.choice import Choice
from tcgrad.check.complex_step import METHOD as COMPLEX
from tcgrad.check.complex_step import ComplexSteps
from tcgrad.check.differences import Differences
from tcgrad.check.directions import Directions, Elements, Mixed, random_mixture
from tcgrad.check.estimate import Estimate
from tcgrad.check.exact import METHOD as EXACT
from tcgrad.check.exact import ExactSlopes
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.samples import Sample
from tcgrad.records import dataclass, replace

# Difference quotients of such errors, in proportion to the largest, tell a right reference from a wrong one.
_CONFIRMED = 2.0**-30


class Way(Protocol):
    """A way to work derivatives out."""

    def along(self, wrt: str, directions: Directions) -> Estimate: ...


@dataclass(frozen=True)
class Ladder:
    """The references at one sample; ``method`` is the one that is asked for, or ``auto`` or ``directional``."""

    sample: Sample
    method: str

    def along(self, wrt: str, directions: Directions) -> Estimate:
        """The derivatives by ``wrt``; where the method is not to be had nothing is known, for a reason."""
        reason = self._choice.refusal
        if not reason:
            try:
                return self._way(wrt, len(directions)).along(wrt, directions)
            except ZeroDivisionError:
                reason = "exact arithmetic divides by 0"
        if self._choice.is_free:
            return self.differences.along(wrt, directions)
        return self.differences.along(wrt, directions).unknown(f"no {self.method} reference: {reason}")

    def confirmed(self, wrt: str, elements: Elements, found: Estimate) -> Estimate:
        """What is known along ``elements``, if difference quotients agree with it along a random direction of them.

        Where a branch ends at the very point, as that of a root at 0, a complex step does not see it: there difference
        quotients are all that counts.
        """
        if found.method not in (EXACT, COMPLEX) or found.reason:
            return found
        shape, dtype = self.sample.value(wrt).shape, self.sample.forward.context.dtype
        parts = random_mixture((len(elements),), self.sample.dtype, self.sample.random).astype(dtype)
        direction = np.zeros((1, prod(shape)), dtype)
        direction[0, elements.columns] = parts
        second = self._differences(_CONFIRMED).along(wrt, Mixed(direction.reshape(1, *shape)))
        if found.method == COMPLEX and second.is_kinked and self._choice.is_free:
            return self.differences.along(wrt, elements)
        told = replace(found, evaluations=found.evaluations + second.evaluations)
        if _agree(found.summed(parts), second):
            return told
        return told.unknown(f"{found.method} and difference quotients disagree")

    @cached_property
    def differences(self) -> _DifferencesOfDegree:
        return self._differences(wanted_error(self.sample))

    def _differences(self, wanted: float) -> _DifferencesOfDegree:
        sample, names = self.sample, [output.name for output in self.sample.program.outputs]
        differences = Differences(sample.forward, names, sample.bounds_near, wanted)
        return _DifferencesOfDegree(sample, differences, self.method)

    @cached_property
    def _choice(self) -> Choice:
        return Choice(self.sample.traits, self.method)

    def _way(self, wrt: str, number: int) -> Way:
        """The best way for so many directions."""
        forward, names = self.sample.forward, [output.name for output in self.sample.program.outputs]
        if self._choice.is_exact(number):
            return ExactSlopes(forward, names)
        if self._choice.is_complex(wrt):
            return ComplexSteps(forward, names, self.sample.random)
        return self.differences


@dataclass(frozen=True)
class _DifferencesOfDegree:
    """Difference quotients with the stencil that the degree asks for."""

    sample: Sample
    differences: Differences
    method: str

    def along(self, wrt: str, directions: Directions) -> Estimate:
        return self.differences.along(wrt, directions, self.sample.traits.degree(wrt), self.method)


def _agree(first: Estimate, second: Estimate) -> bool:
    """Whether two estimates are within their errors of each other; where either knows nothing they do not differ."""
    for name, value in first.values.items():
        allowed = first.errors[name] + second.errors[name]
        if np.any(np.abs(value - second.values[name]) > allowed):
            return False
    return True


def wanted_error(sample: Sample) -> float:
    """The error of difference quotients that is small enough, in proportion to the largest derivative."""
    coarse = 2.0**-44 if sample.forward.context.dtype != np.float64 else 2.0**-36
    return max(coarse, unit_roundoff(sample.dtype) / 4)
