"""Guards: what is 0 by the indices alone. Where one is 0, what it multiplies need not exist."""

from __future__ import annotations

from tcgrad.ir.nodes import Add, Call, Component, Delta, Expr, Iverson, Mul
from tcgrad.ir.traversal import children


def is_structural(expr: Expr) -> bool:
    """True if the value depends on the indices alone, not on any array."""
    if isinstance(expr, Component | Call):
        return False
    return all(is_structural(part) for part in children(expr))


def is_mask(expr: Expr) -> bool:
    """True for a condition on the indices alone."""
    return isinstance(expr, Delta) or (isinstance(expr, Iverson) and is_structural(expr))


def is_guard(expr: Expr) -> bool:
    """True for a mask, or a sum with masks such as ``[i < j] - [j < i]``: it may be 0 where what it multiplies is not.

    Where it is 0, what it multiplies need not exist.
    """
    if isinstance(expr, Add | Mul):
        return is_structural(expr) and any(map(is_guard, children(expr)))
    return is_mask(expr)
