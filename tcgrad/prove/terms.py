"""An expression as terms: the ways in which a reader may take its sums and products apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Const, Expr, IndexSum, Mul, Pow, const
from tcgrad.ir.traversal import factors_of, terms_of
from tcgrad.simplify import contract_deltas
from tcgrad.simplify.canonical import key
from tcgrad.simplify.expand import TooLargeError, expand
from tcgrad.simplify.monomials import prenex
from tcgrad.simplify.powers import scaled, split_coefficient

_MOST_SUMS = 4  # factors that are sums, of which each is tried as the one that is opened
_MOST_TERMS = 24
_POWERS = (2, 3, 4)


class Term(NamedTuple):
    """``coefficient * sum_bound prod factors``; no factor is a number, and sums have a sign of their own choice."""

    coefficient: Fraction
    bound: tuple[Index, ...]
    factors: tuple[Expr, ...]

    @property
    def expr(self) -> Expr:
        """The term written out, without a minus where a sum can take it in."""
        coefficient, factors = self.coefficient, list(self.factors)
        sums = [place for place, factor in enumerate(factors) if isinstance(factor, Add)]
        if coefficient < 0 and sums:
            coefficient, factors[sums[-1]] = -coefficient, _turned(factors[sums[-1]])
        body = scaled(coefficient, Mul(_with_powers(factors))) if factors else Const(coefficient)
        return IndexSum(self.bound, body) if self.bound else body


def divisions(expr: Expr) -> Iterator[tuple[Term, ...]]:
    """The terms of an expression: as it stands, with one of its sums opened, with all of them, fully expanded."""
    whole = contract_deltas(expr)
    sums = {key(factor): factor for term in _terms(whole) for factor in _flat(term)[1] if isinstance(factor, Add)}
    chosen = list(sums)[:_MOST_SUMS]
    yield _read(_terms(whole))
    for name in chosen if len(chosen) > 1 else ():
        yield _read(_opened(whole, (name,)))
    if sums:
        yield _read(_opened(whole, sums))
    try:
        expanded = _terms(expand(expr))
    except TooLargeError:
        return
    if len(expanded) <= _MOST_TERMS:
        yield _read(expanded)


def _terms(expr: Expr) -> tuple[Expr, ...]:
    return terms_of(expr) if expr != ZERO else ()


def _flat(term: Expr) -> tuple[tuple[Index, ...], tuple[Expr, ...]]:
    """A term's sums over indices and its factors, the sums that are factors drawn together."""
    drawn = prenex(IndexSum((), term))
    if not isinstance(drawn, IndexSum):
        return (), (drawn,)
    return drawn.indices, factors_of(drawn.body)


def _opened(expr: Expr, chosen: Container[str]) -> list[Expr]:
    """The terms, products multiplied out over the sums whose keys are chosen."""
    found: list[Expr] = []
    for term in _terms(expr):
        bound, factors = _flat(term)
        products: list[tuple[Expr, ...]] = [()]
        for factor in factors:
            parts = _terms(factor) if isinstance(factor, Add) and key(factor) in chosen else (factor,)
            products = [(*before, part) for before in products for part in parts]
        found += [contract_deltas(IndexSum(bound, Mul(product))) for product in products]
    return list(_terms(contract_deltas(Add(tuple(found)))))


def _read(terms: Sequence[Expr]) -> tuple[Term, ...]:
    return tuple(map(_term, terms))


def _term(expr: Expr) -> Term:
    bound, given = _flat(expr)
    coefficient, factors = Fraction(1), list[Expr]()
    for part in given:
        number, rest = split_coefficient(part)
        coefficient *= number
        for factor in factors_of(rest):
            sign, normal = _with_sign(factor)
            coefficient *= sign
            factors += _repeated(normal) if normal != ONE else ()
    return Term(coefficient, bound, tuple(factors))


def _repeated(factor: Expr) -> tuple[Expr, ...]:
    """A whole power as so many factors: which of them has no partner can be told."""
    if isinstance(factor, Pow) and isinstance(factor.exponent, Const) and factor.exponent.value in _POWERS:
        return (factor.base,) * factor.exponent.value.numerator
    return (factor,)


def _with_powers(factors: Sequence[Expr]) -> tuple[Expr, ...]:
    """The factors with those that are repeated as powers again."""
    counts = Counter(factors)
    return tuple(factor if count == 1 else Pow(factor, const(count)) for factor, count in counts.items())


def _with_sign(factor: Expr) -> tuple[int, Expr]:
    """A factor that is a sum in the one of its two signs that is chosen for it: ``a - b`` and ``b - a`` are one."""
    if not isinstance(factor, Add):
        return 1, factor
    return (1, factor) if _leading(factor) >= 0 else (-1, _turned(factor))


def _turned(factor: Expr) -> Expr:
    return contract_deltas(Add(tuple(Mul((MINUS_ONE, term)) for term in _terms(factor))))


def _leading(factor: Add) -> Fraction:
    """The coefficient of the term that comes first whatever the signs."""
    return min((key(rest), number) for number, rest in map(split_coefficient, factor.terms))[1]
