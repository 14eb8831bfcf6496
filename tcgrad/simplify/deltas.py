"""Contracting deltas: ``sum_k delta(k, e) f(k) = f(e)``, with the guard that ``e`` is in the range of ``k``."""

from __future__ import annotations

from dataclasses import dataclass

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, ZERO, Component, Const, Delta, Expr, IndexValue, Iverson
from tcgrad.simplify.ranges import is_negative, is_nonnegative


@dataclass(frozen=True)
class Solution:
    """``delta = 1`` solved for ``index``: its value, and what must hold besides."""

    index: Index
    value: Integer
    guards: tuple[Expr, ...]
    stride: int  # 0 where the solution needs no division

    @property
    def cost(self) -> tuple[int, int, int, int]:
        """Smaller is nicer: no division, few guards, the longest sum gone, a short value."""
        return self.stride, len(self.guards), -self.index.size.value, len(self.value.terms)


def solve(delta: Delta, index: Index) -> Solution | None:
    """Solve ``left = right`` for an index that occurs linearly, else None.

    With ``c*k + r = 0``: a unit coefficient gives ``k = -r/c`` exactly; a stride gives ``k = (-r/c) // |c|`` under the
    guard that the division leaves no remainder.
    """
    difference = delta.left - delta.right
    coefficient = difference.coefficient(index)
    if coefficient is None or not coefficient.terms:
        return None
    rest = difference - coefficient * index.expr
    if coefficient.terms[0][1] < 0:
        coefficient, rest = -coefficient, -rest
    target = -rest
    if coefficient.as_number == 1:
        guards = range_guards(target, index.size)
        return None if guards is None else Solution(index, target, guards, 0)
    if not is_nonnegative(coefficient - Integer.of(1)):
        return None
    value = target // coefficient
    divides = iverson("==", target % coefficient, Integer.of(0))
    guards = range_guards(target, coefficient * (index.size - Integer.of(1)) + Integer.of(1))
    return None if guards is None else Solution(index, value, (*_unless_true(divides), *guards), 1)


def range_guards(value: Integer, size: Integer) -> tuple[Expr, ...] | None:
    """The Iverson brackets for ``0 <= value < size`` that the ranges do not imply; None: it never holds."""
    plain = value.as_index
    if plain is not None and plain.size.value == size.value:
        return ()
    low = iverson(">=", value, Integer.of(0))
    high = iverson("<", value, size)
    return None if ZERO in (low, high) else (*_unless_true(low), *_unless_true(high))


def _unless_true(guard: Expr) -> tuple[Expr, ...]:
    return () if guard == ONE else (guard,)


def iverson(operator: str, left: Integer, right: Integer) -> Expr:
    """The Iverson bracket of two integer expressions; a constant where the ranges decide it."""
    difference = left - right
    match operator:
        case "<=" | ">=" | "<" | ">":
            slack = {"<=": -difference, ">=": difference, "<": -difference - 1, ">": difference - 1}[operator]
            if is_nonnegative(slack):
                return ONE
            return ZERO if is_negative(slack) else Iverson(operator, IndexValue(left), IndexValue(right))
        case "==" | "!=":
            if difference.as_number == 0:
                return ONE if operator == "==" else ZERO
            if is_negative(difference) or is_negative(-difference):
                return ZERO if operator == "==" else ONE
            return Iverson(operator, IndexValue(left), IndexValue(right))
        case _:
            raise ValueError(operator)


def simplify_delta(delta: Delta) -> Expr:
    """1 or 0 where the two sides are always or never equal, else the delta with its sides in order."""
    decided = iverson("==", delta.left, delta.right)
    if isinstance(decided, Const):
        return decided
    left, right = sorted((delta.left, delta.right), key=_side_order)
    return Delta(left, right)


def _side_order(side: Integer) -> tuple[int, int, int]:
    """Plain indices first, in the order they were made, literals last."""
    plain = side.as_index
    first = min((index.serial for index in side.indices), default=0)
    return (0, plain.serial, 0) if plain else (1 if side.indices else 2, first, side.as_number or 0)


def component_delta(component: Component, positions: tuple[Index, ...]) -> tuple[Expr, ...]:
    """``d x[e] / d x[s]`` as its factors ``delta(e, s)``, one for each axis."""
    return tuple(Delta(e, s.expr) for e, s in zip(component.indices, positions, strict=True))
