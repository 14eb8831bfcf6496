"""Guards: conditions on the indices alone. Where one is 0, what it multiplies need not exist."""

from __future__ import annotations

from tcgrad.ir.nodes import Call, Component, Delta, Expr, Iverson
from tcgrad.ir.traversal import children


def is_structural(expr: Expr) -> bool:
    """True if the value depends on the indices alone, not on any array."""
    if isinstance(expr, Component | Call):
        return False
    return all(is_structural(part) for part in children(expr))


def is_guard(expr: Expr) -> bool:
    """True for a condition on the indices alone: where it is 0, what it multiplies need not exist."""
    return isinstance(expr, Delta) or (isinstance(expr, Iverson) and is_structural(expr))
