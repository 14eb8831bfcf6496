"""The order in which factors and terms are written: fixed by what they are, never by where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import partial
from typing import TypeVar

from tcgrad.ir.nodes import Add, Call, Component, Const, Delta, Expr, IndexSum, IndexValue, Iverson, Pow
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of
from tcgrad.simplify.canonical import Labels, key
from tcgrad.simplify.monomials import UNIT

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


_KIND_RANKS = {Const: -1, Call: 4, Add: 5, IndexSum: 7, Delta: 9, Iverson: 10}
_OTHER_RANK = 6


def _rank(expr: Expr) -> int:
    match expr:
        case Component():
            return _ROLE_RANKS[expr.tensor.role]
        case Pow():
            return _rank(expr.base)
        case IndexValue(value):
            return 0 if len(value.terms) > 1 else -1
        case _:
            return _KIND_RANKS.get(type(expr), _OTHER_RANK)


def in_order(factors: Sequence[Expr], labels: Callable[[], Labels] = dict) -> list[Expr]:
    """Numbers, sizes and indices, sums of these, upstream gradients, components, functions, sums of terms, sums over
    indices, deltas, brackets.

    labels: makes names for indices that are bound; asked for only where two factors are of one kind.
    """
    if len(factors) < 2:
        return list(factors)
    return _sorted(factors, list(map(_rank, factors)), lambda: partial(key, labels=labels()))


def terms_in_order(terms: Sequence[Term]) -> list[Term]:
    """Positive terms before negative ones, numbers last among them."""
    return _sorted(terms, list(map(_term_rank, terms)), lambda: _term_text)


def first_term(terms: Iterable[Term]) -> Term:
    """The first term whatever the signs: numbers, then by what the first factor is that is no number."""
    ranked = [(_lead(rest), (coefficient, rest)) for coefficient, rest in terms]
    first = min(rank for rank, _ in ranked)
    candidates = [term for rank, term in ranked if rank == first]
    return candidates[0] if len(candidates) == 1 else min(candidates, key=_term_text)


def _term_rank(term: Term) -> tuple[bool, bool, int]:
    coefficient, rest = term
    lead = _lead(rest)
    return coefficient is not UNIT and coefficient.numerator < 0, lead == 0, lead


def _lead(rest: Expr) -> int:
    for factor in factors_of(rest):
        rank = _rank(factor)
        if rank > 0:
            return rank
    return 0


def _term_text(term: Term) -> str:
    _, rest = term
    return "*".join(map(key, factors_of(rest)))


def _sorted(items: Sequence[_Item], ranks: list[_Rank], writer: Callable[[], Callable[[_Item], str]]) -> list[_Item]:
    """Sorted by rank, then by text; the texts are long, and made only where they decide.

    writer: makes what writes the text of an item.
    """
    if len(set(ranks)) == len(items):
        return [items[place] for place in sorted(range(len(items)), key=ranks.__getitem__)]
    text = writer()
    texts = [text(item) if ranks.count(rank) > 1 else "" for item, rank in zip(items, ranks, strict=True)]
    places = sorted(range(len(items)), key=list(zip(ranks, texts, strict=True)).__getitem__)
    return [items[place] for place in places]
