"""``1 - delta(a, b)`` as the bracket ``[a != b]``, alone or where it leaves something out of what is worked out for
both: a comparison of positions, and no difference. ``1 - [a < b]`` as ``[a >= b]`` anywhere, and a choice of 0 where
positions compare so as one where they do not: what a condition leaves out is told by one factor, or one branch.
"""

from __future__ import annotations

from tcgrad.ir.guards import is_structural
from tcgrad.ir.nodes import ZERO, Delta, Expr, Iverson, Mul, Where
from tcgrad.ir.traversal import map_children, product_of, sorts_in
from tcgrad.simplify.rules.deltas import iverson
from tcgrad.simplify.rules.weights import complement_of, opposite_of, stays_whole


def with_exclusions(expr: Expr) -> Expr:
    """The expression, or such factors of products in it, as brackets; the very same if there are none."""
    return _bracket(complement_of(expr)) or _beside_functions(_with_conditions_turned(expr))


def _with_conditions_turned(expr: Expr) -> Expr:
    if Iverson not in sorts_in(expr):
        return expr
    match map_children(expr, _with_conditions_turned):
        case Where(Iverson() as bracket, nothing, otherwise) if nothing == ZERO and is_structural(bracket):
            return Where(bracket.opposite, otherwise, ZERO)
        case whole:
            return opposite_of(whole) or whole


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
