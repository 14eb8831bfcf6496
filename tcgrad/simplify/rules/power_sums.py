"""Sums of polynomials in the indices alone, in closed form: ``sum_n n = N(N - 1)/2`` (Faulhaber's formula).

Nothing else in such a sum says how far the index runs; written out, its sizes do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from functools import cache, reduce
from math import comb, gcd, lcm
from operator import and_
from typing import NamedTuple

from tcgrad.ir.indices import Atom, Dim, Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import ONE, Add, Const, Expr, IndexValue, Mul, Pow
from tcgrad.simplify.monomials import Monomial, size_powers

_HIGHEST = 6  # the degree in one index; beyond it the closed form is longer than the sum
_NUMBER = Integer.of(1)


class _Polynomial(NamedTuple):
    """``numerator / denominator``, a polynomial in indices and dims with rational coefficients."""

    numerator: Integer
    denominator: int = 1

    def plus(self, other: _Polynomial) -> _Polynomial:
        common = lcm(self.denominator, other.denominator)
        left = self.numerator * (common // self.denominator)
        return _Polynomial(left + other.numerator * (common // other.denominator), common)

    def times(self, other: _Polynomial) -> _Polynomial:
        return _Polynomial(self.numerator * other.numerator, self.denominator * other.denominator)


def closed_sum(indices: Iterable[Index], factors: Iterable[Expr]) -> Monomial | None:
    """The sum of a product over indices, where it is a polynomial in them and in sizes; None where it is not."""
    total: _Polynomial | None = _polynomial_product(factors)
    for index in indices:
        total = total and _polynomial_sum(total, index)
    return total and _in_factors(total)


def _polynomial_product(factors: Iterable[Expr]) -> _Polynomial | None:
    made = _Polynomial(_NUMBER)
    for factor in factors:
        polynomial = _polynomial(factor)
        if polynomial is None:
            return None
        made = made.times(polynomial)
    return made


def _polynomial(expr: Expr) -> _Polynomial | None:
    match expr:
        case IndexValue(value):
            return _Polynomial(value)
        case Const(Fraction(numerator=numerator, denominator=denominator)):
            return _Polynomial(Integer.of(numerator), denominator)
        case Mul(factors):
            return _polynomial_product(factors)
        case Pow(base, Const(Fraction(numerator=exponent, denominator=1))) if 0 < exponent <= _HIGHEST:
            return _polynomial_product([base] * exponent)
        case Add(terms):
            total = _Polynomial(Integer.of(0))
            for term in terms:
                polynomial = _polynomial(term)
                if polynomial is None:
                    return None
                total = total.plus(polynomial)
            return total
        case _:
            return None


def _polynomial_sum(polynomial: _Polynomial, index: Index) -> _Polynomial | None:
    """The sum over the range of one index."""
    total = _Polynomial(Integer.of(0))
    for atoms, coefficient in polynomial.numerator.terms:
        others = tuple(atom for atom in atoms if atom is not index)
        degree = len(atoms) - len(others)
        if degree > _HIGHEST or any(_hides(atom, index) for atom in others):
            return None
        total = total.plus(_Polynomial(Integer(((others, coefficient),))).times(_evaluated(degree, index.size)))
    return _Polynomial(total.numerator, total.denominator * polynomial.denominator)


def _hides(atom: Atom, index: Index) -> bool:
    return isinstance(atom, Quotient | Remainder | Gather) and index in Integer.of(atom).indices


def _evaluated(degree: int, size: Integer) -> _Polynomial:
    """``sum_{n < size} n^degree``"""
    total, power = _Polynomial(Integer.of(0)), _NUMBER
    for coefficient in _faulhaber(degree):
        total = total.plus(_Polynomial(power * coefficient.numerator, coefficient.denominator))
        power = power * size
    return total


@cache
def _faulhaber(degree: int) -> tuple[Fraction, ...]:
    """The coefficients, lowest first, of ``S_k(N) = sum_{n < N} n^k``.

    From the telescoping sum ``N^(k+1) = sum_{j <= k} comb(k + 1, j) S_j(N)``.
    """
    rest = [Fraction(0)] * (degree + 1) + [Fraction(1)]
    for lower in range(degree):
        for place, coefficient in enumerate(_faulhaber(lower)):
            rest[place] -= comb(degree + 1, lower) * coefficient
    return tuple(coefficient / (degree + 1) for coefficient in rest)


def _in_factors(polynomial: _Polynomial) -> Monomial:
    """``(N^2 - N)/2`` as ``1/2 N (N - 1)``: the number and the dims that all terms share, and what is left."""
    terms = polynomial.numerator.terms
    if not terms:
        return Monomial(Fraction(0))
    sign = 1 if terms[0][1] > 0 else -1
    content = gcd(*(coefficient for _, coefficient in terms))
    dims = reduce(and_, (Counter(atom for atom in atoms if isinstance(atom, Dim)) for atoms, _ in terms))
    shared = tuple(dims.elements())
    rest = size_powers((polynomial.numerator * sign) // Integer(((shared, content),)))
    coefficient = Fraction(sign * content, polynomial.denominator) * rest.coefficient
    return Monomial(coefficient, (), (*((IndexValue(Integer.of(dim)), ONE) for dim in shared), *rest.powers))
