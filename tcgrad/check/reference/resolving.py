"""Steps for second differences, which see no wave that is shorter than they are, and lose it in rounding: first
differences do.
"""

from __future__ import annotations

from dataclasses import field

from tcgrad.check.reference.differences import Differences
from tcgrad.check.reference.directions import Directions
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.records import dataclass


@dataclass
class Resolving:
    """For each direction of an input at a sample the step with which first differences of the output are best.

    evaluations: what finding them has taken so far.
    """

    sample: Sample
    output: str
    evaluations: int = 0
    _known: list[tuple[str, Directions, Array]] = field(default_factory=list)

    def steps(self, wrt: str, directions: Directions) -> Array:
        """One for each direction; found once for the same object."""
        for name, known, steps in self._known:
            if name == wrt and known is directions:
                return steps
        sample = self.sample
        differences = Differences(sample.forward, [self.output], sample.bounds_near)
        steps, evaluations = differences.resolving(wrt, directions)
        self.evaluations += evaluations
        self._known.append((wrt, directions, steps))
        return steps
