"""The sign of a term, apart from the term."""

from __future__ import annotations

from tcgrad.notation.matrix import Matrix, Number, Scale


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
