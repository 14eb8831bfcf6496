"""Sums of a matrix and the same with its rows or its columns permuted: ``(I + comm) (A ⊗ B)``, ``(A ⊗ B) (I + comm)``.

The derivative of what is symmetric is of the first kind, ``d vec(X Xᵀ) / d vec(X) = (I + comm) (I ⊗ X)``, for
``comm (A ⊗ B) = (B ⊗ A) comm``; that of what reads a matrix only together with its transpose is of the second.
"""

from __future__ import annotations

from fractions import Fraction

from tcgrad.notation.matrix.building import product
from tcgrad.notation.matrix.common import Adding, word_of
from tcgrad.notation.matrix.nodes import Commutation, Identity, Kron, Matrix, Scale, Sum, VecOrder
from tcgrad.notation.matrix.scaling import scaled, unscaled
from tcgrad.notation.matrix.shape import shape
from tcgrad.records import dataclass


def with_commuted_joined(terms: list[Scale], add: Adding) -> list[Scale]:
    """The terms of a sum, with those in one of which some are the others permuted in one way."""
    permuted = [term for term in terms if any(isinstance(factor, Commutation) for factor in word_of(term))]
    if not permuted:
        return terms
    joined: dict[_Way, list[Scale]] = {}
    left = list(terms)
    for term in terms:
        for other in (each for each in permuted if each in left) if term in left else ():
            way = _way(term, other)
            if way is not None:
                joined.setdefault(way, []).append(term)
                left = [each for each in left if each not in (term, other)]
                break
    return [*(unscaled(way.of(add(map(scaled, own)))) for way, own in joined.items()), *left]


@dataclass(frozen=True)
class _Way:
    """A permutation, of the rows where it stands in front, and the sign of what is permuted."""

    permutation: Commutation
    in_front: bool
    sign: Fraction

    def of(self, matrix: Matrix) -> Matrix:
        """The matrix and what is permuted of it, added up."""
        area, _ = shape(self.permutation)
        if area is None:
            raise ValueError("a permutation has rows")
        both = Sum((Identity(area), scaled(self.permutation, by=self.sign)))
        return product(both, matrix) if self.in_front else product(matrix, both)


def _way(term: Scale, other: Scale) -> _Way | None:
    """How the other one is the term permuted; None if it is not."""
    sign = other.coefficient / term.coefficient
    word, permuted = word_of(term), word_of(other)
    if abs(sign) != 1 or (term.factors, term.divisors) != (other.factors, other.divisors) or len(permuted) < 2:
        return None
    match permuted[-1]:
        case Commutation(rows=rows, columns=columns) as permutation if rows == columns and permuted[:-1] == word:
            return _Way(permutation, False, sign)
    match permuted[:2]:
        case Kron(left=left, right=right), Commutation(order=order) as inner:
            size, _ = shape(left)
            turned = (Kron(right, left), *permuted[2:])
            if size is not None and turned == word and inner == _behind(right, left, order):
                return _Way(Commutation(size, size, order), True, sign)
    return None


def _behind(left: Matrix, right: Matrix, order: VecOrder) -> Commutation | None:
    """The permutation behind ``right ⊗ left`` if that is ``left ⊗ right`` with its rows permuted."""
    (rows, first), (others, second) = shape(left), shape(right)
    if rows != others or first is None or second is None:
        return None
    return Commutation(first, second, order) if order == "row" else Commutation(second, first, order)
