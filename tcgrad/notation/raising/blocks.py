"""A product of deltas and matrices over row and column indices as Kronecker products."""

from __future__ import annotations

from tcgrad.ir.indices import Index
from tcgrad.notation.matrix.building import diagonal_matrix, kronecker, product
from tcgrad.notation.matrix.nodes import Commutation, Identity, Matrix, Ones, Vec, VecOrder
from tcgrad.notation.matrix.scaling import apart, scaled
from tcgrad.notation.matrix.shape import is_ones, shape
from tcgrad.notation.matrix.transpose import transpose
from tcgrad.notation.raising.expressions import Axes
from tcgrad.notation.raising.products import Network
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.terms import Term
from tcgrad.records import dataclass

Pair = tuple[Index | None, Index | None]  # a row index and a column index whose entries make one Kronecker factor


@dataclass
class Block:
    """A network of which at most a hub is summed, to be read as a matrix of these rows and columns."""

    network: Network
    term: Term
    rows: Axes
    columns: Axes
    order: VecOrder

    def vertex(self, index: Index) -> Index:
        """The index that stands for this one after the deltas."""
        for kept, gone in self.term.equal:
            index = kept if index is gone else index
        return index

    def raised(self) -> Matrix | Refusal:
        if not self._linked() and self._is_outer():
            return self._kronecker(*self._pairs(crossed=False))
        if not self._linked():
            return product(self._side(self.rows), transpose(self._side(self.columns)))
        for bridges in (0, 1):
            for crossed in (False, True):
                pairs = self._pairs(crossed=crossed)
                if self._fits(pairs, bridges=bridges):
                    return self._matrix(pairs, swapped=crossed and len(self.rows) == len(self.columns))
        return Refusal("rows and columns are not linked pair by pair, as in a Kronecker product")

    def _linked(self) -> bool:
        """Whether a row index meets a column index in a delta or in a factor."""
        between = [{row, column} for row in self.rows for column in self.columns]
        return (
            bool(self.term.equal)
            or self.network.hub is not None
            or any(set(edge) in between for edge in self.network.edges)
        )

    def _is_outer(self) -> bool:
        """Whether it is made of vectors alone: ``vec(u vᵀ) vec(w zᵀ)ᵀ`` is to be ``(u wᵀ) ⊗ (v zᵀ)``.

        One vector beside two may be of ones.
        """
        axes = [index for side in (self.rows, self.columns) if len(side) > 1 for index in side]
        return bool(axes) and not self.network.edges and all(self.network.vertices.get(index) for index in axes)

    def _side(self, axes: Axes) -> Matrix:
        """Rows alone, or columns alone, as one column vector."""
        match axes:
            case (first, second):
                return vectorised(self.network.take_matrix(first, second), self.order)
            case _:
                return self.network.take_vector(axes[0])

    def _pairs(self, *, crossed: bool) -> list[Pair]:
        """Row and column indices side by side; None beside the one that has no partner."""
        columns = tuple(reversed(self.columns)) if crossed else self.columns
        if len(self.rows) == len(columns):
            return list(zip(self.rows, columns, strict=True))
        if len(self.rows) == 2:
            return [(row, columns[0] if (k == 1) == crossed else None) for k, row in enumerate(self.rows)]
        return [(self.rows[0] if (k == 1) == crossed else None, column) for k, column in enumerate(self.columns)]

    def _fits(self, pairs: list[Pair], *, bridges: int) -> bool:
        """Whether each delta lies within a pair and each factor within a pair, the rows or the columns.

        bridges: how many factors may stand on the row of one pair and the column of the other; none beside a hub.
        """
        hub = self.network.hub
        through = hub is None or self._hub_pair(pairs) is not None
        deltas = all((row, column) in pairs or (column, row) in pairs for row, column in self.term.equal)
        places = [self._vertices(*pair) for pair in (*pairs, self.rows, self.columns)]
        outside = [edge for edge in self.network.edges if set(edge) not in places and hub not in edge]
        return deltas and self._disjoint() and through and len(outside) <= (bridges if hub is None else 0)

    def _hub_pair(self, pairs: list[Pair]) -> int | None:
        """Which of the pairs has its row and its column at the hub, and nothing else between them."""
        around = set(self.network.neighbours(self.network.hub)) if self.network.hub else set()
        for place, pair in enumerate(pairs):
            ends, others = self._vertices(*pair), self._vertices(*pairs[1 - place])
            direct = any(set(edge) == ends for edge in self.network.edges)
            if len(ends) == 2 and ends <= around and not direct and around - ends <= others:
                return place
        return None

    def _disjoint(self) -> bool:
        """Whether no two deltas share an index."""
        ends = [index for pair in self.term.equal for index in pair]
        return len(ends) == len(set(ends))

    def _vertices(self, *indices: Index | None) -> set[Index]:
        return {self.vertex(index) for index in indices if index is not None}

    def _matrix(self, pairs: list[Pair], *, swapped: bool) -> Matrix:
        """``diag(vec(M)) (K ⊗ L) diag(vec(N))``, with a permutation where the pairs cross."""
        left, right = self._weights(self.rows), self._weights(self.columns)
        permutation = [self._commutation()] if swapped else []
        return product(*left, self._kronecker(*pairs), *permutation, *right)

    def _kronecker(self, first: Pair, second: Pair) -> Matrix:
        """``K ⊗ L``; with a factor H between the pairs ``(I ⊗ L) diag(vec(H)) (K ⊗ I)``."""
        if self.network.hub is not None:
            return self._through(self.network.hub, [first, second])
        one, other = self._block(*first), self._block(*second)
        (upper, left), (lower, right) = first, second
        if upper is not None and right is not None and (bridge := self._taken(upper, right)) is not None:
            inner, outer = Identity(upper.size), Identity(right.size)
            return product(kronecker(inner, other), self._diagonal(bridge), kronecker(one, outer))
        if lower is not None and left is not None and (bridge := self._taken(left, lower)) is not None:
            inner, outer = Identity(left.size), Identity(lower.size)
            return product(kronecker(one, outer), self._diagonal(bridge), kronecker(inner, other))
        return kronecker(one, other)

    def _through(self, hub: Index, pairs: list[Pair]) -> Matrix:
        """``(I ⊗ V) diag(vec(H)) (K ⊗ W)``: one pair meets at the hub, and there an index of the other joins it."""
        place = 1 if self._hub_pair(pairs) else 0
        pair, other = pairs[place], pairs[1 - place]
        row, column = (self.vertex(index) for index in pair if index is not None)
        third = next(index for index in self.network.neighbours(hub) if index not in (row, column))
        by_row = other[0] is not None and self.vertex(other[0]) is third
        weights = self.network.take_matrix(third, hub)
        upper, lower = self.network.take_matrix(row, hub), self.network.take_matrix(hub, column)
        block, identity = self._block(*other), Identity(third.size)
        first, second = (identity, block) if by_row else (block, identity)
        left, right = (first, upper), (second, lower)
        if not place:
            left, right, weights = left[::-1], right[::-1], transpose(weights)
        return product(kronecker(*left), self._diagonal(weights), kronecker(*right))

    def _taken(self, first: Index, second: Index) -> Matrix | None:
        return self.network.take_edge(self.vertex(first), self.vertex(second))

    def _diagonal(self, matrix: Matrix) -> Matrix:
        return diagonal_matrix(vectorised(matrix, self.order))

    def _commutation(self) -> Matrix:
        first, second = (index.size for index in (self.columns if self.order == "row" else self.columns[::-1]))
        return Commutation(first, second, self.order)

    def _weights(self, axes: Axes) -> list[Matrix]:
        """The diagonal matrix of a factor that stands on both row indices, or both column indices; none without it."""
        if len(axes) == 1 or self._vertices(*axes) not in [set(edge) for edge in self.network.edges]:
            return []
        first, second = map(self.vertex, axes)
        whole = len(self.term.equal) == 2
        matrix = self.network.take_matrix(first, second) if whole else self._taken(first, second)
        return [] if matrix is None else [self._diagonal(matrix)]

    def _block(self, row: Index | None, column: Index | None) -> Matrix:
        """One Kronecker factor: a matrix, an identity or diagonal matrix, a column or a row."""
        match row, column:
            case Index(), Index() if self.vertex(row) is self.vertex(column):
                return diagonal_matrix(self.network.take_vector(self.vertex(row)))
            case Index(), Index():
                return self.network.take_matrix(row, column)
            case Index(), None:
                return self.network.take_vector(self.vertex(row))
            case _:
                return transpose(self.network.take_vector(self.vertex(column or self.columns[0])))


def vectorised(matrix: Matrix, order: VecOrder) -> Matrix:
    """The matrix, row after row, with scalars in front; where that order is not asked for, ``vec`` of its transpose."""
    scale, body = apart(matrix)
    rows, columns = shape(body)
    if rows is not None and columns is not None:
        body = Ones(rows * columns) if is_ones(body) else Vec(body if order == "row" else transpose(body), order)
    return scaled(body, (scale,))
