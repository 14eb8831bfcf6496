"""The reference for second derivatives at one sample: whole blocks of the Hessian, or its products with directions."""

from __future__ import annotations

from dataclasses import field
from math import prod

import numpy as np

from tcgrad.check.options import Options
from tcgrad.check.precision import type_name
from tcgrad.check.reference.curvatures import Curvatures
from tcgrad.check.reference.directions import Elements, IntArray, Joined, Mixed, Pairs
from tcgrad.check.reference.estimate import Estimate
from tcgrad.check.reference.exact import METHOD as EXACT
from tcgrad.check.reference.references import Known, random_directions, stratified
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass

# Beyond this many values, in one evaluation for every pair of elements, not all pairs are taken.
_LARGEST_WORK = 2**20

# Where not all pairs are, so many elements of an input are taken for each direction of another, and so many directions.
# Where inputs are many, each of them is compared with other elements: of all of them so many are.
_ELEMENTS = 4
_SEEN = 8
_DIRECTIONS = 1

Couple = tuple[str, str]


@dataclass
class SecondReference:
    """Second derivatives of the one output of a sample's program, by any two of its inputs.

    They are worked out together, when the first of them are asked for.

    kinked: the inputs along which no step stayed on one branch somewhere.
    """

    sample: Sample
    options: Options
    _elements: dict[str, Elements] = field(default_factory=dict)
    _mixed: dict[str, Mixed] = field(default_factory=dict)
    _joined: dict[str, Joined] = field(default_factory=dict)

    @cached_property
    def is_full(self) -> bool:
        """Whether every element is known."""
        number = sum(self.sample.value(tensor.name).size for tensor in self.sample.program.wrt)
        pairs = number * (number + 1) // 2
        if self.options.method == "directional" or pairs > self.options.max_elements:
            return False
        return pairs * self.sample.forward.evaluations <= _LARGEST_WORK

    @property
    def evaluations(self) -> int:
        found = sum(estimate.evaluations for estimate in self._estimates.values())
        return found + self._curvatures.evaluations

    @property
    def kinked(self) -> list[str]:
        return [first for (first, _), estimate in self._estimates.items() if estimate.is_kinked]

    def method(self, first: str, second: str) -> str:
        key = (first, second) if (first, second) in self._estimates else (second, first)
        method = self._estimates[key].method
        if method != EXACT:
            method += f" ({type_name(self.sample.forward.context.dtype)})"
        return method if self.is_full else f"{method}, along directions"

    def block(self, first: str, second: str) -> Known:
        """The axes of ``first`` before those of ``second``. Of a block and its transpose one is worked out."""
        if (first, second) in self._estimates:
            return self._blocks[first, second]
        known, order = self._blocks[second, first], self.sample.value(second).ndim
        return Known(turned(known.value, order), turned(known.error, order))

    def directions(self, second: str) -> Array:
        """The directions with which the Hessian is multiplied, with an axis of directions in front."""
        if self.is_full:
            return self.sample.tangents[second][None]
        return random_directions(self.sample, second)[:_DIRECTIONS]

    def columns(self, first: str, second: str) -> IntArray:
        """The elements of products with directions of ``second`` that are known: flat positions."""
        elements = self._known_elements(first).columns
        return elements if self.is_full else elements[self._rows(first, second)]

    def products(self, first: str, second: str) -> Known:
        """The Hessian times each direction of ``second``, at the `columns` of ``first``."""
        if self.is_full:
            known, direction = self.block(first, second), self.sample.tangents[second]
            each = prod(self.sample.value(first).shape), -1
            value = known.value.reshape(each) @ direction.reshape(-1)
            error = known.error.reshape(each) @ np.abs(direction.reshape(-1))
            return Known(value[None], np.where(np.isnan(error), np.inf, error)[None])
        known, number = self._grids[first, second], len(self._rows(first, second))
        return Known(known.value[:, :number], known.error[:, :number])

    def projections(self, first: str, second: str) -> Known:
        """The products with each direction, along each of the directions of ``first``."""
        known, number = self._grids[first, second], len(self._rows(first, second))
        if known.value.shape[1] == number:
            known = self.projections(second, first)
            return Known(known.value.T, known.error.T)
        return Known(known.value[:, number:], known.error[:, number:])

    @cached_property
    def _estimates(self) -> dict[Couple, Estimate]:
        """Along all pairs of directions of any two inputs; those by inputs that are used late stand together, which
        move little of what is to be evaluated.
        """
        names = [tensor.name for tensor in self.sample.program.wrt]
        several = []
        for number, second in enumerate(names):
            for first in names[number:]:
                if self.is_full:
                    several.append(self._pairs(first, second))
                else:
                    several.append(self._grid(first, second, mixed=True))
                    several += [self._grid(second, first)] if first != second else []
        return dict(zip(((e.first, e.second) for e in several), self._curvatures.along_each(several), strict=True))

    @cached_property
    def _blocks(self) -> dict[Couple, Known]:
        return {couple: self._whole(estimate, *couple) for couple, estimate in self._estimates.items()}

    @cached_property
    def _grids(self) -> dict[Couple, Known]:
        """Along every pair: an axis of directions of the second input, then one of those of the first."""
        found = {}
        for (first, second), estimate in self._estimates.items():
            shape = -1, len(self._known_mixed(second))
            value, error = (self._of(arrays).reshape(shape).T for arrays in (estimate.values, estimate.errors))
            found[first, second] = Known(value, error)
        return found

    def _grid(self, first: str, second: str, *, mixed: bool = False) -> Pairs:
        """Some elements of ``first``, and its directions if they are to be ``mixed``, with each direction of
        ``second``.
        """
        us, vs, rows = self._known_directions(first), self._known_mixed(second), self._rows(first, second)
        if mixed:
            rows = np.concatenate([rows, np.arange(len(self._known_elements(first)), len(us))])
        return Pairs(first, second, us, vs, np.repeat(rows, len(vs)), np.tile(np.arange(len(vs)), len(rows)))

    def _pairs(self, first: str, second: str) -> Pairs:
        """All pairs of elements; of a block on the diagonal those of the upper triangle."""
        us, vs = self._known_elements(first), self._known_elements(second)
        shape = len(us), len(vs)
        rows, columns = np.triu_indices(len(us)) if first == second else np.indices(shape).reshape(2, -1)
        return Pairs(first, second, us, vs, rows, columns)

    @cached_property
    def _curvatures(self) -> Curvatures:
        return Curvatures(self.sample, self.options.method)

    def _rows(self, first: str, second: str) -> IntArray:
        """Which of the known elements of ``first`` are taken for the directions of ``second``: others for each."""
        names = [tensor.name for tensor in self.sample.program.wrt]
        known = len(self._known_elements(first))
        number = min(known, max(1, min(_ELEMENTS, _SEEN // len(names))))
        return np.sort((names.index(second) + np.arange(number) * (known // number)) % known)

    def _known_elements(self, name: str) -> Elements:
        """Along single elements: all of them, or a stratified sample; the same object again, of which more may be
        known.
        """
        if name not in self._elements:
            value, inputs = self.sample.value(name), len(self.sample.program.wrt)
            dtype, wanted = self.sample.forward.context.dtype, min(_SEEN, inputs * _ELEMENTS)
            columns = np.arange(value.size)
            if not self.is_full:
                columns = stratified(value.size, wanted, np.random.default_rng(value.size))
            self._elements[name] = Elements(columns, value.shape, dtype)
        return self._elements[name]

    def _known_mixed(self, name: str) -> Mixed:
        """Along each of the `directions`; the same object again."""
        if name not in self._mixed:
            self._mixed[name] = Mixed(self.directions(name))
        return self._mixed[name]

    def _known_directions(self, name: str) -> Joined:
        """Both; the same object again."""
        if name not in self._joined:
            self._joined[name] = Joined(self._known_elements(name), self._known_mixed(name))
        return self._joined[name]

    def _whole(self, estimate: Estimate, first: str, second: str) -> Known:
        pairs = self._pairs(first, second)
        shape = self.sample.value(first).shape + self.sample.value(second).shape
        value, error = (_placed(self._of(a), pairs, shape) for a in (estimate.values, estimate.errors))
        return Known(value, error)

    def _of(self, arrays: dict[str, Array]) -> Array:
        (output,) = self.sample.program.outputs
        return arrays[output.name]


def _placed(entries: Array, pairs: Pairs, shape: tuple[int, ...]) -> Array:
    """The entries at their places in a block; of a triangle on both sides of the diagonal."""
    matrix = np.zeros((len(pairs.us), len(pairs.vs)), entries.dtype)
    matrix[pairs.rows, pairs.columns] = entries
    if pairs.first == pairs.second:
        matrix[pairs.columns, pairs.rows] = entries
    return matrix.reshape(shape)


def turned(block: Array, order: int) -> Array:
    """A block with the axes of its inputs exchanged; the first has ``order`` of them."""
    return np.transpose(block, (*range(order, block.ndim), *range(order)))
