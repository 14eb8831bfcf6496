"""Sizes and constants as the numbers that they are in the spec: there ``1[p]/N`` and ``1[p]/3`` may be the same."""

from __future__ import annotations

from tcgrad.ir.indices import Dim
from tcgrad.ir.nodes import Component, Const, Expr, IndexValue, const
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import map_children


def with_numbers(expr: Expr) -> Expr:
    """The expression with every size and constant that stands in it as a number; ranges of indices stay as they are."""
    match expr:
        case IndexValue(value=value):
            return const(value.value) if all(isinstance(atom, Dim) for atom in value.atoms) else expr
        case Component(tensor=tensor) if tensor.role is Role.CONSTANT and tensor.value is not None:
            return Const(tensor.value)
        case _:
            return map_children(expr, with_numbers)
