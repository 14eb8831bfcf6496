"""Inequalities of integer expressions without their quotients.

``a//c + b >= 0`` is ``a + c*b >= 0``, and ``b - a//c >= 0`` is ``c*b + c - 1 - a >= 0``, for integers.
"""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.ir.indices import Atom, Integer, Quotient


def normalise(expr: Integer) -> Integer:
    """An expression that is at least 0 wherever ``expr`` is, and nowhere else, with outer quotients solved.

    Outer are those that hold all the indices of the expression.
    """
    while (solved := _solved(expr, lambda atom: bool(Integer.of(atom).indices))) is not None:
        expr = solved
    return expr


def undivided(size: Integer) -> Integer:
    """A size that is at least 0 where the given one is, and nowhere else, without its quotient if it has just one."""
    solved = _solved(size, lambda atom: isinstance(atom, Quotient))
    return size if solved is None else solved


def _solved(expr: Integer, counts: Callable[[Atom], bool]) -> Integer | None:
    """The same inequality without its quotient, if that is all of the one term with an atom that ``counts``."""
    match [(monomial, c) for monomial, c in expr.terms if any(map(counts, monomial))]:
        case [((Quotient() as quotient,), 1 | -1 as sign)]:
            slack = (expr - Integer.of(quotient) * sign) * quotient.divisor
            return quotient.dividend + slack if sign > 0 else slack + quotient.divisor - 1 - quotient.dividend
    return None
