"""Matrix expressions as trees: what is inside them, and the same with other things inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from tcgrad.ir.tensors import Tensor
from tcgrad.notation.matrix import (
    Apply,
    BatchDelta,
    BatchSum,
    Choose,
    Commutation,
    Compare,
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


def operands(matrix: Matrix) -> tuple[Matrix, ...]:
    """The expressions directly inside, in order."""
    match matrix:
        case Number() | Size() | Symbol() | Ones() | Unit() | Zeros() | Identity() | BatchDelta() | Commutation():
            return ()
        case Transpose() | Inverse() | Fold() | Vec() | BatchSum() | Triangle():
            return (matrix.operand,)
        case MatMul():
            return matrix.factors
        case Hadamard():
            return matrix.factors + matrix.divisors
        case Kron() | Compare():
            return matrix.left, matrix.right
        case Scale():
            return matrix.factors + matrix.divisors + (() if matrix.body is None else (matrix.body,))
        case Sum():
            return matrix.terms
        case Power():
            return matrix.base, matrix.exponent
        case Apply():
            return matrix.arguments
        case Choose():
            return matrix.condition, matrix.then, matrix.otherwise
        case DiagMatrix() | CrossMatrix():
            return (matrix.vector,)
        case DiagVector():
            return (matrix.matrix,)
        case OneHot():
            return (matrix.places,)
        case _:
            assert_never(matrix)


def parts(matrix: Matrix) -> Iterator[Matrix]:
    """An expression and all that is inside it."""
    yield matrix
    for operand in operands(matrix):
        yield from parts(operand)


def length(matrix: Matrix) -> int:
    """How many parts there are to read."""
    return sum(1 for _ in parts(matrix))


def rebuilt(matrix: Matrix, inside: Sequence[Matrix]) -> Matrix:
    """The expression with others in the place of its operands, in order; nothing is simplified."""
    match matrix:
        case Transpose():
            return Transpose(*inside)
        case Inverse():
            return Inverse(*inside)
        case Fold():
            return Fold(matrix.kind, *inside)
        case Vec():
            return Vec(inside[0], matrix.order)
        case BatchSum():
            return BatchSum(matrix.index, *inside)
        case MatMul():
            return MatMul(tuple(inside))
        case Hadamard():
            cut = len(matrix.factors)
            return Hadamard(tuple(inside[:cut]), tuple(inside[cut:]))
        case Kron():
            return Kron(*inside)
        case Compare():
            return Compare(matrix.operator, *inside)
        case Scale():
            cut, end = len(matrix.factors), len(matrix.factors) + len(matrix.divisors)
            body = None if matrix.body is None else inside[end]
            return Scale(matrix.coefficient, tuple(inside[:cut]), tuple(inside[cut:end]), body)
        case Sum():
            return Sum(tuple(inside))
        case Power():
            return Power(*inside)
        case Apply():
            return Apply(matrix.function, tuple(inside))
        case Choose():
            return Choose(*inside)
        case DiagMatrix():
            return DiagMatrix(*inside)
        case DiagVector():
            return DiagVector(*inside)
        case CrossMatrix():
            return CrossMatrix(*inside)
        case Triangle():
            return Triangle(matrix.side, inside[0], matrix.offset)
        case OneHot():
            return OneHot(inside[0], matrix.size)
        case _:
            return matrix


def with_tensors(matrix: Matrix, tensors: Mapping[Tensor, Tensor]) -> Matrix:
    """The expression with every tensor replaced by the one that ``tensors`` gives for it, of the same shape."""
    if isinstance(matrix, Symbol):
        return Symbol(tensors[matrix.tensor], matrix.at)
    return rebuilt(matrix, [with_tensors(operand, tensors) for operand in operands(matrix)])
