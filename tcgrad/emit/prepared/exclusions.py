"""``1 - delta(a, b)`` as the bracket ``[a != b]``, alone or where it leaves something out of what is worked out for
both: a comparison of positions, and no difference.
"""

from __future__ import annotations

from tcgrad.ir.nodes import Delta, Expr, Mul
from tcgrad.ir.traversal import map_children, product_of, sorts_in
from tcgrad.simplify.rules.deltas import iverson
from tcgrad.simplify.rules.weights import complement_of, stays_whole


def with_exclusions(expr: Expr) -> Expr:
    """The expression, or such factors of products in it, as brackets; the very same if there are none."""
    return _bracket(complement_of(expr)) or _beside_functions(expr)


def _beside_functions(expr: Expr) -> Expr:
    if Delta not in sorts_in(expr):
        return expr
    inner = map_children(expr, _beside_functions)
    if not isinstance(inner, Mul):
        return inner
    brackets = [
        _bracket(complement_of(factor)) if stays_whole(factor, inner.factors) else None for factor in inner.factors
    ]
    if not any(brackets):
        return inner
    return product_of([bracket or factor for bracket, factor in zip(brackets, inner.factors, strict=True)])


def _bracket(delta: Delta | None) -> Expr | None:
    return None if delta is None else iverson("!=", delta.left, delta.right)
