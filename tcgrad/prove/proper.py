"""Exponents with symbols below a line in one form: ``S^(e/(1 - e))`` is ``S^(1/(1 - e) - 1)``."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import factors_of, product_of, terms_of
from tcgrad.simplify.canonical import key
from tcgrad.simplify.expand import expand
from tcgrad.simplify.powers import split_coefficient

_MOST_STEPS = 8


def with_proper_fractions(exponent: Expr) -> Expr:
    """An expression whose terms over a sum have the sum's first symbol no more above the line; expanded.

    ``t/(c t + r) = 1/c - r/(c (c t + r))`` takes one ``t`` away each time.
    """
    made = expand(exponent)
    for _ in range(_MOST_STEPS):
        terms = terms_of(made)
        found = next(((term, proper) for term in terms if (proper := _taken_out(term)) is not None), None)
        if found is None:
            break
        improper, proper = found
        made = expand(Add((proper, *(term for term in terms if term is not improper), Const(Fraction(0)))))
    return made


def _taken_out(term: Expr) -> Expr | None:
    factors = list(factors_of(term))
    for divisor in factors:
        if isinstance(divisor, Pow) and divisor.exponent == MINUS_ONE and isinstance(divisor.base, Add):
            parts = sorted(map(split_coefficient, divisor.base.terms), key=lambda part: key(part[1]))
            coefficient, symbol = next(part for part in parts if part[1] != ONE)
            if symbol in factors:
                rest = [Mul((Const(number), body)) for number, body in parts if body != symbol]
                whole = Add((ONE, Mul((MINUS_ONE, Add((*rest, Const(Fraction(0)))), divisor))))
                others = [factor for factor in factors if factor is not divisor and factor != symbol]
                return Mul((Const(1 / coefficient), product_of(others), whole))
    return None
