"""Products of sums multiplied out, which is kept where what comes of it costs less to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product

from tcgrad.ir.nodes import ZERO, Add, Const, Expr, IndexSum, Mul, Pow, const
from tcgrad.ir.traversal import children, size, sorts_in, terms_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.rules.nodes import like_terms_collected
from tcgrad.simplify.shorter.promise import least_cost
from tcgrad.simplify.shorter.regroup import regroup

_LARGEST_WITH_SQUARES = 24  # nodes of an expression in which squares are multiplied out as well
_MOST_TERMS = 16  # of what is multiplied out
_MOST_ROUNDS = 3

_OPENED = frozenset({Add, Mul, IndexSum, Pow})  # the factors of which a product may be multiplied out


def multiplied_out(expr: Expr, settle: Callable[[Expr], Expr]) -> Expr:
    """An expression multiplied out, every term settled, and regrouped; the very same where that is no shorter.

    settle: writes known definitions into what it is given, and simplifies it.
    """
    terms = opened(expr) or [expr]
    for _ in range(_MOST_ROUNDS):
        settled = list(map(settle, terms))
        if least_cost(like_terms_collected(Add(tuple(settled)))) > cost(expr):
            return expr
        whole = simplify(Add((ZERO, *settled)))
        spread = opened(whole)
        if spread is None:
            return expr
        terms = spread
        if len(terms) == len(terms_of(whole)) or Counter(map(simplify, terms)) == Counter(settled):
            break
    grouped = simplify(regroup([split_coefficient(simplify(term)) for term in terms]))
    return settle(grouped) if _length(grouped) < _length(expr) else expr


def _length(expr: Expr) -> tuple[int, int]:
    """What an expression costs, and how many terms are added up in it: a 1 costs nothing, but it is read."""
    return cost(expr), sum(len(part.terms) for part in walk(expr) if isinstance(part, Add))


def opened(expr: Expr) -> list[Expr] | None:
    """The terms of an expression multiplied out; of a short one squares too."""
    return spread_out(expr, squares=size(expr) <= _LARGEST_WITH_SQUARES)


def opens_squares(expr: Expr) -> bool:
    """Whether multiplying an expression out multiplies out a square, of which the terms are more than the factors."""
    return size(expr) <= _LARGEST_WITH_SQUARES and _holds_square(expr)


def _holds_square(expr: Expr) -> bool:
    match expr:
        case Add() | Mul() | IndexSum():
            return any(map(_holds_square, children(expr)))
        case Pow(base=Add(terms=(_, _)), exponent=Const(value=n)):
            return n == 2
        case _:
            return False


def spread_out(expr: Expr, *, squares: bool = False) -> list[Expr] | None:
    """The terms of an expression multiplied out; None if they are many.

    A sum stays closed while its negative power stands in the same product: it may cancel first.

    squares: those of two terms too.
    """
    match expr:
        case Add():
            parts = [spread_out(term, squares=squares) for term in expr.terms]
            found = [term for part in parts if part is not None for term in part]
            return found if None not in parts and len(found) <= _MOST_TERMS else None
        case Mul():
            if _OPENED.isdisjoint(map(type, expr.factors)):
                return [expr]
            spread = [spread_out(part, squares=squares) if type(part) in _OPENED else [part] for part in expr.factors]
            if all(part is not None and len(part) == 1 for part in spread):
                return [expr]
            below = divisors(expr)
            if below:
                spread = [[own] if own in below else part for own, part in zip(expr.factors, spread, strict=True)]
            known = [part for part in spread if part is not None]
            count = 1
            for part in known:
                count *= len(part)
            if len(known) < len(spread) or count > _MOST_TERMS:
                return None
            return [expr] if count == 1 else [Mul(tuple(choice)) for choice in product(*known)]
        case IndexSum():
            inner = spread_out(expr.body, squares=squares)
            if inner is None or len(inner) == 1:
                return None if inner is None else [expr]
            return [IndexSum(expr.indices, term) for term in inner]
        case Pow(base=Add(terms=(first, second)), exponent=Const(value=n)) if n == 2 and squares:
            return [Pow(first, expr.exponent), Mul((const(2), first, second)), Pow(second, expr.exponent)]
        case _:
            return [expr]


def divisors(expr: Expr) -> list[Expr]:
    """The bases that stand to a negative power in a product or in the terms of its sums."""
    match expr:
        case Pow(base=base, exponent=Const(value=n)) if n.numerator < 0:
            return [base]
        case Add() | Mul() | IndexSum() if Pow in sorts_in(expr):
            return [base for part in children(expr) for base in divisors(part)]
        case _:
            return []
