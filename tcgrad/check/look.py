"""The slopes of the outputs along one direction of each input, at a random point, and nothing about their errors.

Plain evaluation is asked twice: for the values at the point and beside it, all at once, and for those at complex steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tcgrad.check.choice import LARGEST_DEGREE
from tcgrad.check.complex_step import METHOD as COMPLEX
from tcgrad.check.complex_step import STEP, moved_alone
from tcgrad.check.differences import Move, first_steps, scale
from tcgrad.check.directions import Mixed, random_mixture
from tcgrad.check.forward import flips, taken_at_first
from tcgrad.check.ladder import CONFIRMED
from tcgrad.check.points import Point
from tcgrad.check.quotients import BESIDE, along_axes, choose_stencil
from tcgrad.check.samples import Sampler
from tcgrad.check.sampling import Types, draw_inputs, draw_like
from tcgrad.check.traits import Traits
from tcgrad.evaluate import Array, Context
from tcgrad.evaluate.context import Labelled, batch_of
from tcgrad.evaluate.statements import run
from tcgrad.records import cached_property, dataclass

# Elements of all arrays that one evaluation may have for each of the inputs, at the points along its direction.
_LARGEST = 2**22


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
    dtype: np.dtype[Any]
    inputs: Mapping[str, Array]
    upstream: Mapping[str, Array]
    directions: Mapping[str, Array]
    parts: Mapping[str, Any]

    def value(self, name: str) -> Array:
        return self.inputs[name]

    def slopes(self) -> dict[str, Slope]:
        """Those by each input; none where neither differences nor complex steps are exact, where a branch ends nearby,
        or where differences along a direction of several inputs do not bear out what complex steps find."""
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
        """Whether there is an exact way along every direction, and memory for all points at once."""
        if self.traits.abstract or (self._stepped and self.traits.why_not_complex_on_a_branch):
            return False
        return len(self.directions) * self.traits.cost.elements <= _LARGEST

    @cached_property
    def _stepped(self) -> tuple[str, ...]:
        """The inputs along which no difference is exact."""
        return tuple(wrt for wrt in self.directions if self.traits.degree(wrt) > LARGEST_DEGREE)

    def _move(self, wrt: str) -> Move:
        """Along the direction of one input, whose degree is small."""
        return Move({wrt: Mixed(self.directions[wrt][None])}, choose_stencil(self.traits.degree(wrt)))

    def _proof(self) -> Move:
        """Along a direction of all inputs by which there are complex steps."""
        return Move({wrt: Mixed(self.parts[wrt] * self.directions[wrt][None]) for wrt in self._stepped}, BESIDE)

    def _quotients(self, moves: Sequence[Move]) -> list[Any]:
        """The difference quotients along some moves; none at all where another branch is taken at any of the points.

        The point itself is the first of all.
        """
        steps = [first_steps(self.inputs, move, near=True)[0] for move in moves]
        count = 1 + sum(len(move.stencil.points) for move in moves)
        moved: dict[str, Array] = {}
        places, first = [], 1
        for move, step in zip(moves, steps, strict=True):
            places.append(slice(first, first := first + len(move.stencil.points)))
            multiples = step * np.array(move.stencil.points, step.dtype)
            for name, directions in move.directions.items():
                if name not in moved:
                    moved[name] = np.repeat(self.inputs[name][None], count, axis=0)
                (along,) = directions.take(np.arange(1))
                moved[name][places[-1]] += along_axes(multiples, along) * along
        taken: list[Labelled] = []
        values = self._values(moved, count, self.dtype, taken)
        if flips(taken_at_first(taken, batch_of(count)), taken, batch_of(count)).any():
            return []
        rises = np.zeros(count, self.dtype)
        for name, weights in self._weights(values):
            rises += (values[name] - values[name][0]).reshape(count, -1) @ weights
        here = np.zeros((), self.dtype)
        return [
            move.stencil.derivative(move.stencil.quotients(rises[place], here, 1 / step))
            for move, step, place in zip(moves, steps, places, strict=True)
        ]

    def _complex_slopes(self) -> dict[str, Any]:
        """Along the direction of each input on its own."""
        count = len(self._stepped)
        moved = {
            wrt: moved_alone(self.inputs[wrt], STEP * self.directions[wrt], slice(n, n + 1), count)
            for n, wrt in enumerate(self._stepped)
        }
        values = self._values(moved, count, np.result_type(self.dtype, np.complex64))
        rises = np.zeros(count, self.dtype)
        for name, weights in self._weights(values):
            rises += values[name].imag.reshape(count, -1) @ weights
        return dict(zip(self._stepped, rises / STEP, strict=True))

    def _values(
        self, moved: Mapping[str, Array], count: int, dtype: np.dtype[Any], branches: list[Labelled] | None = None
    ) -> dict[str, Array]:
        """Everything at ``count`` points, at which some inputs are ``moved``."""
        context = Context({**self.inputs, **moved}, dtype, batch=batch_of(count), branches=branches)
        for statement in self.program.statements:
            run(statement, context)
        return context.arrays

    def _weights(self, values: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
        """The outputs that differ from point to point, each with its gradient as one axis."""
        for output in self.program.outputs:
            if values[output.name].ndim > output.order:
                yield output.name, self.upstream[output.name].reshape(-1)


def draw_look(source: Sampler, dtype: np.dtype[Any], seed: tuple[int, ...]) -> Look:
    """The same point as the first attempt at a sample, with directions of its own."""
    traits, types, random = source.traits, Types(dtype, dtype), np.random.default_rng([*seed, 0])
    inputs = draw_inputs(traits.program, traits.demands, types, random, 0)
    shapes = {of.name: tuple([size.value for size in of.shape]) for of in traits.program.outputs}
    upstream = {name: draw_like(shape, types, random) for name, shape in shapes.items()}
    wrt = [tensor.name for tensor in traits.program.wrt]
    directions = {name: random_mixture(inputs[name].shape, dtype, random).astype(dtype) for name in wrt}
    scales = [scale(inputs[name]) for name in wrt]
    parts = random_mixture((len(wrt),), dtype, random).astype(dtype) * scales / max(scales)
    return Look(traits, dtype, inputs, upstream, directions, dict(zip(wrt, parts, strict=True)))
