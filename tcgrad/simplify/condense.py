"""Shorter ways to write sums of products, found by trying: multiplied out, over a common denominator, regrouped.

Where ``y = x s`` is known, ``s (x (1 - s) + 1)`` is ``s (1 - y) + y``, but only multiplying out shows it. What is tried
is kept if it costs less to read; so the textbook forms that simplification keeps closed stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from tcgrad.ir.nodes import Add, Expr, IndexSum, Mul, Pow
from tcgrad.ir.traversal import children, factors_of, map_children, size, terms_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.denominators import cleared, joined
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.promise import inert_factors, is_promising
from tcgrad.simplify.regroup import regroup
from tcgrad.simplify.spread import opened, opens_squares
from tcgrad.simplify.totals import Question, Totals

_LARGEST = 60  # nodes of a sum that is worth trying
_LARGEST_OPEN = 32  # nodes of one that is worth multiplying out


class Condensed:
    """What has been condensed, and what was asked of the totals on the way: it is asked again with every answer."""

    def __init__(self, totals: Totals) -> None:
        self._asked = totals.asked
        self._known: dict[Expr, tuple[Expr, tuple[Question, ...]]] = {}

    def get(self, expr: Expr) -> Expr | None:
        """What an expression was condensed to, if it was."""
        found = self._known.get(expr)
        if found is None:
            return None
        self._asked += found[1]
        return found[0]

    def put(self, expr: Expr, condensed: Callable[[Expr], Expr]) -> Expr:
        """Condense an expression; what comes out is condensed too."""
        before = len(self._asked)
        made = condensed(expr)
        asked = tuple(self._asked[before:])
        self._known[expr] = made, asked
        self._known.setdefault(made, (made, asked))
        return made


class Definitions(Protocol):
    """What condensing asks of the definitions that are known."""

    def settle(self, expr: Expr) -> Expr:
        """Write them into an expression, and simplify it."""

    def multiply_out(self, expr: Expr) -> Expr:
        """Multiply an expression out; the very same where that is no shorter."""

    def patterns(self, expr: Expr) -> Sequence[tuple[Expr, ...]]:
        """The factors of those that can have instances in an expression."""

    def may_add_up(self, factor: Expr) -> bool:
        """Whether what one factor adds up to may be a number."""


class Condensing:
    """Condenses expressions.

    known: what has been condensed by the same definitions.
    """

    def __init__(self, definitions: Definitions, known: Condensed) -> None:
        self._definitions = definitions
        self._known = known

    def condense(self, expr: Expr) -> Expr:
        """A settled expression, or one of the same value that costs less."""
        made = self._known.get(expr)
        if made is None:
            made = self._known.put(expr, self._condensed) if _holds_sum(expr) else expr
        return expr if made == expr else made

    def _condensed(self, expr: Expr) -> Expr:
        made = map_children(expr, self.condense)
        whole = expr if made is expr else self._definitions.settle(made)
        if not isinstance(whole, Add | Mul | IndexSum | Pow) or size(whole) > _LARGEST or not _is_open(whole):
            return whole
        best: Expr = whole
        for candidate in self._candidates(whole):
            if _is_shorter(candidate, best):
                best = candidate
        return best if best is whole else self._condensed(best)

    def _candidates(self, expr: Expr) -> Iterator[Expr]:
        if isinstance(expr, IndexSum) and isinstance(expr.body, Add) and self._has_sum_of_sum(expr):
            parts = tuple([IndexSum(expr.indices, term) for term in expr.body.terms])
            yield self._definitions.settle(Add(parts))
        if isinstance(expr, Add):
            grouped = regroup([split_coefficient(term) for term in expr.terms])
            if grouped != expr:
                yield simplify(grouped)
        over_one = cleared(expr)
        if over_one is not None:
            yield self._definitions.settle(over_one)
        if size(expr) > _LARGEST_OPEN:
            return
        expanded = self._expanded(expr)
        if expanded is not None:
            yield expanded
        one_fraction = joined(expr)
        if one_fraction is not None:
            yield self._definitions.settle(one_fraction)

    def _has_sum_of_sum(self, expr: Expr) -> bool:
        """Whether a definition that may be a part is the sum of a product with a sum of terms in it."""
        held = (factor for pattern in self._definitions.patterns(expr) for factor in pattern)
        sums = (factor.body for factor in held if isinstance(factor, IndexSum))
        return any(isinstance(factor, Add) for body in sums for factor in factors_of(body))

    def _expanded(self, expr: Expr) -> Expr | None:
        """Multiplied out; None where that is no shorter, or from far does not look as if it could be.

        Of a product it is only those factors that may have to do with each other.
        """
        terms = opened(expr)
        if terms is None or len(terms) == len(terms_of(expr)):
            return None
        patterns = self._definitions.patterns(expr)
        aside = inert_factors(expr.factors, terms, patterns) if isinstance(expr, Mul) else ()
        left = tuple(factor for factor in factors_of(expr) if factor not in aside)
        if not aside:
            return self._multiplied_out(expr, terms, patterns)
        if len(left) < 2:  # it has been tried by itself
            return None
        core = Mul(left)
        made = self._multiplied_out(core, opened(core), patterns)
        return None if made is None else simplify(Mul((*aside, made)))

    def _multiplied_out(
        self, expr: Expr, terms: list[Expr] | None, patterns: Sequence[tuple[Expr, ...]]
    ) -> Expr | None:
        may_add_up = self._definitions.may_add_up
        if terms is None or not is_promising(terms, patterns, may_add_up, squares=opens_squares(expr)):
            return None
        made = self._definitions.multiply_out(expr)
        return made if cost(made) < cost(expr) else None


def _is_shorter(one: Expr, other: Expr) -> bool:
    """Whether one costs less to read, or as much with fewer sums of terms."""
    if cost(one) != cost(other):
        return cost(one) < cost(other)
    return sum(isinstance(part, Add) for part in walk(one)) < sum(isinstance(part, Add) for part in walk(other))


def _holds_sum(expr: Expr) -> bool:
    return isinstance(expr, Add) or any(map(_holds_sum, children(expr)))


def _is_open(expr: Expr) -> bool:
    """Whether a sum of terms is a part of the product that an expression is, not of a function's argument."""
    match expr:
        case Add():
            return True
        case Mul() | IndexSum():
            return any(map(_is_open, children(expr)))
        case Pow():
            return _is_open(expr.base)
        case _:
            return False
