"""Cross products of columns of three: products with the matrix of one of them."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.notation.matrix.nodes import CrossMatrix, Matrix
from tcgrad.notation.matrix.shape import shape


def crossing(factors: Sequence[Matrix]) -> Sequence[Matrix] | None:
    """The factors of a product, from the first one on, that are the cross product of two columns; None if none are."""
    if not factors or not isinstance(factors[0], CrossMatrix):
        return None
    end = next((n for n, factor in enumerate(factors) if shape(factor)[1] is None), None)
    return None if end is None else factors[: end + 1]


def split_crossing(factors: Sequence[Matrix]) -> tuple[Sequence[Matrix], Sequence[Matrix], Sequence[Matrix]] | None:
    """The factors before the first cross product in a product, its own, and those behind it; None if there is none."""
    for start in range(len(factors)):
        crossed = crossing(factors[start:])
        if crossed is not None:
            return factors[:start], crossed, factors[start + len(crossed) :]
    return None
