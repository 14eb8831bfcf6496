"""The reference for second derivatives at one sample: whole blocks of the Hessian, or its products with directions."""

from __future__ import annotations

from dataclasses import field
from math import prod

import numpy as np

from tcgrad.check.curvatures import Curvatures
from tcgrad.check.directions import Directions, Elements, IntArray, Mixed, Pairs
from tcgrad.check.estimate import Estimate
from tcgrad.check.exact import METHOD as EXACT
from tcgrad.check.options import Options
from tcgrad.check.precision import type_name
from tcgrad.check.references import Known, random_directions, stratified
from tcgrad.check.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.records import cached_property, dataclass

# Beyond this many values, in one evaluation for every pair of elements, not all pairs are taken.
_LARGEST_WORK = 2**20

# Where not all pairs are, so many elements of an input are taken, and so many directions of the other.
_ELEMENTS = 4
_DIRECTIONS = 1


@dataclass
class SecondReference:
    """Second derivatives of the one output of a sample's program, by any two of its inputs.

    kinked: the inputs along which no step stayed on one branch somewhere.
    """

    sample: Sample
    options: Options
    _blocks: dict[tuple[str, str], Known] = field(default_factory=dict)
    _products: dict[tuple[str, str], Known] = field(default_factory=dict)
    _projections: dict[tuple[str, str], Known] = field(default_factory=dict)
    _methods: dict[tuple[str, str], str] = field(default_factory=dict)
    _elements: dict[str, Elements] = field(default_factory=dict)
    _mixed: dict[str, Mixed] = field(default_factory=dict)
    evaluations: int = 0
    kinked: list[str] = field(default_factory=list)

    @cached_property
    def is_full(self) -> bool:
        """Whether every element is known."""
        number = sum(self.sample.value(tensor.name).size for tensor in self.sample.program.wrt)
        pairs = number * (number + 1) // 2
        if self.options.method == "directional" or pairs > self.options.max_elements:
            return False
        return pairs * self.sample.forward.evaluations <= _LARGEST_WORK

    def method(self, first: str, second: str) -> str:
        return self._methods[first, second]

    def block(self, first: str, second: str) -> Known:
        """The axes of ``first`` before those of ``second``. Of a block and its transpose one is worked out."""
        if (first, second) not in self._blocks:
            estimate = self._along(self._pairs(first, second))
            known = self._whole(estimate, first, second)
            self._blocks[first, second] = known
            self._blocks[second, first] = self._turned(known, first)
            self._methods[second, first] = self._methods[first, second]
        return self._blocks[first, second]

    def directions(self, second: str) -> Array:
        """The directions with which the Hessian is multiplied, with an axis of directions in front."""
        if self.is_full:
            return self.sample.tangents[second][None]
        return random_directions(self.sample, second)[:_DIRECTIONS]

    def columns(self, first: str) -> IntArray:
        """The elements of products that are known: flat positions."""
        number = self.sample.value(first).size
        return np.arange(number) if self.is_full else stratified(number, _ELEMENTS, np.random.default_rng(number))

    def products(self, first: str, second: str) -> Known:
        """The Hessian times each direction of ``second``, at the `columns` of ``first``."""
        if (first, second) not in self._products:
            self._products[first, second] = self._worked_out(first, second)
        return self._products[first, second]

    def _worked_out(self, first: str, second: str) -> Known:
        if self.is_full:
            known, direction = self.block(first, second), self.sample.tangents[second]
            each = prod(self.sample.value(first).shape), -1
            value = known.value.reshape(each) @ direction.reshape(-1)
            error = known.error.reshape(each) @ np.abs(direction.reshape(-1))
            return Known(value[None], np.where(np.isnan(error), np.inf, error)[None])
        return self._grid(first, self._known_elements(first), second)

    def projections(self, first: str, second: str) -> Known:
        """The products with each direction, along each of the directions of ``first``."""
        if (first, second) not in self._projections:
            known = self._grid(first, self._known_mixed(first), second)
            self._projections[first, second] = known
            self._projections[second, first] = Known(known.value.T, known.error.T)
        return self._projections[first, second]

    def _grid(self, first: str, us: Directions, second: str) -> Known:
        """Along every pair: an axis of directions of ``second``, then one of those of ``first``."""
        vs = self._known_mixed(second)
        columns, rows = np.indices((len(vs), len(us))).reshape(2, -1)
        estimate = self._along(Pairs(first, second, us, vs, rows, columns))
        value, error = (self._of(arrays).reshape(len(vs), len(us)) for arrays in (estimate.values, estimate.errors))
        return Known(value, error)

    def _along(self, pairs: Pairs) -> Estimate:
        estimate = self._curvatures.along(pairs)
        self.evaluations += estimate.evaluations
        method = estimate.method
        if method != EXACT:
            method += f" ({type_name(self.sample.forward.context.dtype)})"
        self._methods[pairs.first, pairs.second] = method if self.is_full else f"{method}, along directions"
        if estimate.is_kinked:
            self.kinked.append(pairs.first)
        return estimate

    def _pairs(self, first: str, second: str) -> Pairs:
        """All pairs of elements; of a block on the diagonal those of the upper triangle."""
        us, vs = self._known_elements(first), self._known_elements(second)
        shape = len(us), len(vs)
        rows, columns = np.triu_indices(len(us)) if first == second else np.indices(shape).reshape(2, -1)
        return Pairs(first, second, us, vs, rows, columns)

    @cached_property
    def _curvatures(self) -> Curvatures:
        return Curvatures(self.sample, self.options.method)

    def _known_elements(self, name: str) -> Elements:
        """Along each of the `columns`; the same object again, of which more may be known."""
        if name not in self._elements:
            shape, dtype = self.sample.value(name).shape, self.sample.forward.context.dtype
            self._elements[name] = Elements(self.columns(name), shape, dtype)
        return self._elements[name]

    def _known_mixed(self, name: str) -> Mixed:
        """Along each of the `directions`; the same object again."""
        if name not in self._mixed:
            self._mixed[name] = Mixed(self.directions(name))
        return self._mixed[name]

    def _whole(self, estimate: Estimate, first: str, second: str) -> Known:
        pairs = self._pairs(first, second)
        shape = self.sample.value(first).shape + self.sample.value(second).shape
        value, error = (_placed(self._of(a), pairs, shape) for a in (estimate.values, estimate.errors))
        return Known(value, error)

    def _of(self, arrays: dict[str, Array]) -> Array:
        (output,) = self.sample.program.outputs
        return arrays[output.name]

    def _turned(self, known: Known, first: str) -> Known:
        order = self.sample.value(first).ndim
        return Known(turned(known.value, order), turned(known.error, order))


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
