"""What the ranges of indices imply about integer expressions, for all sizes of at least 1."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from tcgrad.ir.indices import Atom, Dim, Index, Integer, Monomial, Quotient, Remainder

_ONE = Integer.of(1)

# The same few positions are asked about again and again.
_MOST_REMEMBERED = 2**12


def never_negative(size: Integer) -> bool:
    """Whether an expression in dims alone is provably at least 0, whatever the dims are."""
    lowest = _lowest(_without_pairs(size))
    if lowest is not None:
        return lowest >= 0
    smaller = _fewer_taken_off(size)
    return smaller != size and never_negative(smaller)


def _lowest(size: Integer) -> int | None:
    """A number that a size is never below; None where something is taken off that may be large."""
    lowest = 0
    for monomial, coefficient in size.terms:
        if monomial and (coefficient < 0 or not all(map(_is_natural, monomial))):
            return None
        lowest += coefficient * least(monomial)
    return lowest


def _fewer_taken_off(size: Integer) -> Integer:
    """At most as large, with fewer divisions in what is taken off."""
    total = Integer.of(0)
    for monomial, coefficient in size.terms:
        term = Integer(((monomial, coefficient),))
        total = total + (term if coefficient > 0 else least_undivided(term))
    return total


def least_undivided(size: Integer) -> Integer:
    """A size that is no larger, with fewer divisions: ``c*(a//c)`` is at most ``a`` and at least ``a - c + 1``."""
    total = Integer.of(0)
    for monomial, coefficient in size.terms:
        total = total - _most_of_term(monomial, -coefficient)
    return total


def _most_of_term(monomial: Monomial, coefficient: int) -> Integer:
    for place, atom in enumerate(monomial):
        others = (*monomial[:place], *monomial[place + 1 :])
        if isinstance(atom, Quotient) and all(map(_is_natural, others)):
            times, left = split_multiples(Integer(((others, coefficient),)), atom.divisor)
            if not left.terms:
                return times * (atom.dividend if coefficient > 0 else atom.dividend - atom.divisor + 1)
    return Integer(((monomial, coefficient),))


def _without_pairs(size: Integer) -> Integer:
    """No larger, without a difference of quotients that the dividends say enough of: ``(N-1)//2 - (N-2)//2 >= 0``, and
    in general ``a//c - b//c >= (a-b)//c``.
    """
    quotients = [
        (monomial[0], coefficient)
        for monomial, coefficient in size.terms
        if len(monomial) == 1 and isinstance(monomial[0], Quotient)
    ]
    for large, coefficient in quotients:
        for small, negative in quotients:
            if coefficient >= -negative > 0 and large.divisor == small.divisor:
                gap = large.dividend - small.dividend
                apart = (gap // large.divisor).as_number
                if apart is not None or never_negative(gap):
                    return size - (Integer.of(large) - Integer.of(small) - (apart or 0)) * -negative
    return size


def least(monomial: Monomial) -> int:
    """The least value that is known of a product of dims and of divisions of them."""
    return prod(atom.least if isinstance(atom, Dim) else 0 for atom in monomial)


def _is_natural(atom: object) -> bool:
    """Whether an atom is a dim or a division of dims that is at least 0."""
    match atom:
        case Dim():
            return True
        case Quotient():
            return never_negative(atom.dividend)
        case Remainder():
            return not atom.dividend.indices
        case _:
            return False


@lru_cache(maxsize=_MOST_REMEMBERED)
def bounds(integer: Integer) -> tuple[Integer, Integer] | None:
    """The smallest and the largest value over the ranges of the indices, as sizes; None if not known.

    Each index is taken on its own, so the bounds hold but need not be attained.
    """
    low = high = Integer.of(0)
    for monomial, coefficient in integer.terms:
        product = (Integer.of(coefficient), Integer.of(coefficient))
        fixed = Integer(((monomial, coefficient),))
        if not fixed.indices and not fixed.gathers:
            low, high = low + fixed, high + fixed
            continue
        for atom in monomial:
            if isinstance(atom, Dim):
                factor = (Integer.of(atom), Integer.of(atom))
            elif (inner := _atom_bounds(atom)) is not None and never_negative(inner[0]):
                factor = inner
            else:
                return None
            product = product[0] * factor[0], product[1] * factor[1]
        if coefficient < 0:
            product = product[1], product[0]
        low, high = low + product[0], high + product[1]
    return low, high


def _atom_bounds(atom: object) -> tuple[Integer, Integer] | None:
    match atom:
        case Index():
            return Integer.of(0), atom.size - _ONE
        case Remainder():
            return Integer.of(0), atom.divisor - _ONE
        case Quotient():
            inner = bounds(atom.dividend)
            return None if inner is None else (floor(inner[0], atom.divisor), floor(inner[1], atom.divisor))
        case _:
            return None


def floor(dividend: Integer, divisor: Integer) -> Integer:
    """``(W*a + b) // W`` is ``a`` for ``0 <= b < W``, ``a - 1`` for ``-W <= b < 0``, and else ``a + b//W``."""
    whole, rest = split_multiples(dividend, divisor)
    for shift in (0, 1):
        moved = rest + divisor * shift
        if is_nonnegative(moved) and is_nonnegative(divisor - _ONE - moved):
            return whole - shift
    return whole + rest // divisor


def is_nonnegative(integer: Integer) -> bool:
    """Whether the expression is at least 0 for every value of its indices."""
    found = bounds(integer)
    return found is not None and never_negative(found[0])


def is_negative(integer: Integer) -> bool:
    """Whether the expression is below 0 for every value of its indices."""
    return is_nonnegative(-integer - _ONE)


def reduced(integer: Integer) -> Integer:
    """The expression with quotients and remainders worked out where the ranges allow: ``(W*p + q)//W = p``."""
    return _reduced(integer) if integer.divides else integer


@lru_cache(maxsize=_MOST_REMEMBERED)
def _reduced(integer: Integer) -> Integer:
    def divided(atom: Atom) -> Integer:
        return _reduced_division(atom) if isinstance(atom, Quotient | Remainder) else Integer.of(atom)

    return _rejoined(integer.map_atoms(divided))


def _rejoined(integer: Integer) -> Integer:
    """``W*(e//W) + e%W = e``, ``e - W*(e//W) = e%W`` and ``e%(V*W) - W*(e//W%V) = e%W``"""
    for monomial, coefficient in integer.terms:
        for atom in monomial:
            if not isinstance(atom, Quotient | Remainder):
                continue
            high = atom.divisor * Integer.of(Quotient(atom.dividend, atom.divisor))
            low = Integer.of(Remainder(atom.dividend, atom.divisor))
            if isinstance(atom, Remainder) and _holds(integer, high * coefficient):
                return integer + (atom.dividend - high - low) * coefficient
            if isinstance(atom, Quotient) and _holds(integer, atom.dividend - high):
                return integer - atom.dividend + high + low
            middle = _without_middle_digit(atom)
            if middle is not None and _holds(integer, middle[0]):
                return integer - middle[0] + middle[1]
    return integer


def _without_middle_digit(atom: Quotient | Remainder) -> tuple[Integer, Integer] | None:
    """``e%(V*W) - W*(e//W%V)`` and the ``e%W`` that it is, for an atom ``e//W%V``; else None."""
    match atom:
        case Remainder(dividend=Integer(terms=((((Quotient() as inner),), 1),))):
            both = Integer.of(Remainder(inner.dividend, inner.divisor * atom.divisor))
            return both - inner.divisor * Integer.of(atom), inner.dividend % inner.divisor
        case _:
            return None


def _holds(integer: Integer, part: Integer) -> bool:
    """Whether all terms of a part are terms of the whole."""
    return all(term in integer.terms for term in part.terms)


def _reduced_division(atom: Quotient | Remainder) -> Integer:
    """``W*a + b`` divided by ``W`` is ``a + b//W`` with the remainder ``b%W``: ``a`` and ``b`` where ``0 <= b < W``."""
    dividend = reduced(atom.dividend)
    if isinstance(atom, Remainder):
        dividend = _without_remainders(dividend, atom.divisor)
    whole, rest = split_multiples(dividend, atom.divisor)
    if is_nonnegative(rest) and is_nonnegative(atom.divisor - _ONE - rest):
        return whole if isinstance(atom, Quotient) else rest
    nested = _nested_division(dividend, atom)
    if nested is not None:
        return reduced(nested)
    return whole + rest // atom.divisor if isinstance(atom, Quotient) else rest % atom.divisor


def _without_remainders(dividend: Integer, divisor: Integer) -> Integer:
    """``(e%W + r) % W = (e + r) % W``"""
    total = Integer.of(0)
    for monomial, coefficient in dividend.terms:
        match monomial:
            case (Remainder(dividend=inner, divisor=own),) if own == divisor:
                total = total + inner * coefficient
            case _:
                total = total + Integer(((monomial, coefficient),))
    return total


def _nested_division(dividend: Integer, atom: Quotient | Remainder) -> Integer | None:
    """``e//V//W = e//(V*W)``, ``e%(V*W)//W = e//W%V`` and ``e%(V*W)%W = e%W``, else None."""
    match dividend.terms:
        case ((((Quotient() as inner),), 1),) if isinstance(atom, Quotient):
            return inner.dividend // (inner.divisor * atom.divisor)
        case ((((Remainder() as inner),), 1),):
            high, rest = split_multiples(inner.divisor, atom.divisor)
            if rest.terms:
                return None
            low = inner.dividend // atom.divisor
            return low % high if isinstance(atom, Quotient) else inner.dividend % atom.divisor
        case _:
            return None


def split_multiples(dividend: Integer, divisor: Integer) -> tuple[Integer, Integer]:
    """``a`` and ``b`` of ``dividend = divisor*a + b``, all terms that the divisor divides being in ``a``."""
    if len(divisor.terms) != 1:
        return Integer.of(0), dividend
    ((atoms, number),) = divisor.terms
    whole, rest = [], []
    for monomial, coefficient in dividend.terms:
        left = list(monomial)
        for atom in atoms:
            if atom in left:
                left.remove(atom)
        if len(left) == len(monomial) - len(atoms) and coefficient % number == 0:
            whole.append((tuple(left), coefficient // number))
        else:
            rest.append((monomial, coefficient))
    return Integer.collect(whole), Integer.collect(rest)
