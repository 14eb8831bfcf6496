"""Building matrix expressions in the form in which they read best: flat, scalars in front, few transposes.

Each function returns a value equal to the plain node over its operands; shapes must fit, nothing checks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from tcgrad.notation.matrix.crosses import crossing
from tcgrad.notation.matrix.elementwise import hadamard
from tcgrad.notation.matrix.nodes import (
    SCALAR,
    Axis,
    CrossMatrix,
    DiagMatrix,
    DiagVector,
    Fold,
    Hadamard,
    Identity,
    Inverse,
    Kron,
    MatMul,
    Matrix,
    Number,
    Ones,
    Power,
    Scale,
    Shape,
    Size,
    Transpose,
    Vec,
    Zeros,
)
from tcgrad.notation.matrix.scaling import apart, scalars_apart, scaled, zeros
from tcgrad.notation.matrix.shape import is_scalar, shape
from tcgrad.notation.matrix.transpose import shorter, transpose, transposes
from tcgrad.records import replace

ONE = Number(Fraction(1))
TWO = Number(Fraction(2))


def product(*matrices: Matrix) -> Matrix:
    """The matrix product, flat, with the scalars in front and without identities."""
    scalars, bodies = scalars_apart(matrices)
    chain = [factor for body in bodies for factor in (body.factors if isinstance(body, MatMul) else (body,))]
    kept = _without_inverses([factor for factor in chain if not isinstance(factor, Identity)])
    if chain and not kept:
        return scaled(_identity_over(chain[0]), scalars)
    if any(isinstance(factor, Zeros) for factor in kept):
        return zeros((shape(kept[0])[0], shape(kept[-1])[1]))
    pieces = [_readable_scalar(_chained(_with_row_crossed(piece))) for piece in outer_pieces(kept)]
    scalars += [piece for piece in pieces if is_scalar(piece)]
    return scaled(_chained([piece for piece in pieces if not is_scalar(piece)]), scalars)


def _identity_over(matrix: Matrix) -> Matrix:
    """The identity with the rows of a square matrix."""
    rows, _ = shape(matrix)
    return matrix if rows is None else Identity(rows)


def _without_inverses(chain: Sequence[Matrix]) -> list[Matrix]:
    """The chain without neighbours that are inverse to each other, and with ``v`` for ``diag(v) 1``."""
    kept: list[Matrix] = []
    for factor in chain:
        match kept[-1:], factor:
            case [last], _ if _are_inverse(last, factor):
                kept.pop()
            case [DiagMatrix(vector=vector)], Ones():
                kept[-1] = vector
            case [Transpose(operand=Ones())], DiagMatrix(vector=vector):
                kept[-1] = transpose(vector)
            case _:
                kept.append(factor)
    return kept


def _are_inverse(left: Matrix, right: Matrix) -> bool:
    """Whether one is the inverse of the other, both transposed or not."""
    match left, right:
        case Transpose(operand=first), Transpose(operand=second):
            return _are_inverse(second, first)
        case (Inverse(operand=operand), other) | (other, Inverse(operand=operand)):
            return operand == other
        case _:
            return False


def outer_pieces(chain: Sequence[Matrix]) -> list[list[Matrix]]:
    """The chain cut between a column and the row that follows it."""
    pieces: list[list[Matrix]] = [[]]
    for factor in chain:
        if pieces[-1] and shape(factor)[0] is None:
            pieces.append([])
        pieces[-1].append(factor)
    return pieces


def _with_row_crossed(piece: Sequence[Matrix]) -> Sequence[Matrix]:
    """``(v × w)ᵀ`` for ``vᵀ [w]×`` in front, where it is not ``vᵀ (w × x)``."""
    match piece:
        case [Transpose(operand=row), CrossMatrix(vector=vector), *rest] if (
            shape(row)[1] is None and crossing(piece[1:]) is None
        ):
            return [Transpose(_chained((CrossMatrix(row), vector))), *rest]
        case _:
            return piece


def _chained(chain: Sequence[Matrix]) -> Matrix:
    flat = [factor for part in chain for factor in (part.factors if isinstance(part, MatMul) else (part,))]
    return ONE if not flat else flat[0] if len(flat) == 1 else MatMul(tuple(flat))


def _readable_scalar(chain: Matrix) -> Matrix:
    """A product that is a scalar equals its transpose: the one with fewer transposes; ``1ᵀ 1`` is a size."""
    if not isinstance(chain, MatMul) or shape(chain) != SCALAR:
        return chain
    match chain.factors:
        case Transpose(operand=Ones(size=size)), Ones():
            return Size(size)
    return shorter(chain, transpose(chain))


def kronecker(left: Matrix, right: Matrix) -> Matrix:
    """``left ⊗ right`` with scalars in front; of two identities the identity."""
    (first, a), (second, b) = apart(left), apart(right)
    whole = Kron(a, b)
    rows, _ = shape(whole)
    if isinstance(a, Identity) and isinstance(b, Identity) and rows is not None:
        return scaled(Identity(rows), (first, second))
    return scaled(whole, (first, second))


def diagonal_matrix(vector: Matrix) -> Matrix:
    """``diag(vector)``; of a vector of reciprocals the inverse of the diagonal matrix."""
    match vector:
        case Ones():
            return Identity(vector.size)
        case Scale(body=body) if body is not None:
            return scaled(diagonal_matrix(body), (replace(vector, body=None),))
        case Hadamard(factors=()):
            return Inverse(DiagMatrix(hadamard(vector.divisors)))
        case Vec(operand=Hadamard(factors=(), divisors=divisors)):
            return Inverse(DiagMatrix(replace(vector, operand=hadamard(divisors))))
        case DiagVector(matrix=DiagMatrix() as matrix):
            return matrix
        case _:
            return DiagMatrix(vector)


def cross_matrix(vector: Matrix) -> Matrix:
    """The matrix whose product with w is ``vector × w``, with scalars in front."""
    scale, body = apart(vector)
    return scaled(CrossMatrix(body), (scale,))


def squared_norm(operand: Matrix) -> Matrix:
    """``‖operand‖²``, the sum of the squares of the elements."""
    return Power(Fold("norm", operand.operand if isinstance(operand, Transpose) else operand), TWO)


def trace(matrix: Matrix) -> Matrix:
    """``tr(matrix)``; a product is turned round its cycle, or transposed, to where there is least to read.

    That of an outer product is the inner one: ``tr(A x yᵀ)`` is ``yᵀ A x``.
    """
    scale, body = apart(matrix)
    if isinstance(body, MatMul):
        chain = body.factors
        rows = [k for k, factor in enumerate(chain) if shape(factor)[0] is None]
        if rows:
            return scaled(None, (scale, product(*chain[rows[0] :], *chain[: rows[0]])))
        turns = [chain[k:] + chain[:k] for k in range(len(chain))]
        body = min([t for turn in turns for t in (MatMul(turn), transpose(MatMul(turn)))], key=_to_read)
    return scaled(None, (scale, Size(body.size) if isinstance(body, Identity) else Fold("tr", body)))


def _to_read(chain: Matrix) -> tuple[int, int]:
    """The transposes in a product, then the powers that it is a product of."""
    factors = chain.factors if isinstance(chain, MatMul) else ()
    return transposes(chain), sum(1 for _ in groupby(factors))


def filled(matrix: Matrix, to: Shape) -> Matrix:
    """The matrix repeated along the axes of ``to`` that it lacks, by ones."""
    rows, columns = to
    own = shape(matrix)
    if own[0] is None and rows is not None:
        matrix = scaled(Ones(rows), (matrix,)) if own[1] is None else product(Ones(rows), matrix)
        own = shape(matrix)
    if own[1] is None and columns is not None:
        matrix = product(matrix, Transpose(Ones(columns)))
    return matrix


def same_axis(left: Axis, right: Axis) -> bool:
    """Whether two axes have the same size under the spec's dims."""
    return left == right or (left is not None and right is not None and left.value == right.value)
