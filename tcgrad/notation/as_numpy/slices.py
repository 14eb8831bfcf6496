"""A matrix expression for every element of a batch as one NumPy expression: batch axes lead, rows and columns follow.

Every text but that of a scalar without batch axes has its two last axes for rows and columns, of size 1 where there
is none, so that NumPy's broadcasting does what repeating by ones says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from string import ascii_letters
from typing import assert_never

from tcgrad.ir.indices import Dim, Integer
from tcgrad.notation.as_numpy.common import commutation, covers, off_diagonal, scaled_piece, triangle
from tcgrad.notation.as_numpy.distances import Distances, split_distances
from tcgrad.notation.as_numpy.functions import applied
from tcgrad.notation.as_numpy.names import code_name, code_size, subscript
from tcgrad.notation.as_numpy.pieces import (
    ATOM,
    CHAIN,
    POWER,
    SUM,
    UNARY,
    Piece,
    added,
    as_number,
    atom,
    negative,
    number,
    quotient,
    size,
    within,
)
from tcgrad.notation.matrix.batches import batch_indices, batch_of, is_batch, lengths
from tcgrad.notation.matrix.building import outer_pieces
from tcgrad.notation.matrix.crosses import crossing
from tcgrad.notation.matrix.masks import split_mask
from tcgrad.notation.matrix.nodes import (
    Apply,
    Axis,
    BatchDelta,
    BatchSum,
    Choose,
    Commutation,
    Compare,
    CrossMatrix,
    DiagMatrix,
    DiagVector,
    Fold,
    FoldKind,
    Hadamard,
    Identity,
    Inverse,
    Kron,
    MatMul,
    Matrix,
    Number,
    OneHot,
    Ones,
    Power,
    Scale,
    Size,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Unit,
    Vec,
    Zeros,
)
from tcgrad.notation.matrix.shape import shape
from tcgrad.notation.matrix.signs import split_sign
from tcgrad.records import dataclass

_FOLDS: dict[FoldKind, str] = {
    "tr": "np.trace({0}, axis1=-2, axis2=-1)[..., None, None]",
    "det": "np.linalg.det({0})[..., None, None]",
    "logdet": "np.linalg.slogdet({0})[1][..., None, None]",
    "norm": "np.sqrt(np.sum(({0}) ** 2, axis=(-2, -1), keepdims=True))",
    "max": "np.max({0}, axis=(-2, -1), keepdims=True)",
    "min": "np.min({0}, axis=(-2, -1), keepdims=True)",
    "prod": "np.prod({0}, axis=(-2, -1), keepdims=True)",
    "logsumexp": "np.logaddexp.reduce({0}, axis=(-2, -1), keepdims=True)",
}


@dataclass(frozen=True)
class SliceWriter:
    """Writes texts whose batch axes, where they have any, are those of ``batch`` in this order.

    sizes: those of the batch axes of the tensor that is written.
    """

    batch: tuple[Dim, ...]
    sizes: Mapping[Dim, Integer]

    def full(self, matrix: Matrix) -> Piece:
        """The text with all of the matrix's own axes."""
        piece = self.show(matrix)
        if covers(matrix):
            return piece
        rows, columns = ("1" if axis is None else code_size(axis) for axis in shape(matrix))
        return Piece(f"{within(piece, SUM)} + np.zeros(({rows}, {columns}))", SUM)

    def show(self, matrix: Matrix) -> Piece:
        match matrix:
            case Number():
                return number(matrix.value)
            case Size():
                return size(matrix.value)
            case Symbol():
                return self.symbol(matrix, row=False)
            case Ones():
                return Piece("1", ATOM)
            case Unit():
                return atom("np.eye({0})[{1}][:, None]", code_size(matrix.size), code_size(matrix.position))
            case Zeros():
                return Piece("0", ATOM)
            case Identity():
                return atom("np.eye({0})", code_size(matrix.size))
            case Transpose():
                return self.transpose(matrix.operand)
            case Inverse(operand=DiagMatrix(vector=vector)):
                identity = Piece(f"np.eye({code_size(shape(vector)[0] or Integer.of(1))})", ATOM)
                return quotient([identity], [self.show(vector)])
            case Inverse():
                return atom("np.linalg.inv({0})", self.full(matrix.operand).text)
            case MatMul():
                return self.product(matrix)
            case Hadamard() if (masked := split_mask(matrix)) is not None:
                return off_diagonal(masked[0], self.show(masked[1]))
            case Hadamard():
                return quotient(map(self.show, matrix.factors), map(self.show, matrix.divisors))
            case Scale():
                return self.scale(matrix)
            case Sum():
                return self.sum(matrix)
            case BatchSum():
                outer = self.batch if batch_of(matrix) else ()
                sizes = {**self.sizes, matrix.index: lengths(matrix.operand, matrix.index)[0]}
                inner = SliceWriter((matrix.index, *outer), sizes).full(matrix.operand)
                return atom("np.sum({0}, axis=0)", inner.text)
            case Power():
                return self.power(matrix)
            case Apply():
                return applied(matrix.function, list(map(self.show, matrix.arguments)))
            case Compare():
                left, right = self.show(matrix.left), self.show(matrix.right)
                return atom("np.where({0} {1} {2}, 1, 0)", left.text, matrix.operator, right.text)
            case Choose():
                parts = (matrix.condition, matrix.then, matrix.otherwise)
                return atom("np.where({0}, {1}, {2})", *(self.show(part).text for part in parts))
            case Fold():
                return atom(_FOLDS[matrix.kind], self.full(matrix.operand).text)
            case DiagMatrix():
                identity = Piece(f"np.eye({code_size(shape(matrix)[0] or Integer.of(1))})", ATOM)
                return quotient([self.show(matrix.vector), identity], [])
            case DiagVector():
                inner = self.full(matrix.matrix)
                return atom("np.diagonal({0}, axis1=-2, axis2=-1)[..., None]", inner.text)
            case Kron():
                return self.kronecker(matrix)
            case Triangle():
                return triangle(matrix, self.full)
            case CrossMatrix():
                return atom("np.cross(np.eye(3), {0})", self.full(Transpose(matrix.vector)).text)
            case OneHot():
                return atom("np.eye({0})[({1})[..., 0]]", code_size(matrix.size), self.full(matrix.places).text)
            case Vec():
                return self.vec(matrix)
            case Commutation():
                return commutation(matrix)
            case BatchDelta():
                raise TypeError("which elements belong together is told where they are put in their places")
            case _:
                assert_never(matrix)

    def kronecker(self, matrix: Kron) -> Piece:
        left, right = (within(self.full(part), ATOM) for part in (matrix.left, matrix.right))
        products = f"{left}[..., :, None, :, None] * {right}[..., None, :, None, :]"
        (m, n), (p, q) = shape(matrix.left), shape(matrix.right)
        return self.reshaped(matrix, products, [m, p, n, q])

    def vec(self, matrix: Vec) -> Piece:
        whole = self.full(matrix.operand)
        turned = f"{within(whole, ATOM)}.swapaxes(-1, -2)" if matrix.order == "column" else whole.text
        rows, columns = shape(matrix.operand)
        return self.reshaped(matrix, turned, [columns, rows] if matrix.order == "column" else [rows, columns])

    def reshaped(self, matrix: Matrix, text: str, axes: Sequence[Axis]) -> Piece:
        """An array with more axes than rows and columns, or others, as the matrix that it is."""
        batch = [code_size(self.sizes[dim]) for dim in self.batch] if batch_of(matrix) else []
        spread = ", ".join([*batch, *map(_code_axis, axes)])
        final = ", ".join([*batch, *map(_code_axis, shape(matrix))])
        return atom("np.broadcast_to({0}, ({1})).reshape({2})", text, spread, final)

    def symbol(self, matrix: Symbol, *, row: bool) -> Piece:
        """A name with its batch axes first; those that it lacks are new axes, as are missing rows and columns."""
        at = matrix.at or (None,) * matrix.tensor.order
        dims = [next(iter(batch_indices(p)), None) if p is not None and is_batch(p) else None for p in at]
        fixed = [p if p is not None and not is_batch(p) else None for p in at]
        name = code_name(matrix.tensor) + subscript(fixed)
        axes = [(dim, p is None) for dim, p, f in zip(dims, at, fixed, strict=True) if f is None]
        own = [next(n for n, (dim, _) in enumerate(axes) if dim == d) for d in self.batch if d in dims]
        order = [*own, *(n for n, (_, kept) in enumerate(axes) if kept)]
        if len(order) < len(axes):
            name = _diagonals(name, [dim for dim, _ in axes], order)
        elif order != list(range(len(axes))):
            name += f".transpose({', '.join(map(str, order))})"
        batch = [":" if dim in dims else "None" for dim in self.batch] if own else []
        positions = [*batch, *self.last_axes(matrix, row=row, batched=bool(own))]
        while positions and positions[-1] == ":":
            positions.pop()
        return as_number(matrix.tensor, f"{name}[{', '.join(positions)}]" if positions else name)

    def last_axes(self, matrix: Symbol, *, row: bool, batched: bool) -> list[str]:
        match shape(matrix):
            case None, None:
                return ["None", "None"] if batched else []
            case _, None:
                return ["None", ":"] if row else [":", "None"]
            case _:
                return [":", ":"]

    def transpose(self, operand: Matrix) -> Piece:
        match operand:
            case Symbol() if shape(operand)[1] is None:
                return self.symbol(operand, row=True)
            case Ones():
                return Piece("1", ATOM)
            case _:
                turned = ".swapaxes(-1, -2)" if batch_of(operand) else ".T"
                return Piece(within(self.full(operand), ATOM) + turned, ATOM)

    def product(self, matrix: MatMul) -> Piece:
        pieces = [piece for piece in outer_pieces(matrix.factors) if not _is_plain_ones(piece)]
        return quotient(map(self.chain, pieces), []) if len(pieces) != 1 else self.chain(pieces[0])

    def chain(self, factors: Sequence[Matrix]) -> Piece:
        """Factors of which only the first can be a row and only the last a column."""
        if len(factors) == 1:
            return self.full(factors[0])
        if _is_plain_ones(factors[:1]):
            return atom("np.sum({0}, axis=-2, keepdims=True)", self.chain(factors[1:]).text)
        if _is_plain_ones(factors[-1:]):
            return atom("np.sum({0}, axis=-1, keepdims=True)", self.chain(factors[:-1]).text)
        first, *rest = factors
        match first:
            case CrossMatrix(vector=vector) if crossing(factors) is not None:
                return atom("np.cross({0}, {1}, axis=-2)", self.full(vector).text, self.chain(rest).text)
            case DiagMatrix(vector=vector):
                return quotient([self.show(vector), self.chain(rest)], [])
            case Inverse(operand=DiagMatrix(vector=vector)):
                return quotient([self.chain(rest)], [self.show(vector)])
        whole = self.full(first)
        for factor in rest:
            whole = self.times(whole, factor)
        return whole

    def times(self, whole: Piece, factor: Matrix) -> Piece:
        match factor:
            case DiagMatrix(vector=vector):
                return quotient([whole, self.transpose(vector)], [])
            case Inverse(operand=DiagMatrix(vector=vector)):
                return quotient([whole], [self.transpose(vector)])
            case _:
                head = within(whole, CHAIN if whole.level == CHAIN else UNARY)
                return Piece(f"{head} @ {within(self.full(factor), UNARY)}", CHAIN)

    def scale(self, matrix: Scale) -> Piece:
        positive, negated = split_sign(matrix)
        if negated:
            return negative(self.show(positive))
        return scaled_piece(matrix, self.show, None if matrix.body is None else self.show(matrix.body))

    def distances(self, distances: Distances) -> Piece:
        """Squared distances between the rows of each element of the batch."""
        one, other = (within(self.full(rows), ATOM) for rows in (distances.one, distances.other))
        sign = "+" if distances.sign > 0 else "-"
        squares = f"({one}[..., :, None, :] {sign} {other}[..., None, :, :]) ** 2"
        if distances.weights is not None:
            squares += f" * {within(self.transpose(distances.weights), ATOM)}[..., None, :, :]"
        return scaled_piece(distances.scale, self.show, atom("np.sum({0}, axis=-1)", squares))

    def sum(self, matrix: Sum) -> Piece:
        distances, others = split_distances(matrix)
        signed = [(self.show(term), negated) for term, negated in map(split_sign, others)]
        if distances is not None:
            signed.insert(0, (self.distances(distances), distances.negated))
        return added(signed)

    def power(self, matrix: Power) -> Piece:
        match matrix.base, matrix.exponent:
            case Fold(kind="norm", operand=operand), Number(value=value) if value == 2:
                squares = f"{within(self.full(operand), ATOM)} ** 2"
                return atom("np.sum({0}, axis=(-2, -1), keepdims=True)", squares)
            case base, Number(value=value) if value == Fraction(1, 2):
                return atom("np.sqrt({0})", self.show(base).text)
        return Piece(f"{within(self.show(matrix.base), ATOM)} ** {within(self.show(matrix.exponent), ATOM)}", POWER)


def _diagonals(name: str, dims: Sequence[Dim | None], order: Sequence[int]) -> str:
    """An array with the axes of ``order``, which stand for all others that hold the same batch index."""
    same = [n if dim is None else dims.index(dim) for n, dim in enumerate(dims)]
    read, kept = ("".join(ascii_letters[n] for n in places) for places in (same, order))
    return f'np.einsum("{read}->{kept}", {name})'


def _code_axis(axis: Axis) -> str:
    return "1" if axis is None else code_size(axis)


def _is_plain_ones(factors: Sequence[Matrix]) -> bool:
    match list(factors):
        case [Ones()] | [Transpose(operand=Ones())]:
            return True
        case _:
            return False
