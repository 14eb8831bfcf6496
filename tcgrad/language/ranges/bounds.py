"""Interval arithmetic on integer expressions, with bounds that stay symbolic in the dims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tcgrad.ir.indices import Atom, Dim, Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.ranges import floor
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Interval:
    """All integers from ``low`` to ``high``, both included."""

    low: Integer
    high: Integer

    @property
    def is_empty(self) -> bool:
        return self.high.value < self.low.value

    def scaled(self, factor: Integer) -> Interval:
        ends = (self.low * factor, self.high * factor)
        return Interval(*ends) if factor.value >= 0 else Interval(*reversed(ends))

    def plus(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def times(self, other: Interval) -> Interval:
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(corners, key=_value), max(corners, key=_value))


Ranges = Mapping[Index, Interval]


def _value(integer: Integer) -> int:
    return integer.value


def point(integer: Integer) -> Interval:
    return Interval(integer, integer)


def interval(integer: Integer, ranges: Ranges) -> Interval | None:
    """The values that ``integer`` can take; None if one of its indices has no range, or a gather occurs.

    It is exact where no index occurs in two of the terms, and never too narrow.
    """
    total = point(Integer.of(0))
    for monomial, coefficient in integer.terms:
        product = point(Integer.of(1))
        for atom in monomial:
            factor = _atom_interval(atom, ranges)
            if factor is None:
                return None
            product = _interval_product(product, factor)
        total = total.plus(product.scaled(Integer.of(coefficient)))
    return total


def least(integer: Integer, ranges: Ranges) -> Integer | None:
    """The least value of ``integer``, whatever the dims are; None where interval arithmetic does not tell exactly."""
    atoms = [atom for atom in integer.atoms if Integer.of(atom).indices]
    found = [index for atom in atoms for index in Integer.of(atom).indices]
    if len(set(found)) < len(found) or any(isinstance(atom, Remainder) for atom in _deep(integer)):
        return None
    values = interval(integer, ranges)
    return None if values is None else values.low


def _deep(integer: Integer) -> Iterator[Atom]:
    """The atoms of an expression, and those in its quotients and remainders."""
    for atom in integer.atoms:
        yield atom
        if isinstance(atom, Quotient | Remainder):
            yield from _deep(atom.dividend)


def _interval_product(left: Interval, right: Interval) -> Interval:
    """The product of two; by a single value it keeps the ends in their order, also where there is nothing between."""
    if left.low == left.high:
        return right.scaled(left.low)
    return left.scaled(right.low) if right.low == right.high else left.times(right)


def _atom_interval(atom: Atom, ranges: Ranges) -> Interval | None:
    match atom:
        case Dim():
            return point(Integer.of(atom))
        case Index():
            return ranges.get(atom)
        case Gather():
            return None
        case Quotient():
            inner = interval(atom.dividend, ranges)
            return inner and Interval(floor(inner.low, atom.divisor), floor(inner.high, atom.divisor))
        case Remainder():
            inner = interval(atom.dividend, ranges)
            if inner is not None and inner.low.value >= 0 and inner.high.value < atom.divisor.value:
                return inner
            return Interval(Integer.of(0), atom.divisor - 1)


def solve_at_least_zero(expr: Integer, index: Index, ranges: Ranges) -> tuple[Integer | None, Integer | None] | None:
    """The bounds, both included, between which ``index`` keeps ``expr >= 0`` for all values of the other indices.

    One of the two is None: the inequality is linear. None alone: it is not linear in ``index``, or does not tell.
    """
    coefficient = expr.coefficient(index)
    if coefficient is None or coefficient.value == 0:
        return None
    rest = interval(expr - coefficient * index.expr, ranges)
    if rest is None:
        return None
    if coefficient.value > 0:
        return -(rest.low // coefficient), None
    return None, floor(rest.low, -coefficient)
