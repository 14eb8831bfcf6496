"""Squared distances of all pairs of rows: as NumPy computes them they are sums of squares, which no rounding makes
negative and which are 0 between equal rows.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from tcgrad.notation.matrix.nodes import DiagMatrix, Hadamard, MatMul, Matrix, Scale, Sum, Transpose
from tcgrad.notation.matrix.shape import is_ones
from tcgrad.records import dataclass, replace


@dataclass(frozen=True)
class Distances:
    """``scale * sum_k w[k] (one[i,k] + sign other[j,k])^2`` over the pairs of a row of each.

    scale: without a body, and not negative.
    negated: whether all of it is.
    weights: None where all are 1.
    """

    scale: Scale
    negated: bool
    one: Matrix
    sign: int
    other: Matrix
    weights: Matrix | None


def split_distances(matrix: Sum) -> tuple[Distances | None, tuple[Matrix, ...]]:
    """The squared distances among the terms of a sum, where they are multiplied out, and the other terms."""
    terms = list(map(_scaled, matrix.terms))
    for first, second, both in permutations(range(len(terms)), 3):
        found = _distances(terms[first], terms[second], terms[both])
        if found is not None:
            rest = [term for n, term in enumerate(matrix.terms) if n not in (first, second, both)]
            return found, tuple(rest)
    return None, matrix.terms


def _distances(first: Scale, second: Scale, both: Scale) -> Distances | None:
    """Of ``a (X ⊙ X) w 1ᵀ``, ``a 1 wᵀ (Y ⊙ Y)ᵀ`` and ``± 2 a X diag(w) Yᵀ``."""
    sign = both.coefficient / (2 * first.coefficient)
    scale, *scales = (replace(each, body=None, coefficient=Fraction(1)) for each in (first, second, both))
    if abs(sign) != 1 or first.coefficient != second.coefficient or scales != [scale, scale]:
        return None
    match first.body, second.body, both.body:
        case MatMul((rows, weights, right)), MatMul((left, same, columns)), MatMul((one, *middle, last)):
            given = None if is_ones(weights) else weights
            other = _turned(last)
            is_pair = rows == _square(one) and columns == _turned(_square(other)) and same == _turned(weights)
            is_weighted = middle == ([] if given is None else [DiagMatrix(given)])
            if is_pair and is_weighted and is_ones(right) and is_ones(left):
                positive = replace(scale, coefficient=abs(first.coefficient))
                return Distances(positive, first.coefficient < 0, one, int(sign), other, given)
    return None


def _scaled(term: Matrix) -> Scale:
    return term if isinstance(term, Scale) else Scale(Fraction(1), body=term)


def _square(matrix: Matrix) -> Matrix:
    if isinstance(matrix, Transpose):
        return Transpose(_square(matrix.operand))
    return Hadamard((matrix, matrix))


def _turned(matrix: Matrix) -> Matrix:
    return matrix.operand if isinstance(matrix, Transpose) else Transpose(matrix)
