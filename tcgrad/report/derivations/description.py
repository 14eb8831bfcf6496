"""A derivation as the content of a report: what is told of it, spelt in a style."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from tcgrad.calculus.derivation import Derivation, Gradient, Hessian, Jacobian
from tcgrad.ir.program import Define, Program, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor, gradient_of, hessian_of, jacobian_of
from tcgrad.notation.assumptions import print_assumptions
from tcgrad.notation.index import print_expr
from tcgrad.notation.naming import Surroundings
from tcgrad.notation.reading import print_shape, read_statement
from tcgrad.records import dataclass
from tcgrad.report.derivations.content import Blocks, Content, Entry, Table
from tcgrad.report.derivations.notations import (
    ARRAY_NOTATIONS,
    NOTATIONS,
    Formula,
    Notation,
    Written,
    choose_notations,
    reads_the_same,
)
from tcgrad.report.derivations.scalar_lines import Lines, scalar_lines
from tcgrad.report.derivations.styles import Style
from tcgrad.report.derivations.telling import Telling
from tcgrad.simplify.assume import Assumption

if TYPE_CHECKING:
    from tcgrad.steps import Explained

VEC = {
    "row": "Here vec writes a matrix as one column, row after row.",
    "column": "Here vec writes a matrix as one column, column after column.",
}
TRANSPOSES = "A block of two inputs stands once: that of the same two the other way round is its transpose."


def describe(
    derivation: Derivation, style: Style, notations: Sequence[str] | None = None, explained: Explained | None = None
) -> Content:
    """What a report says about a derivation, spelt in a style.

    notations: names out of the table of notations; None: all of them.
    explained: the same derivation with the steps that are to be shown.

    Raises:
        TcgradError: for an unknown notation.
    """
    program, derivation = derivation.program, derivation.line_by_line
    told = None if explained is None else Telling(explained.line_by_line, style, choose_notations(notations))
    writer = _Writer(program, style, choose_notations(notations), told)
    scalar = program.lone_scalar
    own = {j.wrt: j for j in derivation.jacobians if j.of == scalar and j.define is not None}
    lines = None if scalar is None or told else scalar_lines(derivation, scalar, tuple(own.values()))
    is_own = lines is not None or len(own) == len(derivation.gradients)
    other = [j for j in derivation.jacobians if own.get(j.wrt) != j and (lines is None or j.of != scalar)]
    jacobians = tuple(map(writer.jacobian, other))
    return Content(
        name=program.name,
        doc=" ".join(program.spec.doc.split()),
        reading=tuple(writer.reading()),
        jacobians=jacobians,
        table=writer.table(derivation.jacobians),
        gradients=tuple(writer.lines(lines) if lines else writer.gradients(derivation.gradients, own)),
        upstream=tuple((writer.symbol(gradient_of(y)), print_shape(y.shape, style.index)) for y in program.outputs),
        scalar=writer.symbol(scalar) if scalar is not None and is_own else None,
        hessians=tuple(writer.hessian(of, list(group)) for of, group in groupby(derivation.hessians, lambda h: h.of)),
        jacobian_notes=writer.vec_note(jacobians),
    )


@dataclass(frozen=True)
class _Writer:
    program: Program
    style: Style
    notations: tuple[Notation, ...]
    telling: Telling | None = None

    def symbol(self, tensor: Tensor) -> str:
        return self.style.index.tensor(tensor, ())

    def reading(self) -> Iterator[Formula]:
        """The program's own equations, sums written out, and below each the same in a notation of whole arrays."""
        around = Surroundings.of(self.program)
        arrays = [write for write in self.notations if write in ARRAY_NOTATIONS]
        for statement in self.program.statements:
            for equation, shape in read_statement(statement, self.style.index, around):
                yield Formula(*equation, print_shape(shape, self.style.index))
            for write in arrays:
                yield from write((statement,), self.program, self.style).formulas

    def jacobian(self, jacobian: Jacobian) -> Entry:
        derivative = jacobian_of(jacobian.of, jacobian.wrt)
        symbol, shape = self.symbol(derivative), print_shape(derivative.shape, self.style.index)
        if jacobian.define is None:
            return Entry(symbol, shape, (), jacobian.reason)
        return self.entry(symbol, shape, (jacobian.define,), derivative, jacobian.assumed)

    def entry(
        self,
        symbol: str,
        shape: str,
        statements: Sequence[Statement],
        derivative: Tensor,
        assumed: Sequence[Assumption],
    ) -> Entry:
        given = print_assumptions(assumed, self.style.index)
        if self.telling is None:
            return Entry(symbol, shape, self.written(statements), given=given)
        return Entry(symbol, shape, (), steps=tuple(self.telling.new(derivative, statements)), given=given)

    def hessian(self, of: Tensor, hessians: Sequence[Hessian]) -> Blocks:
        entries = tuple(map(self.block, hessians))
        partial = any(first != second for first, second in (h.wrt for h in hessians))
        notes = ((TRANSPOSES,) if partial else ()) + self.vec_note(entries)
        return Blocks(self.symbol(of), entries, notes, self.hessian_table(of, hessians))

    def vec_note(self, entries: Iterable[Entry]) -> tuple[str, ...]:
        """What ``vec`` means, if it stands in a formula of one of them."""
        return (VEC[self.style.vec],) if any(entry.is_vectorised for entry in entries) else ()

    def block(self, hessian: Hessian) -> Entry:
        tensor = hessian_of(hessian.of, *hessian.wrt)
        shape = print_shape(tensor.shape, self.style.index)
        if hessian.define is None:
            return Entry(self.symbol(tensor), shape, (), hessian.reason)
        return Entry(
            self.symbol(tensor),
            shape,
            self.written((hessian.define,)),
            given=print_assumptions(hessian.assumed, self.style.index),
        )

    def gradients(self, gradients: Sequence[Gradient], own: Mapping[Tensor, Jacobian]) -> Iterator[Entry]:
        """An entry for each; what an earlier one defines on its way is not repeated."""
        seen: set[Statement] = set()
        for gradient in gradients:
            if gradient.wrt in own:
                yield self.jacobian(own[gradient.wrt])
                continue
            fresh = tuple(s for s in gradient.statements if s not in seen) or gradient.statements[-1:]
            seen.update(fresh)
            shape = print_shape(gradient.wrt.shape, self.style.index)
            derivative = gradient_of(gradient.wrt)
            yield self.entry(self.symbol(derivative), shape, fresh, derivative, gradient.assumed)

    def lines(self, lines: Lines) -> Iterator[Entry]:
        """The gradients of a scalar by those of intermediates; what an earlier one needs is not repeated."""
        seen: set[Statement] = set()
        for gradient, statements in lines:
            fresh = tuple(s for s in statements if s not in seen) or statements[-1:]
            seen.update(fresh)
            derivative = defined_tensors(statements[-1])[-1]
            shape = print_shape(gradient.wrt.shape, self.style.index)
            yield self.entry(self.symbol(derivative), shape, fresh, derivative, gradient.assumed)

    def written(self, statements: Sequence[Statement]) -> tuple[Written, ...]:
        """The statements in each notation, in one if all would say the same; in index notation if there is no other."""
        notations = self.notations[:1] if reads_the_same(statements) else self.notations
        written = tuple(write(statements, self.program, self.style) for write in notations)
        if any(each.formulas for each in written):
            return tuple(_without_repeats(written))
        return (NOTATIONS["index"](statements, self.program, self.style), *written)

    def table(self, jacobians: Sequence[Jacobian]) -> Table | None:
        """All Jacobians as one matrix, if there are several and all are scalars by scalars."""
        if len(jacobians) < 2 or any(j.define is None or j.of.order or j.wrt.order for j in jacobians):
            return None
        of = tuple(dict.fromkeys(j.of for j in jacobians))
        wrt = tuple(dict.fromkeys(j.wrt for j in jacobians))
        cells = {(j.of, j.wrt): j.define for j in jacobians}
        rows = tuple(tuple(self.cell(cells[y, x]) for x in wrt) for y in of)
        return Table(tuple(map(self.symbol, of)), tuple(map(self.symbol, wrt)), rows)

    def hessian_table(self, of: Tensor, hessians: Sequence[Hessian]) -> Table | None:
        """All blocks as one matrix, if there are several inputs and all are scalars."""
        wrt = tuple(dict.fromkeys(tensor for hessian in hessians for tensor in hessian.wrt))
        if len(wrt) < 2 or any(tensor.order for tensor in wrt) or any(h.define is None for h in hessians):
            return None
        cells = {pair: self.cell(h.define) for h in hessians for pair in (h.wrt, h.wrt[::-1])}
        rows = tuple(tuple(cells[a, b] for b in wrt) for a in wrt)
        return Table((self.symbol(of),), tuple(map(self.symbol, wrt)), rows, twice=True)

    def cell(self, define: Define | None) -> str:
        if define is None:
            return ""
        return print_expr(define.body, (), self.style.index, surroundings=Surroundings.of(self.program))


def _without_repeats(written: Iterable[Written]) -> Iterator[Written]:
    """The notations without formulas that stand in an earlier one."""
    seen: set[Formula] = set()
    for each in written:
        yield replace(each, formulas=tuple(formula for formula in each.formulas if formula not in seen))
        seen.update(each.formulas)
