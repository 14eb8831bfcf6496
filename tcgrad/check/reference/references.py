"""The reference for the derivatives by one input at one sample: difference quotients, element by element or along
random directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf, prod, sqrt
from typing import Any

import numpy as np

from tcgrad.check.judging.usual import usual_size
from tcgrad.check.judging.verdict import Size, without_bound
from tcgrad.check.labels import counted
from tcgrad.check.options import Options
from tcgrad.check.precision import type_name
from tcgrad.check.reference.differences import Differences
from tcgrad.check.reference.directions import Directions, Elements, IntArray, Joined, Mixed, random_mixture
from tcgrad.check.reference.estimate import Estimate
from tcgrad.check.reference.exact import METHOD as EXACT
from tcgrad.check.reference.ladder import Ladder
from tcgrad.check.sampling.samples import Sample
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass, replace

# Beyond this many values in one sample's differences single elements are no longer all perturbed.
_LARGEST_WORK = 2**21

# Along a random direction errors average out: their sum stays within this many times the root of the sum of squares.
DEVIATIONS = 6

# Beside this, squares that underflow are nothing.
_LEAST_SQUARE = 2.0**-900


@dataclass(frozen=True)
class Known:
    """A reference value and the bound on its error; where the bound is infinite nothing is known.

    usual: works out the size that one would expect, output over input: what is 0 is so in proportion to that.
    """

    value: Array
    error: Array
    usual: Size = without_bound


@dataclass(frozen=True)
class Kink:
    """The slopes of an output below and above the point along one of the elements."""

    element: int
    below: Array
    above: Array


@dataclass(frozen=True)
class Reference:
    """Derivatives by the elements ``columns`` (flat positions) of ``wrt``: all of them, a stratified sample, or none.

    kinks: by the outputs' names, where no step stayed on one branch: the first such element in ``columns``, and the
        slopes below and above it.
    mixed: if these are not all, random directions along which the derivatives are known besides.
    evaluations: how many finding them took.
    """

    sample: Sample
    wrt: Tensor
    columns: IntArray
    by_element: Estimate
    kinks: Mapping[str, Kink]
    evaluations: int
    mixed: Array | None = None
    along: Estimate | None = None

    @property
    def is_full(self) -> bool:
        return self.mixed is None

    @property
    def method(self) -> str:
        name = " ".join(filter(None, (self.by_element.method, self.sample.where)))
        if self.by_element.method != EXACT:
            name += f" ({type_name(self.sample.forward.context.dtype)})"
        if self.is_full:
            return name
        elements = [counted(len(self.columns), "element")] if len(self.columns) else []
        return f"{name}, {' and '.join([*elements, counted(len(self.directions), 'direction')])}"

    @property
    def is_kinked(self) -> bool:
        """Whether somewhere no step stayed on one branch."""
        return self.by_element.is_kinked or (self.along is not None and self.along.is_kinked)

    @property
    def reason(self) -> str:
        """Why nothing is known, if nothing is."""
        return self.by_element.reason or (self.along.reason if self.along else "")

    def jacobian(self, of: Tensor) -> Known:
        """An axis of the elements, then those of ``of``."""
        return Known(self.by_element.values[of.name], self.by_element.errors[of.name], lambda: self._usuals[of.name])

    def gradient(self, outputs: Sequence[Tensor]) -> Known:
        """The derivatives of the outputs weighted with the sample's upstream gradients."""
        return self._weighted(self.by_element, outputs)

    def projections(self, outputs: Sequence[Tensor]) -> Known:
        """The same along each of the random directions."""
        if self.along is None:
            raise TypeError("there are directions only where there are too many elements")
        return self._weighted(self.along, outputs)

    def tangent(self, of: Tensor) -> Known:
        """The derivative of ``of`` along the sample's direction of ``wrt``, or along each random direction."""
        if self.along is not None:
            number = len(self.directions)
            return Known(self.along.values[of.name], self.along.errors[of.name], lambda: self._usuals[of.name] * number)
        direction = self.sample.tangents[self.wrt.name].reshape(-1)
        known = self.jacobian(of)
        error = np.tensordot(np.abs(direction), known.error, 1)
        return Known(
            np.asarray(np.tensordot(direction, known.value, 1))[None],
            np.asarray(error)[None],
            lambda: known.usual() * float(np.abs(direction).sum()),
        )

    @cached_property
    def directions(self) -> list[Array]:
        """The directions of `tangent`."""
        return [self.sample.tangents[self.wrt.name]] if self.mixed is None else list(self.mixed)

    def _weighted(self, estimate: Estimate, outputs: Sequence[Tensor]) -> Known:
        value: Any = 0
        error: Any = 0
        upstream = self.sample.upstream
        for of in outputs:
            weights = upstream[of.name].reshape(-1)
            value = value + estimate.values[of.name].reshape(-1, weights.size) @ weights
            error = error + estimate.errors[of.name].reshape(-1, weights.size) @ np.abs(weights)

        def usual() -> float:
            return sum(self._usuals[of.name] * float(np.abs(upstream[of.name]).sum()) for of in outputs)

        return Known(value, np.where(np.isnan(error), np.inf, error), usual)

    @cached_property
    def _usuals(self) -> Mapping[str, float]:
        """For every output: asked for by each of the comparisons."""
        outputs = self.sample.program.outputs
        return {of.name: usual_size(self.sample, of.name, self.wrt.name) for of in outputs}


