"""``1 - delta(a, b)`` as the bracket ``[a != b]``, where it leaves something out of what is worked out for both: a
comparison of positions, and no difference.
"""

from __future__ import annotations

from tcgrad.ir.nodes import Delta, Expr, Mul
from tcgrad.ir.traversal import map_children, product_of, sorts_in
from tcgrad.simplify.rules.deltas import iverson
from tcgrad.simplify.rules.exclusion import excluding


def with_exclusions(expr: Expr) -> Expr:
    """The expression with such factors of products as brackets; the very same if there are none."""
    if Delta not in sorts_in(expr):
        return expr
    inner = map_children(expr, with_exclusions)
    if not isinstance(inner, Mul):
        return inner
    deltas = [excluding(factor, inner.factors) for factor in inner.factors]
    if not any(deltas):
        return inner
    pairs = zip(deltas, inner.factors, strict=True)
    return product_of([iverson("!=", delta.left, delta.right) if delta else factor for delta, factor in pairs])
