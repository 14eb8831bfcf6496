"""Points some of whose elements are peculiar, where random ones seldom are."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.forward import Forward, Kinks, evaluate_forward
from tcgrad.check.program.domains import Demands, Interval
from tcgrad.check.program.traits import Traits
from tcgrad.check.sampling.kinks import are_felt_between, felt, flips_beside
from tcgrad.check.sampling.peculiarities import Elements, Parts, Peculiarity
from tcgrad.check.sampling.points import Point
from tcgrad.check.sampling.random_inputs import Random, Types, draw_inputs, draw_upstream, exact, limits_of, turn_of
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array, SmoothFunction
from tcgrad.ir.program import Input, Program
from tcgrad.records import dataclass, replace

# The number of the first of these points, after the samples on either side of branches.
PECULIAR = 2**22

# At first all inputs have peculiar elements, then fewer: with those of the others a branch may end there, or a formula
# have no value. In another attempt the gradients of the outputs alone have some: what is 0 or tiny in one of the two
# would hide what is wrong for the other.
ATTEMPTS = (0, 1, 2)
OF_UPSTREAM = 3

# So far from a point with poles or ends of roots it is seen whether outputs feel them, and by no more, in proportion to
# the largest, do outputs differ there that do not.
_NEAR, _ALIKE = 2.0**-30, 2.0**-20

# One part of so many is peculiar, and one at least: the others tell how large a derivative is. Of the gradients of
# outputs more are, for many a function makes nothing of some of them.
_ONE_OF, _ONE_OF_UPSTREAM = 4, 2


@dataclass(frozen=True)
class PeculiarPoint(Point):
    """A point with peculiar elements, where the outputs are finite.

    source: what samples are drawn with. where: what is wrong there alone is wrong, in words.
    upstream: gradients of the outputs, of which some may be peculiar, too.
    """

    traits: Traits
    sizes: Mapping[str, int]
    dtype: np.dtype[Any]
    source: Sampler
    where: str
    forward: Forward
    upstream: Mapping[str, Array]
    functions: Mapping[str, SmoothFunction]
    random: Random
    turn: int

    def value(self, name: str) -> Array:
        return self.forward.context.arrays[name]

    def sample(self) -> Sample | None:
        """The sample there, if the equations are smooth and rounding decides nothing."""
        kinks = flips_beside(self.forward, self.random)
        if kinks and not self._is_smooth(kinks):
            return None
        sample = self.source.sampled(
            self.forward, self.dtype, self.random, self.turn, self.functions, kinks=kinks, peculiar=self.where
        )
        return None if sample.in_doubt else replace(sample, upstream=self.upstream)

    def _is_smooth(self, flips: Kinks) -> bool:
        """Whether outputs feel no kink or jump, no pole, and no end of a root, though other branches are taken next to
        the point.
        """
        if self.traits.why_not_complex_on_a_branch:
            return False
        if not flips.isdisjoint(self.forward.kinks):
            return flips <= self.forward.kinks and not felt(flips, self.forward, self.program, self.random)
        decisions = (self.forward.decisions[number][place] for number, place in flips)
        return all((each.array == 0).any() for each in decisions) and self._is_alike_on_either_side()

    def _is_alike_on_either_side(self) -> bool:
        """Whether outputs, which have values at a pole or where a root ends, have about the same next to the point, and
        the same slopes: they make nothing of what is there.
        """
        arrays, dtype = {name: self.value(name) for name in self.forward.given}, self.forward.context.dtype
        moves = {wrt.name: _NEAR * self.random.normal(size=self.value(wrt.name).shape) for wrt in self.program.wrt}
        before, after = (
            evaluate_forward(
                self.program.statements,
                arrays | {name: (arrays[name] + side * move).astype(dtype) for name, move in moves.items()},
                dtype,
                functions=self.functions,
            )
            for side in (-1, 1)
        )
        for of in self.program.outputs:
            here, apart = self.value(of.name), after.context.arrays[of.name] - before.context.arrays[of.name]
            if not (np.abs(apart) <= _ALIKE * np.max(np.abs(here), initial=0)).all():
                return False
        return not are_felt_between(before, after, self.program, self.random)


def draw_peculiar(
    source: Sampler, dtype: np.dtype[Any], seed: tuple[int, ...], peculiarity: Peculiarity, attempt: int
) -> PeculiarPoint | None:
    """A point with peculiar elements, in an attempt among `ATTEMPTS`, or `OF_UPSTREAM` -> the point, or None."""
    program, traits, types = source.program, source.traits, Types(dtype, source.effort(dtype).reference)
    making = _Making(peculiarity, types, np.random.default_rng([*seed, attempt]), attempt)
    random, turn = making.random, turn_of(seed)
    drawn = draw_inputs(program, traits.demands, types, random, 0, turn=turn)
    inputs = drawn | making.inputs(program, traits.demands, drawn)
    usual, functions = draw_upstream(program, types, random, turn), source.functions(seed)
    upstream = making.upstream(usual) if attempt == OF_UPSTREAM else usual
    if _are_same(inputs, drawn) and _are_same(upstream, usual):
        return None
    forward = evaluate_forward(program.statements, inputs, types.reference, functions=functions)
    if source.why_undefined(forward, dtype):
        return None
    where = peculiarity.where
    return PeculiarPoint(traits, source.sizes, dtype, source, where, forward, upstream, functions, random, turn)


@dataclass(frozen=True)
class _Making:
    """How arrays are given peculiar elements."""

    peculiarity: Peculiarity
    types: Types
    random: Random
    attempt: int

    def inputs(self, program: Program, demands: Demands, drawn: Mapping[str, Array]) -> dict[str, Array]:
        """The inputs that have peculiar elements: all in the first attempt, then fewer, none in that of upstream."""
        changed: dict[str, Array] = {}
        for item in program.inputs:
            name, limits = item.tensor.name, limits_of(item, demands)
            if limits is None or not self.peculiarity.may_be_of(item.tensor):
                continue
            if self.random.random() < self.attempt / OF_UPSTREAM:
                continue
            twin = next((array for array in changed.values() if array.shape == drawn[name].shape), None)
            made = _mirrored(item, self._changed(drawn[name], twin, limits))
            changed[name] = self._exact(made) if item.tensor.is_real else made
        return changed

    def upstream(self, drawn: Mapping[str, Array]) -> dict[str, Array]:
        """Gradients of the outputs with peculiar elements; where there is but one, it is never so small that nothing
        is left to be compared.
        """
        changed = {name: self._exact(self._changed(array, one_of=_ONE_OF_UPSTREAM)) for name, array in drawn.items()}
        return {
            name: array if array.size > 1 or np.abs(array).max(initial=0) >= 1 else drawn[name]
            for name, array in changed.items()
        }

    def _changed(
        self, array: Array, twin: Array | None = None, limits: Interval = (-inf, inf), *, one_of: int = _ONE_OF
    ) -> Array:
        """An array some of whose elements are peculiar, so far as they lie within ``limits``."""
        parts = _parts(array.shape, self.peculiarity.parts)
        chosen, others = np.split(self.random.permutation(parts), [max(1, len(parts) // one_of)])
        chosen, others = chosen.reshape(-1), others.reshape(-1)
        flat = array.reshape(-1)
        twins = None if twin is None else twin.reshape(-1)[chosen]
        dtype, attempt = self.types.checked, self.attempt
        elements = Elements(flat[chosen], flat[others], twins, limits, dtype, self.random, attempt)
        found, made = self.peculiarity.change(elements), flat.copy()
        made[chosen] = np.where((found > limits[0]) & (found < limits[1]), found, flat[chosen])
        return made.reshape(array.shape)

    def _exact(self, value: Array) -> Array:
        """As `exact`, but for numbers so small that they would be 0: what a step leaves of them does not matter."""
        found = exact(value, self.types)
        return np.where(found == 0, value.astype(self.types.checked), found).astype(found.dtype)


def _parts(shape: tuple[int, ...], along: Parts) -> NDArray[np.intp]:
    """The places of the elements of each part of an array, one part after the other."""
    places = np.arange(prod(shape))
    if along is None:
        return places.reshape(-1, 1)
    if along == "all" or len(shape) < 2:
        return places.reshape(1, -1)
    return np.moveaxis(places.reshape(shape), along, 0).reshape(shape[along], -1)


def _are_same(first: Mapping[str, Array], second: Mapping[str, Array]) -> bool:
    return all(np.array_equal(array, second[name]) for name, array in first.items())


def _mirrored(item: Input, array: Array) -> Array:
    """What is declared to be symmetric, so again: as it is above the diagonal."""
    if not item.tensor.symmetric or array.ndim < 2:
        return array
    return np.asarray(np.triu(array) + np.swapaxes(np.triu(array, 1), -1, -2))
