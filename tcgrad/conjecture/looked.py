"""Expressions by their values at a few points: those that are equal there are found together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from tcgrad.conjecture.values import At, NoValueError, Point
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Expr, Mul, Pow
from tcgrad.ir.traversal import children, indices_within

_TOLERANCE = 1e-9
_NOUGHT = 1e-11

_OF_PARTS = (Add, Mul)


def has_all_indices(points: Sequence[Point], body: Expr) -> bool:
    """Whether every index of a formula has a value at every point: one of a length ``N - 3`` may have none."""
    return all(point.size(index.size, {}) > 0 for point in points for index in indices_within(body))


class Looked:
    """The expressions that were looked at for one formula, by what they are at the first point.

    body: the formula, whose indices have a value each at every point.
    """

    def __init__(self, points: Sequence[Point], body: Expr) -> None:
        self._points = points
        self._at = [_spread(point, indices_within(body), turn) for turn, point in enumerate(points)]
        self._known: list[dict[Expr, float | None]] = [{} for _ in points]
        self._groups: dict[str, dict[Expr, None]] = {}
        self._joined: dict[Expr, float] = {ONE: 1.0}  # with the value at the first point

    def note(self, expr: Expr, *, joined: bool = False) -> None:
        """Let an expression be found; nothing, where it has no value at the first point.

        joined: also as a part of a sum, a product or a quotient of two.
        """
        value = self._value(expr, 0)
        if value is not None:
            self._groups.setdefault(_group(value), {})[expr] = None
            if joined:
                self._joined[expr] = value

    def equal_to(self, expr: Expr, is_wanted: Callable[[Expr], bool], *, joined: bool) -> Iterator[Expr]:
        """The wanted expressions among those noted that have the value of one at all points.

        joined: also sums, products and quotients of two.
        """
        value = self._value(expr, 0)
        turns = range(len(self._points))
        for other in self._candidates(value, joined=joined) if value is not None else ():
            if is_wanted(other) and all(self._are_equal(expr, other, turn) for turn in turns):
                yield other

    def _candidates(self, value: float, *, joined: bool) -> Iterator[Expr]:
        """What has a value at the first point."""
        groups = self._groups
        yield from groups.get(_group(value), ())
        for one, found in self._joined.items() if joined and abs(value) > _NOUGHT else ():
            own = found or 1.0
            for wanted, joins in (
                (value - own, _added),
                (own - value, _subtracted),
                (-value - own, _added_and_turned),
                (value / own, _multiplied),
                (-value / own, _multiplied_and_turned),
                (own / value, _divided),
            ):
                for other in groups.get(_group(wanted), ()):
                    if other in self._joined:
                        yield joins(one, other)

    def _are_equal(self, one: Expr, other: Expr, turn: int) -> bool:
        left, right = self._value(one, turn), self._value(other, turn)
        if left is None or right is None:
            return False
        return math.isclose(left, right, rel_tol=_TOLERANCE, abs_tol=_NOUGHT)

    def _value(self, expr: Expr, turn: int) -> float | None:
        """The value at one of the points; None if there is none."""
        known = self._known[turn]
        try:
            return known[expr]
        except KeyError:
            found = known[expr] = self._worked_out(expr, turn)
            return found

    def _worked_out(self, expr: Expr, turn: int) -> float | None:
        """Of a sum of terms or a product by its parts, which are those of others, too."""
        if isinstance(expr, _OF_PARTS):
            parts = [self._value(part, turn) for part in children(expr)]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            return math.fsum(known) if isinstance(expr, Add) else math.prod(known)
        try:
            found = self._points[turn].value(expr, self._at[turn])
        except NoValueError:
            return None
        return found if math.isfinite(found) else None


def _added(one: Expr, other: Expr) -> Expr:
    return Add((one, other))


def _subtracted(one: Expr, other: Expr) -> Expr:
    return Add((one, Mul((MINUS_ONE, other))))


def _added_and_turned(one: Expr, other: Expr) -> Expr:
    return Mul((MINUS_ONE, Add((one, other))))


def _multiplied(one: Expr, other: Expr) -> Expr:
    return Mul((other, one))


def _multiplied_and_turned(one: Expr, other: Expr) -> Expr:
    return Mul((MINUS_ONE, other, one))


def _divided(one: Expr, other: Expr) -> Expr:
    return Mul((one, Pow(other, MINUS_ONE)))


def _group(value: float) -> str:
    return "0" if -_NOUGHT < value < _NOUGHT else f"{value:.6e}"


def _spread(point: Point, indices: Sequence[Index], turn: int) -> At:
    """Values for indices, as different as the sizes allow, and others at every turn."""
    at: dict[Index, int] = {}
    taken: dict[int, int] = {}
    for index in indices:
        count = point.size(index.size, {})
        taken[count] = taken.get(count, turn) + 1
        at[index] = taken[count] % count
    return at
