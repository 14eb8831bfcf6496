"""A user's own code where elements of inputs are peculiar: it must not be wrong for these alone.

Such points are not chosen for rounding to be tame. What differs there from the derived formulas is a mistake if these
agree with the reference, which knows nothing of them, and if it is off by far more than rounding. Most often nothing
differs, and that is all that is worked out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.comparing.everything import compare_all, formulas_are_finite, out_of_range, rounds_as_told
from tcgrad.check.comparing.gradient_bounds import least_of_others
from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.evaluated.formulas import Workplace, Written
from tcgrad.check.evaluated.paths import Paths
from tcgrad.check.judging.tally import Tallies
from tcgrad.check.sampling.peculiar_points import ATTEMPTS, OF_UPSTREAM, PECULIAR, PeculiarPoint, draw_peculiar
from tcgrad.check.sampling.peculiarities import PECULIARITIES, Peculiarity
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.check.user.against import UserCode
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import gradient_of
from tcgrad.records import dataclass, replace


@dataclass(frozen=True)
class Peculiar:
    """What is compared where elements are peculiar.

    source: of the spec's own sizes. seed: the one of the check. tallies: are told. bench: makes that of a sample.
    """

    source: Sampler
    dtype: np.dtype[Any]
    seed: int
    paths: Paths
    user: UserCode
    tallies: Tallies
    bench: Callable[[Sample], Bench]

    def compare(self) -> None:
        """Compare the user's own at a point for each peculiarity that inputs may have; with whole rows and columns if
        it is right for some elements.
        """
        written = Written(self.paths.program)
        inputs = [item.tensor for item in self.source.program.inputs]
        for number, peculiarity in enumerate(PECULIARITIES):
            seed = (self.seed, 0, PECULIAR + number)
            for attempts in (ATTEMPTS, (OF_UPSTREAM,) if peculiarity.of == "real" else ()):
                is_asked = peculiarity.parts is None or not self.tallies.are_failed(self.user.kinds)
                if is_asked and any(map(peculiarity.may_be_of, inputs)):
                    self._compare(peculiarity, seed, attempts, written)

    def _compare(
        self, peculiarity: Peculiarity, seed: tuple[int, ...], attempts: Sequence[int], written: Written
    ) -> None:
        """Compare at the first point at which it is known what is right."""
        for attempt in attempts:
            point = draw_peculiar(self.source, self.dtype, seed, peculiarity, attempt)
            if point is not None and (self._is_as_derived(point, written) or self._is_compared(point)):
                break

    def _is_as_derived(self, point: PeculiarPoint, written: Written) -> bool:
        """Whether the user's own is what equations and formulas make it, but for rounding."""
        try:
            return all(_is_near(found, right, point.dtype) for found, right in self._pairs(point, written))
        except ModuleError:
            return False

    def _pairs(self, point: PeculiarPoint, written: Written) -> Iterator[tuple[Array, Array]]:
        """What the user's own returns, each with what is derived."""
        if self.user.forward is not None:
            for name, found in self.user.outputs(point).items():
                yield found, point.value(name)
        if self.user.backward is not None:
            upstream = {gradient_of(of).name: point.upstream[of.name] for of in point.program.outputs}
            context = point.forward.context
            place = Workplace(replace(context, arrays={**context.arrays, **upstream}), written)
            found_by = self.user.gradients(point, point.upstream)
            for wrt in point.program.wrt:
                yield found_by[wrt.name], place.value(self.paths.gradient(wrt).statements, gradient_of(wrt))

    def _is_compared(self, point: PeculiarPoint) -> bool:
        """Whether it is known what is right at a point, so that the user's own is compared."""
        sample = point.sample()
        if sample is None:
            return False
        bench = self.bench(sample)
        if "overflow" in out_of_range(bench) or not formulas_are_finite(bench) or not rounds_as_told(bench):
            return False
        return compare_where_known(bench, self.user)


def _is_near(found: Array, right: Array, dtype: np.dtype[Any]) -> bool:
    if found.shape != right.shape:
        return False
    with np.errstate(all="ignore"):
        return bool((np.abs(found - right) <= least_of_others(right, dtype, peculiar=True)).all())


def compare_where_known(bench: Bench, user: UserCode) -> bool:
    """Compare the user's own if the derived gradients agree with the reference -> whether they do.

    Raises:
        ZeroDivisionError: where exact arithmetic divides by 0, if only to drop the quotient.
    """
    options, tallies = replace(bench.options, only=("gradient",)), Tallies(bench.tallies.dtype)
    compare_all(replace(bench, emitted=None, against=None, plantings=None, options=options, tallies=tallies))
    if not all(each.status == "pass" for tally in tallies.rows.values() for each in tally.comparisons):
        return False
    compare_all(replace(bench, options=replace(bench.options, only=user.kinds)))
    return True
