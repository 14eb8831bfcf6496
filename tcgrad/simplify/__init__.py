"""Simplification: one bottom-up pass that preserves the value and brings equal things to equal forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Expr, IndexSum, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import children, flat_factors, map_children
from tcgrad.simplify.monomials import has_delta, prenex
from tcgrad.simplify.order import in_order
from tcgrad.simplify.powers import flat_product, flattened
from tcgrad.simplify.renaming import substituted
from tcgrad.simplify.rules.joining import may_be_joined
from tcgrad.simplify.rules.nodes import simplify_node
from tcgrad.simplify.rules.weights import stays_whole
from tcgrad.simplify.shapes import shape

__all__ = ["contract_deltas", "simplify"]

_MOST_REMEMBERED = 256  # simplified expressions


def simplify(expr: Expr) -> Expr:
    """An equal expression, simpler: deltas contracted, powers and like terms merged, sums as far inside as they go.

    The result is kept on the node, so that a shared subexpression is simplified once.
    """
    return _READABLE.simplify(expr)


def contract_deltas(expr: Expr) -> Expr:
    """The same without the last touch: the terms of a sum keep the factors that they have in common."""
    return _APART.simplify(expr)


class _Readable:
    """Sums in a product stay closed unless a delta in them is summed: expanding destroys textbook forms."""

    collects = True

    def simplify(self, expr: Expr) -> Expr:
        if expr.is_simplified:
            return expr
        known = expr.simplified
        if known is None:
            known = _worked_out(expr)
            if not known.is_simplified:
                _mark(known)
            if known is not expr:
                expr.__dict__["simplified"] = known
        return known

    def worked_out(self, expr: Expr) -> Expr:
        """The simpler form; the very expression where that is equal, for much is known of it already."""
        match expr:
            case Add():
                made = map_children(flattened(expr), self.simplify)
            case Mul():
                made = map_children(flat_product(expr), self.simplify)
            case IndexSum():
                made = map_children(prenex(expr), self._summed)
            case _:
                made = map_children(expr, self.simplify)
        simple = simplify_node(made, self)
        return expr if simple == expr else simple

    def _summed(self, body: Expr) -> Expr:
        """What is summed: of a product the factors, which are brought into order with the sum.

        It is simplified by itself where something of it may go: once a delta is gone nothing says that it may. Where
        factors look alike, their order decides which of the summed indices comes first.
        """
        if not isinstance(body, Mul):
            return self.simplify(body)
        factors = list(map(self.simplify, flat_factors(body)))
        if len(set(map(shape, factors))) < len(factors):
            factors = in_order(factors)
        product = Mul(tuple(factors))
        return self.simplify(product) if may_be_joined(product) else product

    def substitute(self, expr: Expr, mapping: Mapping[Index, Integer]) -> Expr:
        return substituted(expr, mapping, self.simplify)

    def opens(self, base: Add, exponent: Fraction, live: frozenset[Index], beside: Sequence[Expr] = ()) -> bool:
        return exponent == 1 and has_delta(base, live) and not stays_whole(base, beside)


class _Apart(_Readable):
    collects = False

    def simplify(self, expr: Expr) -> Expr:
        return self.worked_out(expr)

    def substitute(self, expr: Expr, mapping: Mapping[Index, Integer]) -> Expr:
        return self.simplify(substitute(expr, mapping))


def _mark(expr: Expr) -> None:
    """Keep on every node of a result that it is simplified."""
    expr.__dict__["is_simplified"] = True
    for part in children(expr):
        if not part.is_simplified:
            _mark(part)


_READABLE = _Readable()

# The simplified forms, which equal expressions share: terms of what is multiplied out come up again and again.
_worked_out = lru_cache(maxsize=_MOST_REMEMBERED)(_READABLE.worked_out)

_APART = _Apart()
