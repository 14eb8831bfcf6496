"""Points on either side of where branches meet: what decides by another number than the right one is wrong between the
two, where random points may seldom be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from tcgrad.check.forward import Forward, Kinks, evaluate_forward, flips
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.sampling.kinks import are_felt_between
from tcgrad.check.sampling.random_inputs import Types, draw_inputs, exact, turn_of
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.evaluate.arrays.labelled import Kink, Labelled, batch_of
from tcgrad.evaluate.arrays.overflow import quietly
from tcgrad.evaluate.statements import run
from tcgrad.ir.indices import Index
from tcgrad.ir.program import Input
from tcgrad.records import cached_property, dataclass, replace

# The number of the samples on either side, after those at ties.
BESIDE = 2**21

# Branches change on the way to other points, some of them so many times further from 0 where inputs may be.
_SCALES = (1.0, 1.0, 1.0, 4.0, 4.0, 16.0, 64.0, 256.0)

# At most so many changes are looked at, each from either side.
_MOST = 4

# Where outputs do not feel a change at some integers, it is looked for from so many other points.
_STARTS = 3

# So far from a change it is seen whether outputs feel it.
_NEAR = 2.0**-30

# A change is found in rounds of so many points each: as a part of the way to within less than the least distance.
_POINTS, _ROUNDS = 2**5, 8

# How far from a change points are, as parts of the way: the first of the distances at which rounding decides nothing,
# and at which slopes that are equal at the change differ by more than that in a type.
_DISTANCES = tuple(2.0**power for power in (-30, -24, -18, -12, -8, -5, -3))
_COARSER = 0.75


def draw_beside(
    source: Sampler, dtype: np.dtype[Any], seed: tuple[int, ...], *, thorough: bool = False
) -> Iterator[Sample]:
    """Samples on either side of changes from one branch to another, each by a decision of its own.

    thorough: whether more changes are tried until outputs feel one, from other points as well, and there are samples,
        too, at which rounding decides other branches.
    """
    if source.traits.why_not_complex_on_a_branch:
        return
    effort = source.effort(dtype)
    types = Types(dtype, effort.reference)
    ways = _Ways(source, types, seed)
    found: set[tuple[int, float]] = set()
    unfelt: set[tuple[int, int]] = set()
    for ends, kink in ways.changing():
        if len(found) == min(_MOST, 1 + effort.more):
            break
        change, is_felt = ways.change_felt(ends, kink) if thorough else (ways.change(ends[0], kink), True)
        if not is_felt:
            unfelt.add(kink)
        if change not in found:
            found.add(change)
            yield from ways.on_either_side(change, kink, doubtful=thorough)
    for number in range(_STARTS):
        yield from _felt_from(_Ways(source, types, (*seed, number)), unfelt)


def _felt_from(ways: _Ways, unfelt: set[tuple[int, int]]) -> Iterator[Sample]:
    """Samples on either side of the changes that are felt on ways from another point, and are no longer ``unfelt``."""
    for ends, kink in ways.changing() if unfelt else ():
        if kink in unfelt:
            change, is_felt = ways.change_felt(ends, kink)
            if is_felt:
                unfelt.remove(kink)
                yield from ways.on_either_side(change, kink, doubtful=True)


@dataclass(frozen=True)
class _Ways:
    """Straight ways from one random point to some others; a place on one is the part of it that lies behind."""

    source: Sampler
    types: Types
    seed: tuple[int, ...]

    def changing(self) -> list[tuple[list[int], tuple[int, int]]]:
        """The decisions that are made otherwise at any of the ends, in random order, each with these ends."""
        batch, found = batch_of(len(_SCALES)), []
        for kink, decided in self._decided(self._ends, batch).items():
            flipped = flips((self._decision(kink),), (decided,), batch)
            if flipped.any():
                found.append((np.flatnonzero(flipped).tolist(), kink))
        return [found[number] for number in np.random.default_rng(self.seed).permutation(len(found))]

    def change_felt(self, ends: Sequence[int], kink: tuple[int, int]) -> tuple[tuple[int, float], bool]:
        """The first change on the way to one of ``ends`` that outputs feel, the first at all if they feel none, and
        whether they do.
        """
        changes = [self.change(ends[0], kink)]
        others = (self.change(end, kink) for end in ends[1:])
        felt = next(filter(self._is_felt, chain(changes, others)), None)
        return felt or changes[0], felt is not None

    def on_either_side(self, change: tuple[int, float], kink: tuple[int, int], *, doubtful: bool) -> Iterator[Sample]:
        """Samples on the sides of a change, of which those in doubt count if they are asked for."""
        end, place = change
        for side in (-1, 1):
            sample = self.beside(end, kink, place, side)
            if sample and (doubtful or not sample.in_doubt):
                yield sample

    def _is_felt(self, change: tuple[int, float]) -> bool:
        end, place = change
        program, random = self.source.program, np.random.default_rng([*self.seed, end])
        before, after = (
            self._evaluated({**self._start.context.arrays, **self._there(end, place + side * _NEAR)})
            for side in (-1, 1)
        )
        return are_felt_between(before, after, program, random)

    def change(self, end: int, kink: tuple[int, int]) -> tuple[int, float]:
        """An ``end`` and the place on the way to it at which a decision is first made otherwise."""
        low, high, batch = 0.0, 1.0, batch_of(_POINTS)
        for _ in range(_ROUNDS):
            places = low + (high - low) * np.arange(1, _POINTS + 1) / _POINTS
            moved = {name: np.stack([self._on_the_way(name, end, place) for place in places]) for name in self._ends}
            decided = self._decided(moved, batch, kink)[kink]
            first = int(flips((self._decision(kink),), (decided,), batch).argmax())
            low, high = (float(places[first - 1]) if first else low), float(places[first])
        return end, (low + high) / 2

    def beside(self, end: int, kink: tuple[int, int], change: float, side: int) -> Sample | None:
        """A sample on one ``side`` of a ``change``, if there is one; where rounding decides something at all distances,
        the nearest: numbers that are equal wherever they are may do so, as those of which one is clipped.
        """
        least, doubtful = unit_roundoff(self.types.checked) ** _COARSER, None
        for distance in _DISTANCES:
            place = change + side * distance
            if distance >= least and 0 <= place <= 1:
                sample = self._sample(end, place, frozenset({kink}))
                if sample and not sample.in_doubt:
                    return sample
                doubtful = doubtful or sample
        return doubtful

    def _sample(self, end: int, place: float, kinks: Kinks) -> Sample | None:
        moved = {name: exact(array, self.types) for name, array in self._there(end, place).items()}
        forward = self._evaluated({**self._start.context.arrays, **moved})
        if self.source.why_undefined(forward, self.types.checked):
            return None
        random, turn = np.random.default_rng([*self.seed, end]), turn_of(self.seed)
        return self.source.sampled(forward, self.types.checked, random, turn, {}, kinks=kinks)

    def _there(self, end: int, place: float) -> dict[str, Array]:
        """The real inputs at a place on the way to an end."""
        return {name: self._on_the_way(name, end, place) for name in self._ends}

    def _on_the_way(self, name: str, end: int, place: float) -> Array:
        start, reference = self._start.context.arrays[name], self.types.reference
        return np.asarray(start + reference.type(place) * (self._ends[name][end] - start))

    @cached_property
    def _start(self) -> Forward:
        return self._evaluated(self._drawn(0))

    @cached_property
    def _ends(self) -> dict[str, Array]:
        """The real inputs there, with an axis of ends in front."""
        drawn = [self._drawn(number) for number, _ in enumerate(_SCALES, 1)]
        return {
            item.tensor.name: np.stack(
                [self._scale(item, scale) * each[item.tensor.name] for scale, each in zip(_SCALES, drawn, strict=True)]
            )
            for item in self.source.program.inputs
            if item.tensor.is_real
        }

    def _scale(self, item: Input, wanted: float) -> Any:
        """How many times further from 0 an input may be."""
        name, demands = item.tensor.name, self.source.traits.demands
        is_free = item.sample.kind == "normal" and name not in demands.intervals and name not in demands.involved
        return self.types.reference.type(wanted if is_free else 1)

    def _drawn(self, number: int) -> dict[str, Array]:
        traits, random = self.source.traits, np.random.default_rng([*self.seed, number])
        return draw_inputs(traits.program, traits.demands, self.types, random, 0, turn=turn_of((*self.seed, number)))

    def _evaluated(self, arrays: Mapping[str, Array]) -> Forward:
        given = {item.tensor.name: arrays[item.tensor.name] for item in self.source.program.inputs}
        return evaluate_forward(self.source.program.statements, given, self.types.reference)

    def _decision(self, kink: tuple[int, int]) -> Labelled:
        number, place = kink
        return self._start.decisions[number][place]

    def _decided(
        self, moved: Mapping[str, Array], batch: Index, last: tuple[int, int] | None = None
    ) -> dict[tuple[int, int], Labelled]:
        """What branches that may meet others are decided by at several points, up to a ``last`` decision."""
        taken: list[Labelled] = []
        found: dict[tuple[int, int], Labelled] = {}
        arrays = {**self._start.context.arrays, **moved}
        deciding = replace(self._start.context, arrays=arrays, batch=batch, branches=taken)
        for number, statement in enumerate(self._start.statements[: last and last[0] + 1]):
            with quietly():
                run(statement, deciding)
            found |= {(number, place): each for place, each in enumerate(taken) if isinstance(each, Kink)}
            taken.clear()
        return found
