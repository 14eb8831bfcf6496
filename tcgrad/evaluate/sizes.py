"""Sizes under other values of the dims than those they were made with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tcgrad.ir.indices import Atom, Dim, Gather, Index, Integer, Quotient, Remainder


@lru_cache(maxsize=2**14)
def resized_value(size: Integer, sizes: tuple[tuple[str, int], ...]) -> int:
    """The number that ``size`` is with the dims replaced by those numbers; it is asked for again and again."""
    return resized(size, dict(sizes)).value


def resized(size: Integer, sizes: Mapping[str, int]) -> Integer:
    """``size`` with the dims that ``sizes`` names replaced by those numbers."""
    total = Integer.of(0)
    for monomial, coefficient in size.terms:
        product = Integer.of(coefficient)
        for atom in monomial:
            product = product * _resized_atom(atom, sizes)
        total = total + product
    return total


def _resized_atom(atom: Atom, sizes: Mapping[str, int]) -> Integer:
    match atom:
        case Dim():
            return Integer.of(sizes.get(atom.name, atom.value))
        case Quotient():
            return resized(atom.dividend, sizes) // resized(atom.divisor, sizes)
        case Remainder():
            return resized(atom.dividend, sizes) % resized(atom.divisor, sizes)
        case Index() | Gather():
            return Integer.of(atom)
