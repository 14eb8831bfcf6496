"""The order in which factors and terms are written: fixed by what they are, never by where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeVar

from tcgrad.ir.nodes import Add, Call, Component, Const, Delta, Expr, IndexSum, IndexValue, Iverson, Mul, Pow
from tcgrad.ir.tensors import Role
from tcgrad.simplify.canonical import Labels, key

Term = tuple[Fraction, Expr]  # a number times the rest

_Item = TypeVar("_Item")
_Rank = TypeVar("_Rank", bound=int | tuple[bool, bool, int])

_ROLE_RANKS = {
    Role.CONSTANT: 0,
    Role.GRADIENT: 1,
    Role.TANGENT: 1,
    Role.INPUT: 2,
    Role.DEFINED: 3,
    Role.JACOBIAN: 3,
    Role.HESSIAN: 3,
    Role.LEVI_CIVITA: 8,
}


def _rank(expr: Expr) -> int:
    match expr:
        case Const() | IndexValue():
            return 0
        case Component():
            return _ROLE_RANKS[expr.tensor.role]
        case Pow():
            return _rank(expr.base)
        case Call():
            return 4
        case Add():
            return 5
        case IndexSum():
            return 7
        case Delta():
            return 9
        case Iverson():
            return 10
        case _:
            return 6


def in_order(factors: Iterable[Expr], labels: Callable[[], Labels] = dict) -> list[Expr]:
    """Numbers, upstream gradients, components, functions, sums of terms, sums over indices, deltas, brackets.

    labels: makes names for indices that are bound; asked for only where two factors are of one kind.
    """

    def text() -> Callable[[Expr], str]:
        known = labels()
        return lambda factor: key(factor, known)

    return _sorted(factors, _rank, text)


def terms_in_order(terms: Iterable[Term]) -> list[Term]:
    """Positive terms before negative ones, numbers last among them."""
    return _sorted(terms, _term_rank, lambda: lambda term: _term_text(term[1]))


def first_term(terms: Iterable[Term]) -> Term:
    """The first term whatever the signs: numbers, then by what the first factor is that is no number."""
    return _sorted(terms, lambda term: _lead(term[1]), lambda: lambda term: _term_text(term[1]))[0]


def _term_rank(term: Term) -> tuple[bool, bool, int]:
    coefficient, rest = term
    lead = _lead(rest)
    return coefficient < 0, lead == 0, lead


def _lead(rest: Expr) -> int:
    factors = rest.factors if isinstance(rest, Mul) else (rest,)
    return next((rank for rank in map(_rank, factors) if rank), 0)


def _term_text(rest: Expr) -> str:
    return "*".join(map(key, rest.factors if isinstance(rest, Mul) else (rest,)))


def _sorted(
    items: Iterable[_Item], rank: Callable[[_Item], _Rank], text: Callable[[], Callable[[_Item], str]]
) -> list[_Item]:
    """Sorted by rank, then by text; the texts are long, and made only where they decide."""
    classes: dict[_Rank, list[_Item]] = {}
    for item in items:
        classes.setdefault(rank(item), []).append(item)
    tied = [group for group in classes.values() if len(group) > 1]
    written = text() if tied else None
    for group in tied:
        group.sort(key=written)
    return [item for _, group in sorted(classes.items()) for item in group]
