"""Sums of indices, sizes and whole numbers as one integer: ``2 (k + 2) - 1 = 2 k + 3``, as when ``k`` is shifted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Const, IndexValue
from tcgrad.ir.traversal import product_of
from tcgrad.simplify.order import Term


def terms_of_integer(value: Integer) -> Iterator[Term]:
    """The terms of an integer, which merge with others of a sum."""
    for atoms, coefficient in value.terms:
        yield Fraction(coefficient), product_of([IndexValue(Integer.of(atom)) for atom in atoms])


def as_one_integer(terms: Sequence[Term]) -> Integer | None:
    """What terms are together if each is a whole number times a size, the same index or 1; None of other sums.

    One of several indices stays a sum, whose terms are broadcast over each other's.
    """
    total = Integer.of(0)
    for coefficient, rest in terms:
        match rest:
            case IndexValue(value=Integer(terms=((_, 1),)) as value) if coefficient.denominator == 1:
                total += value * coefficient.numerator
            case Const(value=1) if coefficient.denominator == 1:
                total += coefficient.numerator
            case _:
                return None
    return total if len(total.indices) < 2 else None
