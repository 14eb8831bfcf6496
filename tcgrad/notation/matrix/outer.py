"""Sums of outer products: ``(u + v) (w + z)ᵀ`` for four of them, and sums in them opened where that is shorter."""

from __future__ import annotations

from itertools import product as pairs

from tcgrad.notation.matrix.binomials import addends
from tcgrad.notation.matrix.building import outer_pieces, product
from tcgrad.notation.matrix.common import Adding
from tcgrad.notation.matrix.nodes import MatMul, Matrix, Scale, Sum
from tcgrad.notation.matrix.scaling import scaled, unscaled
from tcgrad.notation.matrix.shape import shape
from tcgrad.notation.matrix.transpose import transpose
from tcgrad.notation.matrix.tree import length
from tcgrad.records import replace

Sides = tuple[Matrix, Matrix]  # the column and the row of an outer product


def with_outer_blocks(terms: list[Scale], add: Adding) -> list[Scale]:
    """The terms with one in the place of all products of some columns with some rows, two of each at least."""
    outer = {place: sides for place, term in enumerate(terms) if (sides := _sides(term))}
    rows_beside: dict[tuple[Scale, Matrix], dict[Matrix, int]] = {}
    for place, (column, row) in outer.items():
        rows_beside.setdefault((replace(terms[place], body=None), column), {})[row] = place
    alike: dict[tuple[Scale, tuple[Matrix, ...]], list[Matrix]] = {}
    for (scale, column), places in rows_beside.items():
        alike.setdefault((scale, tuple(places)), []).append(column)
    for (scale, rows), columns in alike.items():
        if len(rows) > 1 and len(columns) > 1:
            whole = scaled(product(add(columns), transpose(add(map(transpose, rows)))), (scale,))
            gone = {rows_beside[scale, column][row] for column in columns for row in rows}
            first = min(gone)
            return [unscaled(whole) if n == first else t for n, t in enumerate(terms) if n == first or n not in gone]
    return terms


def opened(terms: list[Scale], add: Adding) -> Matrix | None:
    """The sum with those in its outer products multiplied out; None where that is no shorter."""
    parts = [_multiplied_out(term) for term in terms]
    if all(len(own) == 1 for own in parts):
        return None
    made = add(part for term, own in zip(terms, parts, strict=True) for part in _flat(term, own))
    return made if length(made) < sum(map(length, terms)) else None


def _multiplied_out(term: Scale) -> list[Matrix]:
    sides = _sides(term)
    if sides is None:
        return [scaled(term)]
    ways = pairs(*(addends(side) or (side,) for side in sides))
    return [scaled(product(column, row), (replace(term, body=None),)) for column, row in ways]


def _flat(term: Scale, own: list[Matrix]) -> list[Matrix]:
    """The parts of a term, of ``2 (A + B)`` each."""
    inside = term.body.terms if isinstance(term.body, Sum) else ()
    return [scaled(part, (replace(term, body=None),)) for part in inside] or own


def _sides(term: Scale) -> Sides | None:
    if not isinstance(term.body, MatMul) or None in shape(term.body):
        return None
    pieces = outer_pieces(term.body.factors)
    if len(pieces) != 2:
        return None
    column, row = (product(*piece) for piece in pieces)
    return column, row
