"""What is known about inputs besides their shape: ``sum_c t[b,c] = 1`` where rows lie in the simplex or are one-hot."""

from __future__ import annotations

from collections.abc import Collection

from tcgrad.ir.nodes import ONE, Component, Expr, IndexSum
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, rebuild


def assume_unit_sums(expr: Expr, tensors: Collection[Tensor]) -> Expr:
    """The expression with every plain sum over the last axis of one of ``tensors`` written as 1; not simplified."""
    parts = tuple(assume_unit_sums(part, tensors) for part in children(expr))
    match expr:
        case IndexSum(body=Component(tensor=tensor, indices=(*_, last))) if tensor in tensors:
            summed = last.as_index
            if summed in expr.indices:
                rest = tuple(index for index in expr.indices if index is not summed)
                return IndexSum(rest, ONE) if rest else ONE
            return expr
        case _:
            return rebuild(expr, parts) if parts else expr
