"""How far reads go beyond an array, and sizes that are enough for it whatever the dims are."""

from __future__ import annotations

from tcgrad.emit.sizes.fitting import Fitting, Overhang
from tcgrad.ir.indices import Atom, Dim, Integer, Quotient, Remainder
from tcgrad.ir.inequalities import normalise
from tcgrad.ir.ranges import bounds, least, least_undivided, never_negative

_ZERO = Integer.of(0)


def stays_inside(value: Integer, size: Integer, fitting: Fitting) -> bool:
    """Whether an expression stays from 0 to ``size``, at all sizes that fit."""
    low, high = overhang(value, size, fitting)
    return low is None and high is None


def overhang(value: Integer, size: Integer, fitting: Fitting) -> Overhang:
    """How far an expression can go below 0 and beyond ``size``; None where it does not, at any sizes that fit.

    What is read at many places is asked for again and again: kept once known.
    """
    known = fitting.overhangs.get((value, size))
    if known is None:
        known = fitting.overhangs[value, size] = _overhang(value, size, fitting)
    return known


def _overhang(value: Integer, size: Integer, fitting: Fitting) -> Overhang:
    found = _bounds(value)
    if found is None:
        return None, None
    low = None if _is_never_negative(value, fitting) else _beyond(found[0], fitting)
    high = None if _is_never_negative(size - 1 - value, fitting) else _beyond(size - 1 - found[1], fitting)
    return low, high


def _is_never_negative(value: Integer, fitting: Fitting) -> bool:
    """Whether the program says so of an expression with indices, or of its least value."""
    if fitting.is_read(value):
        return True
    solved = normalise(value)
    least = _bounds(solved) if solved is not value else None
    return least is not None and fitting.never_negative(least[0])


def _beyond(room: Integer, fitting: Fitting) -> Integer | None:
    """How much is missing where there may be less room than none; None where that cannot be."""
    least = least_undivided(room)
    return None if fitting.never_negative(room) or fitting.never_negative(least) else -least


def _bounds(value: Integer) -> tuple[Integer, Integer] | None:
    """The smallest and the largest value; None if not known, as for the components of an integer tensor."""
    low = high = Integer.of(0)
    for monomial, coefficient in value.terms:
        moving = [atom for atom in monomial if not isinstance(atom, Dim)]
        inner = _atom_bounds(moving[0]) if len(moving) == 1 else bounds(Integer.collect([(monomial, 1)]))
        if inner is None:
            return None
        still = tuple(atom for atom in monomial if isinstance(atom, Dim)) if len(moving) == 1 else ()
        ends = [end * Integer.collect([(still, coefficient)]) for end in inner]
        low, high = low + ends[coefficient < 0], high + ends[coefficient > 0]
    return low, high


def _atom_bounds(atom: Atom) -> tuple[Integer, Integer] | None:
    if isinstance(atom, Quotient):
        inner = _bounds(atom.dividend)
        return inner and (inner[0] // atom.divisor, inner[1] // atom.divisor)
    return bounds(Integer.of(atom))


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
