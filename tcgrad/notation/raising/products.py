"""A sum of products as a network of matrices, reduced to one matrix expression.

Indices are the vertices. A factor with one index is a weight on its vertex, one with two an edge between them. Each
summed index is taken out by an identity of matrix algebra; what remains stands on the free indices. Networks that
these identities do not reduce (three edges meet in a summed index) have no matrix notation here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import field

from tcgrad.ir.indices import Index
from tcgrad.notation.matrix.building import cross_matrix, diagonal_matrix, filled, product, squared_norm, trace
from tcgrad.notation.matrix.elementwise import hadamard, square_root_of
from tcgrad.notation.matrix.nodes import DiagVector, Hadamard, Matrix, Ones, Size, Triangle
from tcgrad.notation.matrix.scaling import scaled
from tcgrad.notation.matrix.shape import is_mask
from tcgrad.notation.matrix.sums import weighted
from tcgrad.notation.matrix.transpose import transpose
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.records import dataclass


@dataclass
class Bundle:
    """Factors and divisors that stand on the same indices: their elementwise product."""

    factors: list[Matrix] = field(default_factory=list)
    divisors: list[Matrix] = field(default_factory=list)

    def add(self, matrix: Matrix, *, divides: bool) -> None:
        (self.divisors if divides else self.factors).append(matrix)

    def __bool__(self) -> bool:
        return bool(self.factors or self.divisors)

    def joined(self) -> Matrix:
        """The elementwise product; the bundle is not empty."""
        return hadamard(self.factors, self.divisors)


@dataclass(frozen=True)
class Factor:
    """A raised factor: a scalar, a column over its one index, or a matrix over its two."""

    matrix: Matrix
    indices: tuple[Index, ...]
    divides: bool = False


class Network:
    """The factors of one product, by the indices they stand on."""

    def __init__(self) -> None:
        self.scalars = Bundle()
        self.vertices: dict[Index, Bundle] = {}
        self.edges: dict[tuple[Index, Index], Bundle] = {}
        self.crossings: list[tuple[Index, ...]] = []
        self.hub: Index | None = None

    def place(self, factor: Factor) -> None:
        match factor.indices:
            case ():
                self.scalars.add(factor.matrix, divides=factor.divides)
            case (index,):
                self.weigh(index, factor.matrix, divides=factor.divides)
            case (row, column):
                self.connect(row, column, factor.matrix, divides=factor.divides)

    def cross(self, indices: tuple[Index, ...]) -> None:
        """Place a permutation symbol of three different indices."""
        self.crossings.append(indices)

    def weigh(self, index: Index, vector: Matrix, *, divides: bool = False) -> None:
        self.vertices.setdefault(index, Bundle()).add(vector, divides=divides)

    def connect(self, row: Index, column: Index, matrix: Matrix, *, divides: bool = False) -> None:
        if (column, row) in self.edges:
            row, column, matrix = column, row, transpose(matrix)
        self.edges.setdefault((row, column), Bundle()).add(matrix, divides=divides)

    def neighbours(self, index: Index) -> list[Index]:
        return [b if a is index else a for a, b in self.edges if index is a or index is b]

    def take_weight(self, index: Index) -> Bundle:
        """The bundle on a vertex, taken out."""
        return self.vertices.pop(index, Bundle())

    def take_edge(self, row: Index, column: Index) -> Matrix | None:
        """What stands between two vertices, taken out and read in this direction; None if they are not connected."""
        if (row, column) in self.edges:
            return self.edges.pop((row, column)).joined()
        bundle = self.edges.pop((column, row), None)
        return None if bundle is None else transpose(bundle.joined())

    def reduce(self, summed: Sequence[Index], *, hub: bool = False) -> Refusal | None:
        """Take every summed index out; None when all are gone, or, where ``hub`` allows it, all but one in which three
        factors meet.
        """
        pending = list(summed)
        while pending:
            plain = [index for index in pending if not self._is_crossed(index)]
            if not plain:
                crossed = self._take_crossing(pending)
                if crossed is None:
                    break
                pending.remove(crossed)
                continue
            index = min(reversed(plain), key=lambda k: max(len(self.neighbours(k)), 1))
            around = self.neighbours(index)
            pending.remove(index)
            match around:
                case []:
                    self.scalars.add(_total(index, self.take_weight(index)), divides=False)
                case [other] if self._is_closed_pair(index, other, pending):
                    pending.remove(other)
                    ends = (index, other) if (index, other) in self.edges else (other, index)
                    self.scalars.add(_closed_pair(self.edges.pop(ends)), divides=False)
                case [other]:
                    self._absorb_leaf(index, other)
                case [left, right]:
                    self._join(left, index, right)
                case [_, _, _] if hub and not pending:
                    self.hub = index
                case _:
                    return Refusal(f"the sum over {index.name} runs through {_count(len(around))} factors")
        return Refusal("the permutation symbol has no matrix notation") if self.crossings else None

    def _is_crossed(self, index: Index) -> bool:
        """Whether a permutation symbol has the index."""
        return any(index in crossing for crossing in self.crossings)

    def _take_crossing(self, summed: Sequence[Index]) -> Index | None:
        """Take out a summed index where a vector meets a permutation symbol; None if there is none.

        The two are the matrix of the vector's cross products then, between the other two indices of the symbol. The
        first one that has something else before it is taken: ``ε_ijk v_j w_k`` is ``v × w``, not ``-w × v``.
        """
        often = Counter(index for crossing in self.crossings for index in crossing)
        open_to = [index for index in summed if often[index] == 1 and not self.neighbours(index)]
        places = [(crossing, n) for crossing in self.crossings for n in (1, 2, 0) if crossing[n] in open_to]
        if not places:
            return None
        crossing, place = min(places, key=lambda at: at[0][at[1] - 1] in open_to)
        before, index, behind = (crossing[(place + step) % 3] for step in (-1, 0, 1))
        weight = self.take_weight(index)
        self.crossings.remove(crossing)
        self.connect(before, behind, cross_matrix(weight.joined() if weight else Ones(index.size)))
        return index

    def _is_closed_pair(self, index: Index, other: Index, summed: Sequence[Index]) -> bool:
        """Whether nothing but matrices between these two summed indices is there: a trace or a norm."""
        alone = other in summed and not self._is_crossed(other) and len(self.neighbours(other)) == 1
        bundle = self.edges.get((index, other)) or self.edges[other, index]
        masked = any(isinstance(factor, Triangle) for factor in bundle.factors)
        pair = len(bundle.factors) == 2 or square_root_of(bundle.joined()) is not None
        plain = pair and not masked and not bundle.divisors
        return alone and plain and not self.vertices.get(index) and not self.vertices.get(other)

    def _absorb_leaf(self, index: Index, other: Index) -> None:
        """``A v``: a summed index with one neighbour."""
        weight, edge = self.take_weight(index), self.take_edge(other, index)
        vector = weight.joined() if weight else Ones(index.size)
        self.weigh(other, product(*_some(edge), vector))

    def _join(self, left: Index, index: Index, right: Index) -> None:
        """``A diag(v) B``: a summed index with two neighbours."""
        first, weight, second = self.take_edge(left, index), self.take_weight(index), self.take_edge(index, right)
        self.connect(left, right, _joined(_some(first), weight, _some(second)))

    def take_vector(self, index: Index) -> Matrix:
        """What stands on one free index, as a column; ones where there is nothing."""
        weight = self.take_weight(index)
        return filled(weight.joined(), (index.size, None)) if weight else Ones(index.size)

    def take_matrix(self, row: Index, column: Index) -> Matrix:
        """What stands on two free indices: ``u wᵀ`` or ``diag(u) A diag(w)``."""
        above, edge, below = self.take_weight(row), self.take_edge(row, column), self.take_weight(column)
        if edge is None or (is_mask(edge) and above and below):
            left = above.joined() if above else Ones(row.size)
            right = below.joined() if below else Ones(column.size)
            return hadamard([*_some(edge), product(left, transpose(right))])
        matrix = weighted(above.joined(), edge) if above else edge
        return transpose(weighted(below.joined(), transpose(matrix))) if below else matrix

    def scale(self, matrix: Matrix) -> Matrix:
        """The matrix times all scalars of the network."""
        return scaled(matrix, self.scalars.factors, self.scalars.divisors)


def _joined(first: list[Matrix], weight: Bundle, second: list[Matrix]) -> Matrix:
    """``A diag(v) B``, by what the weight does to the one of the two that lets it be written shorter."""
    if not weight:
        return product(*first, *second)
    vector = weight.joined()
    if not second:
        return product(*first, diagonal_matrix(vector))
    behind = product(*first, weighted(vector, *second))
    before = product(transpose(weighted(vector, *map(transpose, first))), *second) if first else behind
    plain = product(*first, diagonal_matrix(vector), *second)
    return before if behind == plain else behind


def _some(matrix: Matrix | None) -> list[Matrix]:
    return [] if matrix is None else [matrix]


def _total(index: Index, weight: Bundle) -> Matrix:
    """The sum of the elements of a vector: ``n``, ``1ᵀ v``, ``‖v‖²``, ``vᵀ w`` or the trace."""
    if not weight:
        return Size(index.size)
    joined = weight.joined()
    root = square_root_of(joined)
    if root is not None:
        return squared_norm(root)
    match joined:
        case DiagVector():
            return trace(joined.matrix)
        case _ if len(weight.factors) > 1:
            first, *rest = weight.factors
            return product(transpose(first), hadamard(rest, weight.divisors))
        case Hadamard(factors=(first, *rest)) if rest:
            return product(transpose(first), hadamard(rest, joined.divisors))
        case _:
            return product(transpose(Ones(index.size)), joined)


def _closed_pair(edge: Bundle) -> Matrix:
    """``‖A‖²`` or ``tr(A Bᵀ)``: two matrices multiplied element by element and summed."""
    root = square_root_of(edge.joined())
    if root is not None:
        return squared_norm(root)
    first, second = edge.factors
    return trace(product(first, transpose(second)))


def _count(number: int) -> str:
    return {3: "three", 4: "four", 5: "five"}.get(number, str(number))
