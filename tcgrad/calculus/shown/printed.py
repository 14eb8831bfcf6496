"""Formulas as they are printed: by the names that their parts have, and choices as they read best."""

from __future__ import annotations

from tcgrad.calculus.rules.supports import Supports
from tcgrad.calculus.shown.carried import Carried
from tcgrad.calculus.shown.certain import Certainty
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Expr, Iverson, Where
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import sorts_in, tensors_read
from tcgrad.records import dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.rules.choices import with_choices_joined, with_extremes, with_factors_out, without_implied
from tcgrad.simplify.shown.clipped import Clipped
from tcgrad.simplify.shown.clips import with_clips
from tcgrad.simplify.shown.complements import with_even_slopes, with_turned_differences
from tcgrad.simplify.shown.polish import polish
from tcgrad.simplify.shown.present import Presentation
from tcgrad.simplify.shown.spelling import Spelling, in_reading_order


@dataclass
class Printed:
    """Writes the settled formulas of one program down.

    known: the program's definitions.
    presentation: how it writes sums and differences.
    """

    program: Program
    known: Facts
    presentation: Presentation

    def __post_init__(self) -> None:
        self._spelling = Spelling(self.program)
        self._carried = Carried(self.program.statements)
        self._clipped = Clipped(self.program.statements)
        self._certainty = Certainty(self.program)
        self._supports = Supports(self.program.statements)

    def learn(self, line: Define) -> None:
        """Note where what a line defines is 0: other lines that read it need not say so."""
        self._supports.learn(line)

    def define(self, line: Define) -> Define:
        """The definition as it is printed."""
        return replace(line, body=self._body(line.body, line.free))

    def statement(self, line: Statement) -> Statement:
        """The statement as it is printed."""
        match line:
            case Define():
                return self.define(line)
            case Recurrence():
                return line.map_bodies(lambda case: self._body(case.body, case.free))
            case Intrinsic():
                return line

    def _body(self, body: Expr, free: tuple[Index, ...]) -> Expr:
        body = min((body, self._carried.named(body)), key=cost)
        whole = self.presentation.polished(self._with_names(self._with_choices(body)), _polished)
        return in_reading_order(whole, free)

    def _with_names(self, body: Expr) -> Expr:
        """Determinants and inverses by the names that they have, which may meet the same names then."""
        named = self._spelling.name(body)
        return body if named is body else min((named, self.known.fold(named)), key=cost)

    def _with_choices(self, body: Expr) -> Expr:
        """Choices with 0 as brackets, and opposite brackets as choices, where that makes the formula shorter; what is
        left to a sigmoid of a difference as one.
        """
        sorts = sorts_in(body)
        body = with_turned_differences(body)
        if sorts.isdisjoint((Where, Iverson)):
            return body
        body = self._clipped.without_excluded(body)
        named = with_extremes(body)
        if named is not body:
            body = min((body, self.known.fold(named)), key=cost)
        if Where in sorts:
            body = with_clips(body)
            made = self.known.fold(with_factors_out(body, self._is_certain))
            body = min((body, without_implied(made, self._supports.implies)), key=cost)
        return min((body, simplify(with_choices_joined(body))), key=cost)

    def _is_certain(self, expr: Expr) -> bool:
        given = all(tensor.role in (Role.INPUT, Role.DEFINED, Role.CONSTANT) for tensor in tensors_read(expr))
        return given and self._certainty.has_value(expr)


def _polished(expr: Expr) -> Expr:
    made = polish(expr)
    even = with_even_slopes(made)  # sums have become one
    return made if even is made else polish(simplify(even))
