"""Largest elements that are compared with what they were taken of: both sides come out the same to the last bit."""

from __future__ import annotations

from tcgrad.notation.matrix.nodes import BatchSum, Compare, Fold, Inverse, Kron, MatMul, Matrix
from tcgrad.notation.matrix.shape import is_ones, shape
from tcgrad.notation.matrix.tree import parts


def compares_alike(matrix: Matrix) -> bool:
    """Whether every element that is compared with a largest or smallest one is worked out as that one is.

    A sum is not, where one side adds within a slice and the other within the whole: rounding may differ.
    """
    equalities = [part for part in parts(matrix) if isinstance(part, Compare) and part.operator == "=="]
    pairs = [(each.left, each.right) for each in equalities] + [(each.right, each.left) for each in equalities]
    return all(
        extreme.operand == side or (_is_elementwise(extreme.operand) and _is_elementwise(side))
        for side, other in pairs
        for extreme in parts(other)
        if isinstance(extreme, Fold) and extreme.kind in ("max", "min")
    )


def _is_elementwise(matrix: Matrix) -> bool:
    """Whether nothing in an expression is added up over rows or columns."""
    return not any(isinstance(part, BatchSum | Fold | Inverse | Kron) or _adds_up(part) for part in parts(matrix))


def _adds_up(part: Matrix) -> bool:
    """Whether a product is more than a repetition, ``v 1^T``."""
    match part:
        case MatMul(factors=(left, right)) if shape(left)[1] is None:
            return not (is_ones(left) or is_ones(right))
        case MatMul():
            return True
        case _:
            return False