def references(ladder: Ladder, inputs: Sequence[Tensor], options: Options) -> list[Reference]:
    """Work the derivatives by each of some inputs out: by every element where that is cheap enough, else by a few and
    along random directions.

    Where directions are asked for, and no Jacobian, they are all: they see every element.
    """
    sample = ladder.sample
    return _worked_out(ladder, {wrt: _places(sample, wrt, options) for wrt in inputs})


def located(ladder: Ladder, known: Reference) -> Reference:
    """The same by a few elements besides, which say where something is wrong; ``evaluations`` are what these take."""
    (few,) = _worked_out(ladder, {known.wrt: _Places(_few(ladder.sample, known.wrt))})
    return replace(few, mixed=known.mixed, along=known.along)


@dataclass(frozen=True)
class _Places:
    """Where the derivatives by an input are worked out: by elements, and along random directions if these are not all
    that there is to know.
    """

    elements: Elements
    mixed: Array | None = None

    @property
    def directions(self) -> Directions:
        if self.mixed is None:
            return self.elements
        mixed = Mixed(self.mixed)
        return Joined(self.elements, mixed) if len(self.elements) else mixed


def _places(sample: Sample, wrt: Tensor, options: Options) -> _Places:
    shape, dtype = sample.value(wrt.name).shape, sample.forward.context.dtype
    if _is_cheap(sample, prod(shape), options):
        return _Places(Elements(np.arange(prod(shape)), shape, dtype))
    if options.method == "directional" and not options.asks_for("jacobian"):
        few = Elements(np.zeros(0, np.int64), shape, dtype)
    else:
        few = _few(sample, wrt)
    return _Places(few, _directions(sample, wrt.name, sample.random))


def _few(sample: Sample, wrt: Tensor) -> Elements:
    """A stratified sample of the elements of an input."""
    shape = sample.value(wrt.name).shape
    return Elements(stratified(prod(shape), sample.effort.columns, sample.random), shape, sample.forward.context.dtype)


def _worked_out(ladder: Ladder, places: Mapping[Tensor, _Places]) -> list[Reference]:
    moves = {wrt.name: place.directions for wrt, place in places.items()}
    if ladder.sample.tied:
        tied = {wrt: ladder.at_ties(wrt, along) for wrt, along in moves.items()}
        return [_reference(ladder, wrt, place, tied[wrt.name]) for wrt, place in places.items()]
    found = ladder.along_each(moves)
    return [_reference(ladder, wrt, place, found[wrt.name]) for wrt, place in places.items()]


def _reference(ladder: Ladder, wrt: Tensor, place: _Places, found: Estimate) -> Reference:
    elements, border = place.elements, len(place.elements)
    by_element = found.part(slice(border))
    kinks = _kinks(ladder.differences, wrt, elements, by_element)
    along = None if place.mixed is None else found.part(slice(border, None))
    return Reference(ladder.sample, wrt, elements.columns, by_element, kinks, found.evaluations, place.mixed, along)


def _kinks(differences: Differences, wrt: Tensor, elements: Elements, found: Estimate) -> dict[str, Kink]:
    kinks = {}
    for of, kinked in found.kinked.items():
        if kinked.any():
            first = int(np.argmax(kinked))
            direction = elements.take(np.array([first]))[0]
            kinks[of] = Kink(first, *differences.slopes(of, wrt.name, direction))
    return kinks


def spread(errors: Array) -> float:
    """The error of a sum of independent terms along a random direction, from the terms' errors."""
    flat = errors.reshape(-1).astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = float(flat @ flat)
    # Squares of small errors would underflow.
    return DEVIATIONS * sqrt(squares) if _LEAST_SQUARE < squares < inf else float(spreads(errors.reshape(1, -1))[0])


def spreads(rows: Array) -> Array:
    """The same for the terms in each row."""
    largest = np.abs(rows).max(axis=1, initial=0)
    counts = (largest > 0) & (largest < inf)
    # Squares of small errors would underflow.
    scaled = (rows / np.where(counts, largest, 1)[:, None]).astype(np.float64, copy=False)
    squares = np.einsum("ij,ij->i", scaled, scaled)
    return np.asarray(np.where(counts, DEVIATIONS * largest.astype(np.float64) * np.sqrt(squares), largest))


def random_directions(sample: Sample, name: str) -> Array:
    """Random directions of an input, always the same ones, with an axis of directions in front."""
    return _directions(sample, name, np.random.default_rng(sample.value(name).size))


def _directions(sample: Sample, name: str, random: np.random.Generator) -> Array:
    shape = (sample.effort.directions, *sample.value(name).shape)
    return random_mixture(shape, sample.dtype, random).astype(sample.forward.context.dtype)


def _is_cheap(sample: Sample, number: int, options: Options) -> bool:
    outputs = sum(sample.value(output.name).size for output in sample.program.outputs)
    if options.method == "directional" or number * outputs > options.max_elements:
        return False
    return number * sample.forward.evaluations <= _LARGEST_WORK


def stratified(number: int, wanted: int, random: np.random.Generator) -> IntArray:
    """One random element out of each of a few stretches of equal length."""
    edges = np.linspace(0, number, min(number, wanted) + 1).astype(np.int64)
    return np.unique([random.integers(low, max(low + 1, high)) for low, high in pairwise(edges)])
