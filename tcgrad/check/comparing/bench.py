"""What every comparison at one sample needs."""

from __future__ import annotations

from dataclasses import field
from math import inf
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.evaluated.emitted import Module, ModuleError
from tcgrad.check.evaluated.formulas import Equations, Formulas, upstream_arrays
from tcgrad.check.evaluated.paths import Paths
from tcgrad.check.evaluated.tangents import Tangents
from tcgrad.check.judging.tally import Tallies
from tcgrad.check.judging.usual import hidden_from
from tcgrad.check.judging.verdict import Expected, Tolerance
from tcgrad.check.labels import place, unravel
from tcgrad.check.mistakes.gradient_slips import GradientSlips
from tcgrad.check.mistakes.planting import Plantings
from tcgrad.check.mistakes.wrong import Locate
from tcgrad.check.options import Options
from tcgrad.check.precision import is_fine
from tcgrad.check.reference.ladder import Ladder
from tcgrad.check.reference.references import Known, Reference, located
from tcgrad.check.sampling.samples import Sample
from tcgrad.check.user.against import UserCode
from tcgrad.check.user.side import UserSide
from tcgrad.evaluate import Array
from tcgrad.evaluate.sizes import resized
from tcgrad.ir.nodes import IndexSum
from tcgrad.ir.program import nodes_in
from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass


@dataclass
class Bench:
    """One sample, the subjects and the tallies.

    own: whether the sample has the spec's own sizes.
    emitted: the module; None if there is none, which is told elsewhere.
    coarse: by how much the module's rounding is coarser than that of its inputs' type.
    first: whether it is the first sample of its sizes.
    against: functions of the user's own, if any are to be checked.
    plantings: takes what comes of mistakes planted in every derivative, if they are to be.
    overflows: numbers on the way are too large for the type here, and at all other points: that may explain anything.
    drowned: so may that rounding decides what the outputs are, beyond all bounds.
    """

    sample: Sample
    paths: Paths
    emitted: ModuleType | None
    coarse: float
    options: Options
    tallies: Tallies
    own: bool
    first: bool = True
    against: UserCode | None = None
    plantings: Plantings | None = None
    overflows: bool = False
    drowned: bool = False
    _formulas: dict[str | None, Formulas] = field(default_factory=dict)
    _gradients: dict[str | None, dict[str, Array]] = field(default_factory=dict)
    _slips: dict[str | None, GradientSlips] = field(default_factory=dict)
    _located: dict[str, Reference] = field(default_factory=dict)
    _last: Expected | None = None

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return self.paths.derivation.program.outputs

    @property
    def wrt(self) -> tuple[Tensor, ...]:
        return self.paths.derivation.program.wrt

    @cached_property
    def module(self) -> Module | None:
        return None if self.emitted is None else Module(self.emitted, self.sample)

    def module_gradients(self, only: str | None) -> dict[str, Array]:
        """What the module's backward returns for random gradients of all outputs, or of one and 0 for the others."""
        if self.module is None:
            raise ModuleError("there is no module")
        if only not in self._gradients:
            self._gradients[only] = self.module.backward(upstream_arrays(self.sample, only))
        return self._gradients[only]

    @cached_property
    def gradients_with_value(self) -> dict[str, Array]:
        """What the module's value_and_grad returns besides the value."""
        if self.module is None:
            raise ModuleError("there is no module")
        return self.module.value_and_grad(upstream_arrays(self.sample))[1]

    @cached_property
    def user(self) -> UserSide | None:
        return None if self.against is None else UserSide(self.against, self.sample, self.coarse)

    @cached_property
    def ladder(self) -> Ladder:
        return Ladder(self.sample, self.options.method)

    def located(self, known: Reference) -> Reference:
        """What is known, by elements besides: a direction tells that something is wrong, but not where."""
        name = known.wrt.name
        if known.is_full or len(known.columns):
            return known
        if name not in self._located:
            self._located[name] = located(self.ladder, known)
            self.tallies.spent(name, self._located[name].evaluations)
        return self._located[name]

    @cached_property
    def equations(self) -> Equations:
        return Equations(self.paths.program, self.sample)

    @cached_property
    def value_formulas(self) -> Formulas:
        """Where Jacobians are worked out, from the values of the equations alone."""
        return Formulas(self.equations, {})

    def gradient_formulas(self, only: str | None = None) -> Formulas:
        """Where gradients are worked out, given random gradients of all outputs, or of one and 0 for the others."""
        if only not in self._formulas:
            self._formulas[only] = Formulas(self.equations, upstream_arrays(self.sample, only))
        return self._formulas[only]

    def gradient_slips(self, only: str | None) -> GradientSlips:
        """What these would be after one slip or another."""
        if only not in self._slips:
            self._slips[only] = GradientSlips(self.paths, self.gradient_formulas(only))
        return self._slips[only]

    @property
    def tangents(self) -> Tangents:
        """The tangents of the outputs."""
        return Tangents(self.equations, self.paths.tangents)

    def coarsened(self, bound: Array) -> Array:
        """A bound on rounding errors as the module makes them."""
        return bound if self.coarse == 1 else bound * self.coarse

    def moving(self, wrt: Tensor, direction: Array) -> dict[str, Array]:
        """Directions of all inputs of which only ``wrt`` is moved."""
        return {tensor.name: self.sample.value(tensor.name) * 0 for tensor in self.wrt} | {wrt.name: direction}

    def expected(self, known: Known, bound: Array) -> Expected:
        """What is known, as what formula, module and user are compared with one after the other."""
        last = self._last
        if last and last.reference is known.value and last.reference_error is known.error and last.found_error is bound:
            return last
        user = Tolerance(self.options.rtol, self.options.atol)

        def hidden() -> float:
            return hidden_from(self.sample, known.usual()) if user == Tolerance() else inf

        self._last = Expected(known.value, known.error, bound, user, hidden, is_fine(self.sample.dtype))
        return self._last

    @cached_property
    def summed(self) -> tuple[int, ...]:
        """The lengths of the sums in the equations and in the gradients, each once, without those of one term."""
        sizes = self.sample.sizes or {}
        statements = (*self.sample.program.statements, *self.paths.derivation.backward)
        sums = (node for node in nodes_in(*statements) if isinstance(node, IndexSum))
        lengths = (resized(index.size, sizes).value for node in sums for index in node.indices)
        return tuple(dict.fromkeys(length for length in lengths if length > 1))

    def element(self, tensor: Tensor, flat: int) -> tuple[tuple[int, ...], str]:
        """The position and the name of an element."""
        position = unravel(flat, self.sample.value(tensor.name).shape)
        return position, place(tensor, self.paths.axis_names(tensor), position)

    def derivative(self, of: Tensor, wrt: Tensor, columns: NDArray[np.int64]) -> Locate:
        """Places in an array with an axis of elements of ``wrt``, then the axes of ``of``."""
        each = max(1, self.sample.value(of.name).size)

        def locate(flat: int) -> tuple[tuple[int, ...], str]:
            row, column = self.element(of, flat % each), self.element(wrt, int(columns[flat // each]))
            return row[0] + column[0], f"{row[1]} by {column[1]}"

        return locate
