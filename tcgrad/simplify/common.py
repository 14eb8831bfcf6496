"""Factors that all terms of a sum have in common, taken out: ``y a - y b = y (a - b)``."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.ir.nodes import ONE, Const, Expr, Mul
from tcgrad.simplify.canonical import key

Term = tuple[Fraction, Expr]


def take_out(terms: list[Term]) -> tuple[list[Expr], list[Term]]:
    """The common factors of two or more terms, and the terms without them; a number only where it is in every term.

    Powers of one base are taken out only where they are the same in every term: ``x^3 + x^2`` stays.
    """
    factored = [_factors(rest) for _, rest in terms]
    shared = [name for name in factored[0] if all(name in other for other in factored[1:])]
    common = [factored[0][name] for name in shared]
    rests = [_product([f for name, f in factors.items() if name not in shared]) for factors in factored]
    sizes = {abs(coefficient) for coefficient, _ in terms}
    number = next(iter(sizes)) if len(sizes) == 1 else Fraction(1)
    if number != 1:
        common.insert(0, Const(number))
    return common, [(coefficient / number, rest) for (coefficient, _), rest in zip(terms, rests, strict=True)]


def _factors(rest: Expr) -> dict[str, Expr]:
    factors = rest.factors if isinstance(rest, Mul) else () if rest == ONE else (rest,)
    return {key(factor): factor for factor in factors}


def _product(factors: list[Expr]) -> Expr:
    return factors[0] if len(factors) == 1 else Mul(tuple(factors)) if factors else ONE
