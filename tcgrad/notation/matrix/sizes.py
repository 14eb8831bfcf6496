"""Conditions on sizes alone: what they leave out need not have a value, as ``1 / (N - 1)`` has none where N is 1.

A NumPy text works out one branch, ``(x / (N - 1) if N > 1 else 0)``: `np.where` works out both.
"""

from __future__ import annotations

from tcgrad.notation.matrix.nodes import Choose, Compare, Matrix, Ones, Scale, Symbol
from tcgrad.notation.matrix.scaling import scaled
from tcgrad.notation.matrix.shape import is_scalar
from tcgrad.notation.matrix.tree import parts


def is_sized(matrix: Matrix) -> bool:
    """Whether a scalar is made of sizes and numbers alone."""
    return is_scalar(matrix) and not any(isinstance(part, Symbol | Ones) for part in parts(matrix))


def branches(matrix: Matrix) -> tuple[Matrix, Matrix, Matrix | None] | None:
    """A condition on sizes, what a choice or a product is where it holds, and elsewhere (None: 0); None for others."""
    match matrix:
        case Choose(condition=condition, then=then, otherwise=otherwise) if is_sized(condition):
            return condition, then, otherwise
        case Scale(factors=factors):
            first = next((each for each in factors if isinstance(each, Compare) and is_sized(each)), None)
            if first is None:
                return None
            others = [each for each in factors if each is not first]
            return first, scaled(matrix.body, others, matrix.divisors, matrix.coefficient), None
        case _:
            return None
