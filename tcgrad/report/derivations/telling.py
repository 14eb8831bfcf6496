"""Derivations step by step, told one after the other: which lines stand where, and in which notations they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor, gradient_of, jacobian_of
from tcgrad.notation.naming import Surroundings
from tcgrad.records import dataclass
from tcgrad.report.derivations.notations import Notation, reads_the_same
from tcgrad.report.derivations.passages import Line, Passage, print_chain, prose
from tcgrad.report.derivations.styles import Style

if TYPE_CHECKING:
    from tcgrad.steps import Chain, Explained


@dataclass
class Telling:
    """Tells the steps of a derivation's formulas in one style; a formula ends in all notations that are asked for."""

    explained: Explained
    style: Style
    notations: tuple[Notation, ...]
    _printed: dict[Chain, tuple[Line, ...]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    @cached_property
    def _chains(self) -> dict[Tensor, tuple[Chain, ...]]:
        derivation = self.explained.derivation
        jacobians = (jacobian_of(jacobian.of, jacobian.wrt) for jacobian in derivation.jacobians)
        gradients = (gradient_of(gradient.wrt) for gradient in derivation.gradients)
        return {
            **dict(zip(jacobians, self.explained.jacobians, strict=True)),
            **dict(zip(gradients, self.explained.gradients, strict=True)),
        }

    @cached_property
    def _around(self) -> Surroundings:
        return Surroundings.of(self.explained.derivation.program)

    def passages(self, derivative: Tensor, statements: Sequence[Statement]) -> Iterator[Passage]:
        """How a derivative comes about; ``statements`` define it and what it is made from."""
        for chain in self._chains[derivative]:
            yield self._passage(chain, self._lines(chain), statements)

    def new(self, derivative: Tensor, statements: Sequence[Statement]) -> Iterator[Passage]:
        """The same without what has been told before; the derivative itself then stands there without its steps."""
        for chain in self._chains[derivative]:
            lines = self._lines(chain)
            if lines[0].left not in self._told:
                self._told.add(lines[0].left)
                yield self._passage(chain, lines, statements)
            elif chain.left.tensor == derivative:
                again = Line(lines[0].left, lines[-1].right, prose("as above", self.style.index))
                yield self._passage(chain, (again,), statements)

    def _lines(self, chain: Chain) -> tuple[Line, ...]:
        if chain not in self._printed:
            self._printed[chain] = print_chain(chain, self.style.index, self._around, sums=self.style.sums)
        return self._printed[chain]

    def _passage(self, chain: Chain, lines: tuple[Line, ...], statements: Sequence[Statement]) -> Passage:
        """The lines of a chain; those of a formula go on in the notations other than theirs."""
        define = next((s for s in statements if isinstance(s, Define) and s.tensor == chain.left.tensor), None)
        if define is None or reads_the_same((define,)):
            return Passage(lines)
        remarks: list[str] = []
        vectorised = False
        for write in self.notations:
            written = write((define,), self.explained.derivation.program, self.style)
            if written.notation != "index":
                rule = prose(f"{written.notation} notation", self.style.index)
                lines += tuple(Line(formula.left, formula.right, rule) for formula in written.formulas)
                vectorised |= written.vectorised
                remarks += written.remarks
        return Passage(lines, tuple(remarks), vectorised)
