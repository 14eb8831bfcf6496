"""Matrix expressions as trees: what is inside them, and the same with other things inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tcgrad.ir.tensors import Tensor
from tcgrad.notation.matrix.nodes import (
    Apply,
    BatchSum,
    Choose,
    Compare,
    CrossMatrix,
    DiagMatrix,
    DiagVector,
    Fold,
    Hadamard,
    Inverse,
    Kron,
    MatMul,
    Matrix,
    OneHot,
    Power,
    Scale,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Vec,
)


def parts(matrix: Matrix) -> Iterator[Matrix]:
    """An expression and all that is inside it."""
    waiting = [matrix]
    while waiting:
        part = waiting.pop()
        waiting += part.operands[::-1]
        yield part


def length(matrix: Matrix) -> int:
    """How many parts there are to read. Kept on the node once known."""
    known = matrix.known_length
    if known is None:
        known = matrix.__dict__["known_length"] = 1 + sum(map(length, matrix.operands))
    return known


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
    return rebuilt(matrix, [with_tensors(operand, tensors) for operand in matrix.operands])
