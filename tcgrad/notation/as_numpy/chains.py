"""Matrix products as NumPy expressions: ``@``, sums for ones, scaling for diagonal matrices, outer products."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tcgrad.notation.as_numpy.names import code_size
from tcgrad.notation.as_numpy.pieces import ATOM, CHAIN, UNARY, Piece, atom, quotient, within
from tcgrad.notation.matrix.building import outer_pieces
from tcgrad.notation.matrix.crosses import crossing
from tcgrad.notation.matrix.nodes import CrossMatrix, DiagMatrix, Inverse, MatMul, Matrix, OneHot, Ones, Transpose
from tcgrad.notation.matrix.shape import shape
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Chains:
    """Writes matrix products over a writer of their factors.

    full: the text of a factor as a whole array.
    """

    full: Callable[[Matrix], Piece]

    def product(self, matrix: MatMul, *, spread: bool) -> Piece:
        """A chain of ``@``, or an outer product; with ones that is a repetition, made only if ``spread``."""
        left, *rest = outer_pieces(matrix.factors)
        return self._outer(left, rest[0], matrix, spread=spread) if rest else self._chain(left)

    def _outer(self, left: Sequence[Matrix], right: Sequence[Matrix], matrix: MatMul, *, spread: bool) -> Piece:
        rows, columns = ("" if axis is None else code_size(axis) for axis in shape(matrix))
        match isinstance(left[0], Ones), _is_row_of_ones(right[-1]):
            case True, True:
                return atom("np.ones(({0}, {1}))", rows, columns) if spread else Piece("1", ATOM)
            case True, False:
                row = self._chain(right)
                return atom("np.tile({0}, ({1}, 1))", row.text, rows) if spread else row
            case False, True:
                column = f"{within(self._chain(left), ATOM)}[:, None]"
                return atom("np.repeat({0}, {1}, axis=1)", column, columns) if spread else Piece(column, ATOM)
            case _:
                return atom("np.outer({0}, {1})", self._chain(left).text, self._chain(right).text)

    def _chain(self, factors: Sequence[Matrix]) -> Piece:
        """Factors of which only the first can be a row and only the last a column; one of them is not ones."""
        if len(factors) == 1:
            return self.full(factors[0])
        above, below = _is_row_of_ones(factors[0]), isinstance(factors[-1], Ones)
        core = list(factors[1 if above else 0 : len(factors) - 1 if below else None])
        if above != below and len(core) == 1 and isinstance(core[0], Transpose) and None not in shape(core[0]):
            core, above, below = [core[0].operand], below, above
        piece = self._scaled(core)
        if not above and not below:
            return piece
        flat = shape(core[0])[0] is None or shape(core[-1])[1] is None
        if flat or (above and below):
            return atom("np.sum({0})", piece.text)
        return atom("np.sum({0}, axis={1})", piece.text, "0" if above else "1")

    def _scaled(self, factors: Sequence[Matrix]) -> Piece:
        """The product of factors where diagonal matrices multiply rows or columns, and one-hot matrices choose rows."""
        first, *rest = factors
        if isinstance(first, OneHot) and rest:
            return Piece(f"{within(self._scaled(rest), ATOM)}[{self.full(first.places).text}]", ATOM)
        if isinstance(first, CrossMatrix) and crossing(factors) is not None:
            return atom("np.cross({0}, {1})", self.full(first.vector).text, self._scaled(rest).text)
        diagonal = self._diagonal(first)
        if diagonal and rest:
            return self._scaled_rows(*diagonal, rest)
        whole = self.full(first)
        for factor in rest:
            scaling = self._diagonal(factor)
            if isinstance(factor, CrossMatrix):
                whole = atom("np.cross({0}, {1})", whole.text, self.full(factor.vector).text)
            elif scaling is None:
                head = within(whole, CHAIN if whole.level == CHAIN else UNARY)
                whole = Piece(f"{head} @ {within(self.full(factor), UNARY)}", CHAIN)
            else:
                vector, divides = scaling
                whole = quotient([whole], [vector]) if divides else quotient([whole, vector], [])
        return whole

    def _scaled_rows(self, vector: Piece, divides: bool, rest: Sequence[Matrix]) -> Piece:
        """A diagonal matrix times the rest, a matrix or a column."""
        column = shape(rest[-1])[1] is None
        weight = vector if column else Piece(f"{within(vector, ATOM)}[:, None]", ATOM)
        inner = self._scaled(rest)
        return quotient([inner], [weight]) if divides else quotient([weight, inner], [])

    def _diagonal(self, matrix: Matrix) -> tuple[Piece, bool] | None:
        """The vector of a diagonal matrix, and whether it divides."""
        match matrix:
            case DiagMatrix(vector=vector):
                return self.full(vector), False
            case Inverse(operand=DiagMatrix(vector=vector)):
                return self.full(vector), True
            case _:
                return None


def _is_row_of_ones(matrix: Matrix) -> bool:
    return isinstance(matrix, Transpose) and isinstance(matrix.operand, Ones)
