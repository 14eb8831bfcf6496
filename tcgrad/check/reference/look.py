"""The slopes of the outputs along one direction of each input, at a random point, and nothing about their errors.

Plain evaluation is asked twice: for the values at the point and beside it, all at once, and for those at complex steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tcgrad.check.forward import flips, taken_at_first
from tcgrad.check.program.traits import Traits
from tcgrad.check.reference.choice import LARGEST_DEGREE
from tcgrad.check.reference.complex_step import METHOD as COMPLEX
from tcgrad.check.reference.differences import Move, first_steps, scale
from tcgrad.check.reference.directions import Mixed, random_mixture
from tcgrad.check.reference.ladder import CONFIRMED
from tcgrad.check.reference.quotients import BESIDE, LINEAR, choose_stencil
from tcgrad.check.sampling.points import Point
from tcgrad.check.sampling.random_inputs import Types, draw_inputs, draw_upstream, turn_of
from tcgrad.check.sampling.sampler import Sampler
from tcgrad.evaluate import Array, Context
from tcgrad.evaluate.arrays.labelled import Labelled, batch_of
from tcgrad.evaluate.arrays.parts import together
from tcgrad.evaluate.complex_steps import STEP
from tcgrad.evaluate.statements import run
from tcgrad.ir.indices import Index
from tcgrad.records import cached_property, dataclass

# Elements that all arrays of one evaluation may have together: beyond it, points one by one are quicker.
_AT_ONCE = 2**17

_ONLY = np.zeros(1, np.int64)


@dataclass(frozen=True)
class Slope:
    """What the outputs, weighted with their gradients, rise by along a direction of an input."""

    value: Any
    method: str
    evaluations: int


@dataclass(frozen=True)
class Look(Point):
    """A point, gradients ``upstream`` of the outputs there, and a direction of each input.

    parts: those of the directions in one of several inputs together.
    """

    traits: Traits
    sizes: Mapping[str, int]
    dtype: np.dtype[Any]
    inputs: Mapping[str, Array]
    upstream: Mapping[str, Array]
    directions: Mapping[str, Array]
    parts: Mapping[str, Any]

    def value(self, name: str) -> Array:
        return self.inputs[name]

    def slopes(self) -> dict[str, Slope]:
        """Those by each input; none where neither differences nor complex steps are exact, where a branch ends nearby,
        or where differences along a direction of several inputs do not bear out what complex steps find.
        """
        if not self._is_possible:
            return {}
        moves = {wrt: self._move(wrt) for wrt in self.directions if wrt not in self._stepped}
        proofs = [self._proof()] if self._stepped else []
        quotients = self._quotients([*moves.values(), *proofs])
        if not quotients:
            return {}
        found = {
            wrt: Slope(quotient, move.stencil.name, len(move.stencil.points))
            for (wrt, move), quotient in zip(moves.items(), quotients, strict=False)
        }
        for proof, quotient in zip(proofs, quotients[len(moves) :], strict=True):
            slopes = self._complex_slopes()
            whole = sum(self.parts[wrt] * slope for wrt, slope in slopes.items())
            if not abs(quotient - whole) <= CONFIRMED * abs(whole):
                return {}
            more = [len(proof.stencil.points), *(0 for _ in slopes)]
            found |= {wrt: Slope(slope, COMPLEX, 1 + n) for (wrt, slope), n in zip(slopes.items(), more, strict=False)}
        return {wrt: found[wrt] for wrt in self.directions}

    @cached_property
    def _is_possible(self) -> bool:
        """Whether there is an exact way along every direction."""
        traits = self.traits
        reason = traits.why_not_complex_in_double if self.dtype == np.float64 else traits.why_not_complex_on_a_branch
        return not (traits.abstract or (self._stepped and reason))

    @cached_property
    def _stepped(self) -> tuple[str, ...]:
        """The inputs along which no difference is exact."""
        return tuple(wrt for wrt in self.directions if self.traits.degree(wrt) > LARGEST_DEGREE)

    def _move(self, wrt: str) -> Move:
        """Along the direction of one input, whose degree is small."""
        degree = self.traits.degree(wrt)
        return Move({wrt: Mixed(self.directions[wrt][None])}, choose_stencil(degree) if degree > 1 else LINEAR)

    def _proof(self) -> Move:
        """Along a direction of all inputs by which there are complex steps."""
        return Move({wrt: Mixed(self.parts[wrt] * self.directions[wrt][None]) for wrt in self._stepped}, BESIDE)

    def _quotients(self, moves: Sequence[Move]) -> list[Any]:
        """The difference quotients along some moves; none at all where another branch is taken than at the point."""
        steps = [first_steps(self.inputs, move, near=True)[0] for move in moves]
        points: list[Mapping[str, Array]] = [{}]  # the first is the point itself
        for move, step in zip(moves, steps, strict=True):
            points += [self._moved(move, multiple * step) for multiple in move.stencil.points]
        rises: list[Any] = []
        here: Mapping[str, Array] = {}
        before: Sequence[Labelled] = ()
        for found in self._evaluated(points, self.dtype):
            if not rises:
                here = {name: values[0] for name, values in found.outputs.items()}
                before = taken_at_first(found.decisions, found.batch)
            if flips(before, found.decisions, found.batch).any():
                return []
            rises += self._weighted({name: values - here[name] for name, values in found.outputs.items()})
        nothing, first, quotients = np.zeros((), self.dtype), 1, []
        for move, step in zip(moves, steps, strict=True):
            own = np.array(rises[first : (first := first + len(move.stencil.points))])
            quotients.append(move.stencil.derivative(move.stencil.quotients(own, nothing, 1 / step)))
        return quotients

    def _moved(self, move: Move, step: Any) -> dict[str, Array]:
        """The inputs that a move is of, after a step."""
        return {name: self.inputs[name] + step * along.take(_ONLY)[0] for name, along in move.directions.items()}

    def _complex_slopes(self) -> dict[str, Any]:
        """Along the direction of each input on its own."""
        kind = np.result_type(self.dtype, np.complex64)
        points = [{wrt: together(self.inputs[wrt], STEP * self.directions[wrt], kind)} for wrt in self._stepped]
        rises: list[Any] = []
        for found in self._evaluated(points, kind):
            rises += self._weighted({name: values.imag for name, values in found.outputs.items()})
        return {wrt: rise / STEP for wrt, rise in zip(self._stepped, rises, strict=True)}

    def _evaluated(self, points: Sequence[Mapping[str, Array]], dtype: np.dtype[Any]) -> Iterator[_Values]:
        """What is worked out at points at which some inputs have other values: at many at once if that is little."""
        at_once = max(1, _AT_ONCE // self.traits.cost.elements)
        for start in range(0, len(points), at_once):
            some = points[start : start + at_once]
            names = dict.fromkeys(name for point in some for name in point)
            moved = {name: np.stack([point.get(name, self.inputs[name]) for point in some]) for name in names}
            batch, decisions = batch_of(len(some)), list[Labelled]()
            context = Context({**self.inputs, **moved}, dtype, batch=batch, branches=decisions)
            for statement in self.program.statements:
                run(statement, context)
            outputs = {of.name: context.arrays[of.name] for of in self.program.outputs}
            for of in self.program.outputs:
                if outputs[of.name].ndim == of.order:  # the same at all of them
                    outputs[of.name] = np.stack([outputs[of.name]] * len(some))
            yield _Values(batch, outputs, decisions)

    def _weighted(self, outputs: Mapping[str, Array]) -> list[Any]:
        """The sum of what is made of the outputs, weighted with their gradients, at each of some points."""
        each = [values.reshape(len(values), -1) @ self.upstream[name].reshape(-1) for name, values in outputs.items()]
        return list(sum(each[1:], each[0]))


@dataclass(frozen=True)
class _Values:
    """The outputs at some points, which a first axis ``batch`` stands for, and what branches were decided by there."""

    batch: Index
    outputs: Mapping[str, Array]
    decisions: Sequence[Labelled]


def draw_look(source: Sampler, dtype: np.dtype[Any], seed: tuple[int, ...]) -> Look:
    """The same point as the first attempt at a sample, with directions of its own."""
    traits, types, random = source.traits, Types(dtype, dtype), np.random.default_rng([*seed, 0])
    turn = turn_of(seed)
    inputs = draw_inputs(traits.program, traits.demands, types, random, 0, turn=turn)
    upstream = draw_upstream(traits.program, types, random, turn)
    wrt = [tensor.name for tensor in traits.program.wrt]
    directions = {name: random_mixture(inputs[name].shape, dtype, random).astype(dtype) for name in wrt}
    scales = [scale(inputs[name]) for name in wrt]
    parts = random_mixture((len(wrt),), dtype, random).astype(dtype) * scales / max(scales)
    together = dict(zip(wrt, parts, strict=True))
    return Look(traits, source.sizes, dtype, inputs, upstream, directions, together)
