"""Whole divisions: a quotient where a bracket tells what is left over."""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.ir.indices import Integer, Quotient, Remainder
from tcgrad.ir.nodes import Delta, Expr, IndexValue, Iverson
from tcgrad.simplify.rules.deltas import range_guards


def quotient_and_rest(position: Integer) -> tuple[Quotient, Integer] | None:
    """The one quotient that a position has, once, and what is added to it; None where it has none or several."""
    found = [atom for atom in position.atoms if isinstance(atom, Quotient)]
    if len(found) != 1:
        return None
    rest = position - Integer.of(found[0])
    return None if found[0] in rest.atoms else (found[0], rest)


def lone_quotient(position: Integer) -> Quotient | None:
    """The quotient that a position is."""
    match position.terms:
        case ((((Quotient() as atom),), 1),):
            return atom
        case _:
            return None


def left_over(quotient: Quotient, guards: Iterable[Expr]) -> tuple[Integer, Expr] | None:
    """What a division leaves over where some guards hold, a number, and the one that tells it; None if none does."""
    told = ((told_remainder(guard), guard) for guard in guards)
    wanted = Remainder(quotient.dividend, quotient.divisor)
    return next(((found[1], guard) for found, guard in told if found is not None and found[0] == wanted), None)


def told_remainder(guard: Expr) -> tuple[Remainder, Integer] | None:
    """The remainder that a bracket or a delta says is some number, and that; None where it says no such thing."""
    match guard:
        case Iverson("==", IndexValue(left), IndexValue(right)) | Delta(left, right):
            for side, over in ((left, right), (right, left)):
                match side.terms:
                    case ((((Remainder() as atom),), 1),) if over.as_number is not None:
                        return atom, over
                    case _:
                        pass
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
