"""Positions that count as numbers, as sums of their parts.

``p - 2*m`` is one integer where an index was solved for, and a sum where somebody wrote it.
"""

from __future__ import annotations

from tcgrad.ir.indices import Atom, Gather, Integer
from tcgrad.ir.nodes import Add, Component, Expr, IndexValue, Iverson, Mul, const
from tcgrad.ir.reads import as_position
from tcgrad.ir.traversal import map_children


def with_places_as_sums(expr: Expr) -> Expr:
    """The same value; what compares two positions keeps them, for they say which ranges hold."""
    match expr:
        case IndexValue():
            return as_sum(expr)
        case Iverson(_, left, right) if as_position(left) is not None and as_position(right) is not None:
            return expr
        case _:
            return map_children(expr, with_places_as_sums)


def as_sum(place: IndexValue) -> Expr:
    """``2*i*N - n[j] + 1`` as a sum of products of one index, size or component each."""
    value = place.value
    if value.as_index is not None or value.as_number is not None:
        return place
    terms = tuple(
        Mul((const(coefficient), *map(_number, monomial))) if monomial else const(coefficient)
        for monomial, coefficient in value.terms
    )
    return Add(terms) if len(terms) > 1 else terms[0]


def _number(atom: Atom) -> Expr:
    return Component(atom.tensor, atom.indices) if isinstance(atom, Gather) else IndexValue(Integer.of(atom))
