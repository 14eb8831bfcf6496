"""Whole divisions: a quotient where a bracket tells what is left over."""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.ir.indices import Integer, Quotient, Remainder
from tcgrad.ir.nodes import Delta, Expr, IndexValue, Iverson
from tcgrad.simplify.deltas import range_guards


def lone_quotient(position: Integer) -> Quotient | None:
    """The quotient that a position is."""
    match position.terms:
        case ((((Quotient() as atom),), 1),):
            return atom
        case _:
            return None


def left_over(quotient: Quotient, guards: Iterable[Expr]) -> tuple[Integer, Expr] | None:
    """What a division leaves over where some guards hold, a number, and the one that tells it; None if none does."""
    remainder = Integer.of(Remainder(quotient.dividend, quotient.divisor))
    for guard in guards:
        match guard:
            case Iverson("==", IndexValue(left), IndexValue(right)) | Delta(left, right):
                for over in (right, left):
                    if left + right - over == remainder and over.as_number is not None:
                        return over, guard
    return None


def whole_division(delta: Delta, guards: Iterable[Expr]) -> tuple[Delta, Expr] | None:
    """``delta(p, e//W) [e%W = r]`` as ``delta(e, W*p + r)``: that delta, and the bracket, which it says again."""
    for side, other in ((delta.left, delta.right), (delta.right, delta.left)):
        quotient = lone_quotient(side - side.constant)
        told = left_over(quotient, guards) if quotient is not None else None
        if quotient is not None and told is not None and range_guards(told[0], quotient.divisor) == ():
            whole = quotient.divisor * (other - side.constant) + told[0]
            return Delta(quotient.dividend, whole), told[1]
    return None
