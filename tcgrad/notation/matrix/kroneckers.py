"""Sums of Kronecker products with a side in common: ``(A + B) ⊗ C`` for ``A ⊗ C + B ⊗ C``."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.notation.matrix.building import kronecker, outer_pieces, product
from tcgrad.notation.matrix.common import Adding
from tcgrad.notation.matrix.negation import lifted
from tcgrad.notation.matrix.nodes import Identity, Kron, MatMul, Matrix, Scale
from tcgrad.notation.matrix.scaling import scaled, unscaled
from tcgrad.notation.matrix.shape import shape
from tcgrad.records import dataclass, replace


def with_kroneckers_joined(terms: list[Scale], add: Adding) -> list[Scale]:
    """The terms of a sum, with those in one that have the same around a Kronecker product and at one of its sides."""
    return _as_one(_joined(terms, add), add)


def _joined(terms: list[Scale], add: Adding) -> list[Scale]:
    splits = [_Kronecker.ways(term) for term in terms]
    if sum(map(bool, splits)) < 2:
        return terms
    for place, ways in enumerate(splits):
        for own in ways:
            for side in (0, 1):
                alike = _alike(own, side, splits)
                if len(alike) > 1:
                    total = add(scaled(k.sides[1 - side], (replace(terms[n], body=None),)) for n, k in alike.items())
                    whole = unscaled(own.with_side(1 - side, total))
                    kept = (n for n in range(len(terms)) if n == place or n not in alike)
                    return _joined([whole if n == place else terms[n] for n in kept], add)
    return terms


def _alike(own: _Kronecker, side: int, splits: Sequence[tuple[_Kronecker, ...]]) -> dict[int, _Kronecker]:
    """The places of the terms that share a side, each in the way in which it does."""
    found = ((n, next((other for other in ways if own.shares(other, side)), None)) for n, ways in enumerate(splits))
    return {n: other for n, other in found if other is not None}


def _as_one(terms: list[Scale], add: Adding) -> list[Scale]:
    """``(I + A) ⊗ (I + B)`` for ``I + A ⊗ (I + B) + I ⊗ B``; the same terms where that leaves more than one."""
    sides = [(shape(ways[0].sides[0])[0], shape(ways[0].sides[1])[0]) for ways in map(_Kronecker.ways, terms) if ways]
    if len(terms) < 3 or len(sides) != len(terms) - 1:
        return terms
    left, right = sides[0]
    if left is None or right is None:
        return terms
    whole = Kron(Identity(left), Identity(right))
    split = [replace(term, body=whole) if isinstance(term.body, Identity) else lifted(term) for term in terms]
    joined = _joined(split, add)
    return joined if len(joined) == 1 else terms


@dataclass(frozen=True)
class _Kronecker:
    """A product with one Kronecker product in it: its two sides, and what stands before and behind it."""

    head: tuple[Matrix, ...]
    sides: tuple[Matrix, Matrix]
    tail: tuple[Matrix, ...]

    @classmethod
    def ways(cls, term: Scale) -> tuple[_Kronecker, ...]:
        """The ways to read a term as one, none of any other: ``(u wᵀ) ⊗ zᵀ`` is ``wᵀ ⊗ (u zᵀ)``."""
        chain = term.body.factors if isinstance(term.body, MatMul) else () if term.body is None else (term.body,)
        places = [n for n, factor in enumerate(chain) if isinstance(factor, Kron)]
        kron = chain[places[0]] if len(places) == 1 else None
        if not isinstance(kron, Kron):
            return ()
        pairs = [(kron.left, kron.right), *_moved(kron)]
        return tuple(cls(chain[: places[0]], pair, chain[places[0] + 1 :]) for pair in pairs)

    def shares(self, other: _Kronecker, side: int) -> bool:
        """Whether the two differ in the other side at most, and their other sides have one shape."""
        around = (self.head, self.tail, self.sides[side]) == (other.head, other.tail, other.sides[side])
        return around and shape(self.sides[1 - side]) == shape(other.sides[1 - side])

    def with_side(self, side: int, value: Matrix) -> Matrix:
        """The product with another value at one of the sides."""
        left, right = (value if n == side else own for n, own in enumerate(self.sides))
        return product(*self.head, kronecker(left, right), *self.tail)


def _moved(kron: Kron) -> list[tuple[Matrix, Matrix]]:
    """The sides with the column or the row of an outer product moved from the one to the other."""
    (left, right), own = (kron.left, kron.right), (_outer(kron.left), _outer(kron.right))
    if own[0] and shape(right)[0] is None:
        column, row = own[0]
        return [(row, product(column, right))]
    if own[0] and shape(right)[1] is None:
        column, row = own[0]
        return [(column, product(right, row))]
    if own[1] and shape(left)[0] is None:
        column, row = own[1]
        return [(product(column, left), row)]
    if own[1] and shape(left)[1] is None:
        column, row = own[1]
        return [(product(left, row), column)]
    return []


def _outer(matrix: Matrix) -> tuple[Matrix, Matrix] | None:
    """The column and the row of an outer product; None for any other matrix."""
    pieces = outer_pieces(matrix.factors) if isinstance(matrix, MatMul) and None not in shape(matrix) else []
    if len(pieces) != 2:
        return None
    column, row = (product(*piece) for piece in pieces)
    return column, row
