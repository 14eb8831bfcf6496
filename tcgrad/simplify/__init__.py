"""Simplification: one bottom-up pass that preserves the value and brings equal things to equal forms."""

from __future__ import annotations

from typing import cast

from tcgrad.ir.nodes import Expr
from tcgrad.ir.traversal import children, rebuild
from tcgrad.simplify.rules import simplify_node

__all__ = ["simplify"]


def simplify(expr: Expr) -> Expr:
    """An equal expression, simpler: deltas contracted, powers and like terms merged, sums as far inside as they go.

    The result is kept on the node, so that a shared subexpression is simplified once.
    """
    known = vars(expr).get("_simple")
    if known is None:
        parts = children(expr)
        made = tuple(simplify(part) for part in parts)
        same = all(a is b for a, b in zip(parts, made, strict=True))
        known = simplify_node(expr if same else rebuild(expr, made), simplify)
        vars(expr)["_simple"] = vars(known)["_simple"] = known
    return cast("Expr", known)
