"""Putting matrix expressions in the place of names, rebuilt so that the whole reads as if raised at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from tcgrad.ir.tensors import Tensor
from tcgrad.notation.matrix import (
    Apply,
    Choose,
    Commutation,
    Compare,
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
    Size,
    Sum,
    Symbol,
    Transpose,
    Vec,
    Zeros,
)
from tcgrad.notation.matrix_building import diagonal_matrix, hadamard, power, product, squared_norm, trace
from tcgrad.notation.matrix_scaling import scaled, settled
from tcgrad.notation.matrix_sums import add
from tcgrad.notation.matrix_transpose import transpose


def put_in(matrix: Matrix, known: Mapping[Tensor, Matrix]) -> Matrix:
    """The expression with the tensors of ``known`` replaced by what they are, of the same shape."""
    return settled(_put_in(matrix, known))


def _put_in(matrix: Matrix, known: Mapping[Tensor, Matrix]) -> Matrix:
    def inside(part: Matrix) -> Matrix:
        return _put_in(part, known)

    match matrix:
        case Symbol():
            return known.get(matrix.tensor, matrix)
        case Number() | Size() | Ones() | Zeros() | Identity() | Commutation():
            return matrix
        case Transpose():
            return transpose(inside(matrix.operand))
        case Inverse():
            return Inverse(inside(matrix.operand))
        case MatMul():
            return product(*map(inside, matrix.factors))
        case Hadamard():
            return hadamard(map(inside, matrix.factors), map(inside, matrix.divisors))
        case Kron():
            return Kron(inside(matrix.left), inside(matrix.right))
        case Scale():
            body = None if matrix.body is None else inside(matrix.body)
            return scaled(body, map(inside, matrix.factors), map(inside, matrix.divisors), matrix.coefficient)
        case Sum():
            return add(map(inside, matrix.terms))
        case Power(base=Fold(kind="norm", operand=operand), exponent=Number(value=value)) if value == 2:
            return squared_norm(inside(operand))
        case Power():
            return power(inside(matrix.base), inside(matrix.exponent))
        case Apply():
            return Apply(matrix.function, tuple(map(inside, matrix.arguments)))
        case Compare():
            return Compare(matrix.operator, inside(matrix.left), inside(matrix.right))
        case Choose():
            return Choose(inside(matrix.condition), inside(matrix.then), inside(matrix.otherwise))
        case Fold(kind="tr"):
            return trace(inside(matrix.operand))
        case Fold():
            return Fold(matrix.kind, inside(matrix.operand))
        case DiagMatrix():
            return diagonal_matrix(inside(matrix.vector))
        case DiagVector():
            return DiagVector(inside(matrix.matrix))
        case Vec():
            return Vec(inside(matrix.operand), matrix.order)
        case _:
            assert_never(matrix)
