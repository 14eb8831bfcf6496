"""Sizes as the numbers that they are in the spec: there ``1[p]/N`` and ``1[p]/3`` may be the same."""

from __future__ import annotations

from tcgrad.ir.indices import Dim
from tcgrad.ir.nodes import Expr, IndexValue, const
from tcgrad.ir.traversal import map_children


def with_numbers_for_sizes(expr: Expr) -> Expr:
    """The expression with every size that stands in it as a number; ranges of indices stay as they are."""
    if isinstance(expr, IndexValue):
        atoms = [atom for monomial, _ in expr.value.terms for atom in monomial]
        return const(expr.value.value) if all(isinstance(atom, Dim) for atom in atoms) else expr
    return map_children(expr, with_numbers_for_sizes)
