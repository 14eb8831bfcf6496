"""Tangent formulas at a sample, along many directions at once: their values, and bounds on their errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from tcgrad.check.evaluated.formulas import Equations, Formulas
from tcgrad.check.evaluated.paths import up_to
from tcgrad.check.forward import CHUNK
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.evaluate.structure import footprint
from tcgrad.ir.program import Statement, bodies
from tcgrad.ir.tensors import Tensor, tangent_of
from tcgrad.records import dataclass, replace


@dataclass
class Joint:
    """Directions of all inputs at once; each moves one input, or all of them.

    lengths: how many directions there are under each key, in the order of the first axis of ``arrays``.
    """

    arrays: dict[str, Array]
    lengths: dict[str, int] = field(default_factory=dict)

    def add(self, key: str, directions: Mapping[str, Array]) -> None:
        """More directions, by the names of the inputs that they move, each with an axis of directions in front."""
        self.lengths[key] = number = len(next(iter(directions.values())))
        for name, array in self.arrays.items():
            more = directions.get(name, np.zeros((number, *array.shape[1:]), array.dtype))
            self.arrays[name] = np.concatenate([array, more])

    def split(self, array: Array) -> dict[str, Array]:
        """What belongs to each key of an array with an axis of all directions in front."""
        ends = np.cumsum(list(self.lengths.values()))[:-1]
        return dict(zip(self.lengths, np.split(array, ends), strict=True))


def no_directions(sample: Sample) -> Joint:
    """Directions of every input that is differentiated, none so far."""
    values = {tensor.name: sample.value(tensor.name) for tensor in sample.program.wrt}
    return Joint({name: np.zeros((0, *value.shape), value.dtype) for name, value in values.items()})


@dataclass(frozen=True)
class Tangents:
    """The tangents of a program's tensors at a sample.

    equations: the program's. statements: its tangents.
    """

    equations: Equations
    statements: tuple[Statement, ...]

    @property
    def sample(self) -> Sample:
        return self.equations.sample

    def values(self, directions: Joint, outputs: Sequence[Tensor]) -> Iterator[Array]:
        """The tangents of ``outputs`` in the type that is checked, part by part."""
        for formulas in self._formulas(directions):
            for output, statements in self._ways(outputs):
                yield formulas.value(statements, tangent_of(output))

    def bounds(self, directions: Joint, outputs: Sequence[Tensor]) -> dict[str, dict[str, Array]]:
        """How far rounding may move the tangents of ``outputs``: by the directions' keys, then by the outputs'."""
        parts: dict[str, list[Array]] = {}
        for formulas in self._formulas(directions):
            for output, statements in self._ways(outputs):
                parts.setdefault(output.name, []).append(formulas.bound(statements, tangent_of(output)))
        found: dict[str, dict[str, Array]] = {key: {} for key in directions.lengths}
        for output in outputs:
            for key, array in directions.split(self._joined(parts.get(output.name), output, directions)).items():
                found[key][output.name] = array
        return found

    def shaken(self, direction: Mapping[str, Array], outputs: Sequence[Tensor]) -> dict[str, tuple[Array, Array]]:
        """The tangents along one direction under random rounding, and the exact ones: by the outputs' names."""
        given = {tangent_of(tensor).name: direction[tensor.name] for tensor in self.equations.program.wrt}
        formulas = Formulas(self.equations, given)
        ways = self._ways(outputs)
        return {output.name: formulas.shaken(statements, tangent_of(output)) for output, statements in ways}

    def _joined(self, parts: Sequence[Array] | None, output: Tensor, directions: Joint) -> Array:
        """All directions; zeros for an output that depends on no input that is differentiated."""
        if parts is not None:
            return np.concatenate(parts)
        return np.zeros((sum(directions.lengths.values()), *self.sample.value(output.name).shape))

    def _ways(self, outputs: Sequence[Tensor]) -> Iterator[tuple[Tensor, tuple[Statement, ...]]]:
        for output in outputs:
            statements = up_to(self.statements, tangent_of(output))
            if statements:
                yield output, statements

    def _formulas(self, directions: Joint) -> Iterator[Formulas]:
        """Places to work the tangents out, each along as many of the directions as memory allows."""
        number, wrt = sum(directions.lengths.values()), self.equations.program.wrt
        each = self.sample.rounding.noise.batch.size.value * max(2 * self.sample.forward.evaluations, self._largest)
        for start in range(0, number, max(1, CHUNK // each)):
            part = slice(start, min(start + max(1, CHUNK // each), number))
            given = {tangent_of(tensor).name: directions.arrays[tensor.name][part] for tensor in wrt}
            yield Formulas(self.equations, given, part.stop - part.start)

    @property
    def _largest(self) -> int:
        """How many elements the largest array has that is built on the way for one direction."""
        context = replace(self.sample.forward.context, sizes=self.sample.sizes)
        return max((footprint(body, context) for each in self.statements for body in bodies(each)), default=0)


def one(direction: Any) -> Array:
    """A single direction with an axis of directions in front."""
    return np.asarray(direction)[None]
