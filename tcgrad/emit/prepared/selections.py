"""Brackets of equal positions as deltas: ``sum_n [c[b] = n] x[n]`` is ``x[c[b]]``, and ``sum_b [c[b] = n] y[b]`` adds
each ``y[b]`` at ``c[b]``.

The bracket is for people; of it the machine would make an array of all pairs of positions.
"""

from __future__ import annotations

from tcgrad.ir.indices import Gather, Index, Integer
from tcgrad.ir.nodes import Delta, Expr, IndexSum, Iverson
from tcgrad.ir.reads import as_position
from tcgrad.ir.traversal import factors_of, map_children, product_of, sorts_in
from tcgrad.simplify import simplify


def selected(expr: Expr) -> Expr:
    """The expression with the deltas that such factors of sums are, contracted; the very same if there are none."""
    found = _selected(expr) if Iverson in sorts_in(expr) else expr
    return expr if found is expr else simplify(found)


def _selected(expr: Expr) -> Expr:
    inner = map_children(expr, _selected)
    if not isinstance(inner, IndexSum):
        return inner
    factors = factors_of(inner.body)
    deltas = [_delta(factor, inner.indices) for factor in factors]
    if not any(deltas):
        return inner
    return IndexSum(inner.indices, product_of([delta or factor for delta, factor in zip(deltas, factors, strict=True)]))


def _delta(factor: Expr, summed: tuple[Index, ...]) -> Delta | None:
    """The delta that a bracket is which equates an index and an element of an integer tensor, one of them summed over;
    None for any other factor.
    """
    if not isinstance(factor, Iverson) or factor.operator != "==":
        return None
    left, right = as_position(factor.left), as_position(factor.right)
    if left is None or right is None or not _selects(left, right):
        return None
    return Delta(left, right) if any(index in summed for index in (*left.indices, *right.indices)) else None


def _selects(left: Integer, right: Integer) -> bool:
    element, index = (right, left) if right.as_index is None else (left, right)
    return index.as_index is not None and len(element.atoms) == 1 and isinstance(element.atoms[0], Gather)
