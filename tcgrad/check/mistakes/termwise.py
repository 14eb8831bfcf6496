"""A wrong formula set beside the derived one, term by term, in the words and the index names of its author."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tcgrad.check.judging.results import TermResult
from tcgrad.check.mistakes.term_values import TermValues
from tcgrad.ir.nodes import Add, Expr
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import free_indices, size
from tcgrad.notation.index import print_define, print_expr
from tcgrad.notation.naming import Names, Surroundings, name_indices
from tcgrad.prove.alignment import Pair, align
from tcgrad.prove.terms import Term
from tcgrad.prove.unfold import unfold
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify.expand import TooLargeError
from tcgrad.simplify.shown.polish import polish
from tcgrad.simplify.shown.present import Presentation

# Formulas of more nodes than this tell a reader nothing, whatever their terms are.
_LARGEST = 400


@dataclass(frozen=True)
class Beside:
    """A given formula and the derived one for the same tensor.

    statements: the definitions of intermediates, which may be unfolded.
    """

    given: Define
    derived: Define
    statements: Sequence[Statement]
    around: Surroundings

    @property
    def formula(self) -> str:
        """The derived formula with the given one's names on the left side."""
        return print_define(Define(self.given.tensor, self.given.free, self._right), surroundings=self.around)

    def terms(self, values: TermValues) -> tuple[TermResult, ...]:
        """Every term of either formula once, in the order of the given ones, those that are missing last."""
        return tuple(self._told(pair, values) for pair in align(self._sides(), values.are_same))

    @cached_property
    def _right(self) -> Expr:
        """The derived right side as it is printed, over the given indices."""
        positions = zip(self.derived.free, self.given.free, strict=True)
        body = substitute(self.derived.body, {old: new.expr for old, new in positions})
        return polish(Presentation(self.statements).present(body))

    def _sides(self) -> Iterator[tuple[Expr, Expr]]:
        """The two as they are written, then without gradients of intermediates, then without intermediates."""
        last = self.given.body, self._right
        yield last
        definitions = {s.tensor: s for s in self.statements if isinstance(s, Define)}
        gradients = {tensor: s for tensor, s in definitions.items() if tensor.role is Role.GRADIENT}
        for known in (gradients, definitions):
            try:
                unfolded = unfold(last[0], known), unfold(last[1], known)
            except TooLargeError:
                return
            if max(map(size, unfolded)) > _LARGEST:
                return
            if unfolded != last:
                yield unfolded
                last = unfolded

    def _told(self, pair: Pair, values: TermValues) -> TermResult:
        sides = [None if term is None else term.expr for term in (pair.given, pair.right)]
        there = tuple(side for side in sides if side is not None)
        names = name_indices(self.given.free, Add(there), self.around)
        texts = [None if side is None else self._text(side, names) for side in sides]
        shown = [None if side is None else values.shown(side) for side in sides]
        kind = pair.kind if pair.kind in ("same", "missing", "extra") else "differs"
        because = "; ".join(self._reasons(pair, names)) if kind == "differs" else ""
        return TermResult(kind, texts[0], texts[1], because, shown[0], shown[1])

    def _text(self, expr: Expr, names: Names) -> str:
        return print_expr(expr, self.given.free, names=names)

    def _reasons(self, pair: Pair, names: Names) -> Iterator[str]:
        if pair.given is None or pair.right is None:
            return
        own, other = (_text_of_factors(part, names) for part in (pair.only_given, pair.only_right))
        if own and other:
            yield f"{own} instead of {other}"
        elif own or other:
            yield f"a factor too many, {own}" if own else f"without the factor {other}"
        if pair.given.coefficient == -pair.right.coefficient:
            yield "the other sign"
        elif pair.given.coefficient != pair.right.coefficient:
            yield f"the number {pair.given.coefficient} instead of {pair.right.coefficient}"


def _text_of_factors(factors: Sequence[Expr], names: Names) -> str:
    """A part of a term, in which the indices of the term's sums stand without being summed."""
    part = Term(Fraction(1), (), tuple(factors)).expr
    return print_expr(part, free_indices(part), names=names) if factors else ""
