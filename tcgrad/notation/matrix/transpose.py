"""Transposes that read well: drawn inside products, left outside sums where that takes fewer."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

from tcgrad.notation.matrix.crosses import crossing
from tcgrad.notation.matrix.nodes import (
    Apply,
    Choose,
    Commutation,
    Compare,
    CrossMatrix,
    DiagMatrix,
    Hadamard,
    Identity,
    Inverse,
    Kron,
    MatMul,
    Matrix,
    Ones,
    Power,
    Scale,
    Side,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Zeros,
    is_derivative,
)
from tcgrad.notation.matrix.shape import is_scalar, shape
from tcgrad.notation.matrix.signs import split_sign
from tcgrad.records import replace


def transposes(matrix: Matrix) -> int:
    """How much there is to read in the transposes: 1 for a row that is a vector's plain name, else 2, or 3.

    Kept on the node once known.
    """
    known = matrix.known_transposes
    if known is None:
        own = _to_read(matrix) if isinstance(matrix, Transpose) else 0
        known = matrix.__dict__["known_transposes"] = own + sum(map(transposes, matrix.operands))
    return known


def _to_read(matrix: Transpose) -> int:
    row = isinstance(matrix.operand, Symbol | Ones) and shape(matrix)[0] is None
    return (1 if row else 2) + is_derivative(matrix.operand)


def is_symmetric(matrix: Matrix) -> bool:
    """Whether a matrix is seen to equal its transpose, as ``A + Aᵀ`` and what is elementwise of symmetric ones."""
    match matrix:
        case Symbol():
            return matrix.tensor.symmetric and None not in shape(matrix) and not any(matrix.at[-2:])
        case Inverse():
            return is_symmetric(matrix.operand)
        case Sum() if None not in shape(matrix):
            return Counter(matrix.terms) == Counter(map(transpose, matrix.terms))
        case Hadamard() | Power() | Apply() if None not in shape(matrix):
            return all(is_scalar(operand) or is_symmetric(operand) for operand in matrix.operands)
        case _:
            return isinstance(matrix, Identity | DiagMatrix)


def transpose(matrix: Matrix) -> Matrix:
    """``matrixᵀ``, with as few transposes inside as there can be."""
    match matrix:
        case Identity() | DiagMatrix():
            return matrix
        case Transpose():
            return matrix.operand
        case MatMul() if crossing(matrix.factors) == matrix.factors:
            return Transpose(matrix)
        case MatMul():
            return _turned_round(matrix)
        case Scale(body=body) if body is not None:
            turned, minus = split_sign(transpose(body))
            return replace(matrix, coefficient=-matrix.coefficient if minus else matrix.coefficient, body=turned)
        case Triangle():
            other: Side = "triu" if matrix.side == "tril" else "tril"
            turned = Triangle(other, transpose(matrix.operand), -matrix.offset)
            return turned if transposes(turned) <= transposes(matrix) else Transpose(matrix)
        case CrossMatrix():
            return Scale(Fraction(-1), body=matrix)
        case Zeros():
            return Zeros(matrix.columns, matrix.rows)
        case Commutation():
            return Commutation(matrix.columns, matrix.rows, matrix.order)
        case Kron():
            return Kron(transpose(matrix.left), transpose(matrix.right))
        case Symbol() | Inverse() | Sum() | Hadamard() | Power() | Apply() if is_symmetric(matrix):
            return matrix
        case _:
            return matrix if is_scalar(matrix) else _outside_or_inside(matrix)


def _turned_round(matrix: MatMul) -> Matrix:
    """The transposes of the factors in reverse order, with the signs of antisymmetric ones in front."""
    turned = [split_sign(transpose(factor)) for factor in reversed(matrix.factors)]
    product = MatMul(tuple(factor for factor, _ in turned))
    if sum(minus for _, minus in turned) % 2 == 0:
        return product
    return Scale(Fraction(-1), (product,)) if is_scalar(product) else Scale(Fraction(-1), body=product)


def shorter(first: Matrix, second: Matrix) -> Matrix:
    return first if transposes(first) <= transposes(second) else second


def _outside_or_inside(matrix: Matrix) -> Matrix:
    """``(A - B)ᵀ``, but ``A + Aᵀ`` for ``(A + Aᵀ)ᵀ`` and ``A⁻ᵀ x xᵀ A⁻ᵀ - A⁻ᵀ`` for ``(A⁻¹ x xᵀ A⁻¹ - A⁻¹)ᵀ``."""
    outside, inside = Transpose(matrix), _transposed_inside(matrix)
    if isinstance(matrix, Sum) and _beside_inverses(inside) <= _beside_inverses(matrix):
        return inside
    return inside if transposes(inside) + 1 < transposes(outside) else outside


def _beside_inverses(matrix: Matrix) -> int:
    """`transposes`, but for those that an inverse takes into its exponent."""
    match matrix:
        case Transpose(operand=Inverse(operand=operand)):
            return _beside_inverses(operand)
        case Transpose():
            return transposes(matrix) - transposes(matrix.operand) + _beside_inverses(matrix.operand)
        case _:
            return sum(map(_beside_inverses, matrix.operands))


def _transposed_inside(matrix: Matrix) -> Matrix:
    """The transpose taken of each operand of an elementwise expression."""
    match matrix:
        case Sum():
            turned = [transpose(term) for term in matrix.terms]
            signed = any(isinstance(term, Scale) and term.coefficient < 0 for term in turned)
            return Sum(tuple(turned if signed else sorted(turned, key=transposes)))
        case Hadamard():
            return Hadamard(tuple(map(transpose, matrix.factors)), tuple(map(transpose, matrix.divisors)))
        case Power():
            return Power(transpose(matrix.base), transpose(matrix.exponent))
        case Apply():
            return Apply(matrix.function, tuple(map(transpose, matrix.arguments)))
        case Compare():
            return Compare(matrix.operator, transpose(matrix.left), transpose(matrix.right))
        case Choose():
            return Choose(transpose(matrix.condition), transpose(matrix.then), transpose(matrix.otherwise))
        case _:
            return Transpose(matrix)
