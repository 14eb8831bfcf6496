"""Samples where branches meet: inputs of few digits are tried until some numbers are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tcgrad.check.forward import Kinks, evaluate_forward, same_branches
from tcgrad.check.sampling.kinks import felt, kinks_beside
from tcgrad.check.sampling.random_inputs import Types, draw_inputs, round_inputs, turn_of
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array

# How often what the inputs are multiples of is halved, in one attempt after the other, until branches meet: the coarser
# it is, the more of them do.
HALVED = (0, 0, 1, 2, 2)

# The same from fine to coarse: few numbers are equal but those that have to be, and hide nothing; nor are many 0.
FINE = (2, 2, 1, 1, 0)

# The same, doubled: of numbers as coarse as that many are equal, and not just two.
MANY = (-1, -2)

# So many attempts are made to have branches meet at all; once they do, so many at least to have others meet, and as
# many as have so many elements together, for of few elements few do.
_FIRST_TIES, _MORE_TIES, _MOST_TIES = 16, 4, 32
_TRIED = 2**10


def draw_tied(
    source: Sampler, dtype: np.dtype[Any], seed: tuple[int, ...], first: int = 0, *, known: Kinks = frozenset(),
    halved: Sequence[int] = HALVED, unfelt: bool = False,
) -> Sample | str:  # fmt: skip
    """A sample of whole numbers, or of halves or quarters, at which branches meet and outputs feel which is taken,
    out of a few the one at which they do at most decisions -> the sample, or why there is none.

    first: how many attempts are left out.
    known: decisions by which that was so elsewhere: here it is by others.
    halved: how often what the inputs are multiples of is halved, in one attempt after the other.
    unfelt: whether outputs need not feel which branch is taken.
    """
    best: Sample | None = None
    more = min(max(_MORE_TIES, _TRIED // source.traits.cost.elements), _MOST_TIES)
    attempt, left = 0, more if known else max(_FIRST_TIES, more)
    while left:
        least, often = len(best.kinks) if best else 0, halved[attempt % len(halved)]
        sample = _tied(source, dtype, (*seed, first + attempt), often, known=known, least=least, unfelt=unfelt)
        attempt, left = attempt + 1, left - 1
        if sample:
            if sample.kinks | known >= sample.forward.kinks:
                return sample
            best, left = sample, left if best else min(left, more)
    return best or "no tie was met"


def _tied(
    source: Sampler,
    dtype: np.dtype[Any],
    seed: tuple[int, ...],
    halved: int,
    *,
    known: Kinks,
    least: int,
    unfelt: bool,
) -> Sample | None:
    """A sample where inputs are numbers of few digits, if rounding in ``dtype`` decides nothing there and branches
    meet that outputs feel, if they have to, by more than ``least`` decisions else than those ``known``.
    """
    program, demands, reference = source.program, source.traits.demands, source.effort(dtype).reference
    random, turn = np.random.default_rng(seed), turn_of(seed)
    drawn = draw_inputs(program, demands, Types(dtype, reference), random, 0, turn=turn)
    inputs, grid = round_inputs(program, demands, drawn, halved)
    functions = source.functions(seed)
    forward = evaluate_forward(program.statements, inputs, reference, functions=functions)
    beside = kinks_beside(forward, random)
    kinks = beside - known
    if len(kinks) <= least or source.why_undefined(forward, dtype):
        return None
    if not source.traits.without_a_kink.isdisjoint(number for number, _ in beside):
        return None
    narrow = evaluate_forward(program.statements, _narrowed(inputs, dtype), dtype, functions=functions)
    if not same_branches(forward, narrow):
        return None
    if not unfelt and not source.traits.why_not_complex_on_a_branch:
        kinks = felt(kinks, forward, program, random)
    if len(kinks) <= least:
        return None
    sample = source.sampled(forward, dtype, random, turn, functions, kinks=kinks, grid=grid)
    return None if sample.in_doubt else sample


def _narrowed(inputs: Mapping[str, Array], dtype: np.dtype[Any]) -> dict[str, Array]:
    return {name: array.astype(dtype) if array.dtype.kind == "f" else array for name, array in inputs.items()}
