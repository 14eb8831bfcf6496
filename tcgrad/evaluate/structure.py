"""What can be seen of an expression without evaluating it: its size as an array."""

from __future__ import annotations

from math import prod

from tcgrad.evaluate.context import Context
from tcgrad.ir.nodes import Component, Const, Expr, IndexSum
from tcgrad.ir.traversal import children, factors_of, free_indices, indices_within


def footprint(expr: Expr, context: Context) -> int:
    """How many elements the largest array has that is built for ``expr``; a tensor that is there already counts 0, and
    so does a product that is summed: it is contracted.
    """
    if isinstance(expr, Component | Const):
        return 0
    own = prod(context.shape(free_indices(expr)))
    parts = factors_of(expr.body) if isinstance(expr, IndexSum) else children(expr)
    return max(own, *(footprint(part, context) for part in parts), 0)


def volume(expr: Expr, context: Context) -> int:
    """The product of the lengths of all indices within: no array that is built has more elements."""
    return prod(context.shape(indices_within(expr)))
