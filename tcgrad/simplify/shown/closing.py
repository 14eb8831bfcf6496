"""Sums with fewer signs, for the eye: ``a/2 + b/2 = (a + b)/2``, ``a^2 + a = a (a + 1)``, ``(a - b)/a = 1 - b/a``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from math import gcd

from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Const, Expr, IndexValue, Mul, Pow
from tcgrad.ir.traversal import factors_of, product_of
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import add_of, as_power, has_power, power, scaled, scaled_sum, split_coefficient

_TWO = 2  # terms of a sum that may have one of them in common


def with_common_out(expr: Add) -> Expr:
    """A sum with a number, or what one of its terms is alone, before the others, if that is shorter."""
    terms = [split_coefficient(term) for term in expr.terms]
    other = _with_base_out(expr, terms) if len(terms) == _TWO else _with_number_out(expr, terms)
    made = _with_divisor_out(expr, terms) if other is expr else other
    return made if made is not expr and cost(made) < cost(expr) else expr


def _with_divisor_out(expr: Add, terms: Sequence[Term]) -> Expr:
    """``a/2 + b/2 - c/4 = (a + b - c/2)/2``"""
    divisor = gcd(*[number.denominator for number, _ in terms])
    if divisor == 1 or any(abs(number.numerator) != 1 for number, _ in terms):
        return expr
    return scaled(Fraction(1, divisor), scaled_sum(expr, Fraction(divisor)))


def _with_number_out(expr: Add, terms: Sequence[Term]) -> Expr:
    """``a/2 + b/2 + c = (a + b)/2 + c``"""
    for place, (number, _) in enumerate(terms):
        if number.denominator > 1 and abs(number.numerator) == 1:
            inside = [(own / number, rest) for own, rest in terms if abs(own) == abs(number)]
            if 1 < len(inside) < len(terms):
                others = [scaled(*term) for term in terms if abs(term[0]) != abs(number)]
                return Add((*others[:place], scaled(number, add_of(inside)), *others[place:]))
    return expr


def _with_base_out(expr: Add, terms: Sequence[Term]) -> Expr:
    """``a^2 - a = a (a - 1)``; other polynomials stay."""
    for (number, base), (_, other) in permutations(terms):
        if base is not ONE and abs(number.numerator) == number.denominator and has_power(other, base):
            return Mul((base, _divided(expr, base)))
    return expr


def with_divisor_inside(expr: Expr) -> Expr:
    """``(a - b)/a = 1 - b/a``, if that is shorter."""
    factors = factors_of(expr)
    sums = [(place, factor) for place, factor in enumerate(factors) if isinstance(factor, Add)]
    for place, (base, exponent) in enumerate(map(as_power, factors)) if sums else ():
        if isinstance(base, IndexValue) or not isinstance(exponent, Const) or exponent.value.numerator >= 0:
            continue
        for other, factor in sums:
            if any(has_power(term, base) for term in factor.terms):
                left = [power(base, Const(exponent.value + 1))] if exponent.value != -1 else []
                changed = {place: left, other: [_divided(factor, base)]}
                made = product_of([part for n, old in enumerate(factors) for part in changed.get(n, [old])])
                if cost(made) < cost(expr):
                    return with_divisor_inside(made)
    return expr


def _divided(expr: Add, base: Expr) -> Expr:
    return simplify(Add(tuple(Mul((term, Pow(base, MINUS_ONE))) for term in expr.terms)))
