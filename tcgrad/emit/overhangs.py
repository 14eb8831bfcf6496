"""How far reads go beyond an array: sizes that are enough whatever the dims are."""

from __future__ import annotations

from tcgrad.emit.fitting import Fitting
from tcgrad.ir.indices import Integer, Quotient, Remainder
from tcgrad.ir.ranges import least, never_negative

_ZERO = Integer.of(0)


def at_least(overhang: Integer | None, fitting: Fitting) -> Integer:
    """A size that is never negative and, at all sizes that fit, never less than the one given; 0 for None."""
    if overhang is None:
        return _ZERO
    overhang = _of_naturals(overhang, fitting)
    size = _positive_terms(overhang)
    if size.divides and not never_negative(size):
        size = _positive_terms(_without_divisions(overhang))
    while not never_negative(size):
        size = size + 1
    return size


def _of_naturals(size: Integer, fitting: Fitting) -> Integer:
    """At least as large: ``-(a//b)`` is at most ``(-a)//b + 1``, which tells more where ``a`` can be negative."""
    total = _ZERO
    for monomial, coefficient in size.terms:
        match monomial:
            case (Quotient(dividend=a, divisor=b),) if coefficient < 0 and not fitting.never_negative(a):
                total = total + ((-a) // b + 1) * -coefficient
            case _:
                total = total + Integer.collect([(monomial, coefficient)])
    return total


def _positive_terms(size: Integer) -> Integer:
    """At least as large: of what is taken off only the least that it can be."""
    return Integer.collect((m, c) if c > 0 else ((), c * least(m)) for m, c in size.terms)


def _without_divisions(size: Integer) -> Integer:
    """Dims alone, at least as large: of what is divided the whole is taken, and what is taken off is left out."""
    total = _ZERO
    for monomial, coefficient in size.terms:
        product = Integer.of(coefficient)
        for atom in monomial:
            match atom:
                case Quotient():
                    product = product * (_without_divisions(atom.dividend) if coefficient > 0 else _ZERO)
                case Remainder():
                    product = product * (_without_divisions(atom.divisor) if coefficient > 0 else _ZERO)
                case _:
                    product = product * Integer.of(atom)
        total = total + product
    return total
