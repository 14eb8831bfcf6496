"""What can be seen of an expression without evaluating it: its size as an array."""

from __future__ import annotations

from math import prod

from tcgrad.evaluate.context import Context
from tcgrad.ir.nodes import Component, Const, Expr
from tcgrad.ir.traversal import children, free_indices, indices_within


def footprint(expr: Expr, context: Context) -> int:
    """How many elements the largest array has that is built for ``expr``; a tensor that is there already counts 0."""
    if isinstance(expr, Component | Const):
        return 0
    own = prod(context.shape(free_indices(expr)))
    return max(own, *(footprint(part, context) for part in children(expr)), 0)


def volume(expr: Expr, context: Context) -> int:
    """The product of the lengths of all indices within: no array that is built has more elements."""
    return prod(context.shape(indices_within(expr)))
