"""Second derivatives by one input, written so that one sees that they commute."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Expr, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, terms_of
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.cost import cost
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import add_of, split_coefficient
from tcgrad.simplify.rules.common import take_out
from tcgrad.simplify.shorter.regroup import regroup
from tcgrad.simplify.shorter.spread import spread_out

_MOST_TERMS = 8
_MORE = 2  # by how much a form that shows it may be longer


def balanced(expr: Expr, rows: Sequence[Index], columns: Sequence[Index]) -> Expr:
    """A value that is the same with ``rows`` and ``columns`` exchanged, terms that change places side by side.

    An expression that shows it, or would get much longer, is left as it is.
    """
    pairs = list(zip(rows, columns, strict=True))
    exchange = {old: new.expr for pair in pairs for old, new in (pair, pair[::-1])}
    if key(simplify(substitute(expr, exchange))) == key(expr):
        return expr
    terms = spread_out(expr)
    if terms is None or not 1 < len(terms) <= _MOST_TERMS:
        return expr
    factors = factors_of(simplify(Add((ZERO, *map(simplify, terms)))))
    found = next(((n, factor) for n, factor in enumerate(factors) if isinstance(factor, Add)), None)
    if found is None:
        return expr
    place, whole = found
    halves = [(term, key(simplify(substitute(term, exchange)))) for term in whole.terms]
    sides = _side_by_side(halves)
    inner = Add(tuple(sides)) if len(sides) > 1 else sides[0]
    made = Mul((*factors[:place], inner, *factors[place + 1 :])) if len(factors) > 1 else inner
    return made if cost(made) <= cost(expr) + _MORE else expr


def _side_by_side(halves: Sequence[tuple[Expr, str]]) -> list[Expr]:
    """Each term with the one that it becomes, what both have in common taken out; those that stay, regrouped."""
    left = list(halves)
    found: list[Expr] = []
    same: list[Term] = []
    start = 0  # of those that stay
    while left:
        term, turned = left.pop(0)
        place = next((n for n, (other, _) in enumerate(left) if key(other) == turned), None)
        if place is None or turned == key(term):
            start = start if same else len(found)
            same.append(split_coefficient(term))
        else:
            common, rests = take_out([split_coefficient(term), split_coefficient(left.pop(place)[0])])
            found.append(Mul((*common, add_of(rests))) if common else add_of(rests))
    found[start:start] = terms_of(simplify(regroup(same))) if same else ()
    return found
