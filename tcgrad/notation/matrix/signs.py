"""Signs and numbers of terms, as every syntax splits them."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.notation.matrix.nodes import Matrix, Number, Scale


def split_sign(term: Matrix) -> tuple[Matrix, bool]:
    """The term without its minus sign, and whether it had one."""
    match term:
        case Number(value=value) if value < 0:
            return Number(-value), True
        case Scale(coefficient=c) if c < 0:
            if c == -1 and not term.divisors and len(term.factors) + (term.body is not None) == 1:
                return term.body or term.factors[0], True
            return Scale(-c, term.factors, term.divisors, term.body), True
        case _:
            return term, False


def split_number(value: Fraction) -> tuple[Fraction, int]:
    """The number in front and the whole number below the fraction bar; a decimal stays in front."""
    return (value, 1) if is_decimal(value) else (Fraction(value.numerator), value.denominator)


def is_decimal(value: Fraction) -> bool:
    """Whether a number reads better as a decimal than as a ratio: 0.1, but 1/8."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 and (value.denominator % 5 == 0 or value.denominator > 64)
