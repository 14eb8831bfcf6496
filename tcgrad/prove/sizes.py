"""Sizes as the numbers that they are in the spec: there ``1[p]/N`` and ``1[p]/3`` may be the same."""

from __future__ import annotations

from tcgrad.ir.indices import Dim
from tcgrad.ir.nodes import Expr, IndexValue, const
from tcgrad.ir.traversal import map_children


def with_numbers_for_sizes(expr: Expr) -> Expr:
    """The expression with every size that stands in it as a number; ranges of indices stay as they are."""
    if isinstance(expr, IndexValue):
        is_size = all(isinstance(atom, Dim) for atom in expr.value.atoms)
        return const(expr.value.value) if is_size else expr
    return map_children(expr, with_numbers_for_sizes)
