"""The shapes of matrix expressions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from tcgrad.notation.matrix.nodes import (
    SCALAR,
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
    Shape,
    Size,
    Sum,
    Symbol,
    Transpose,
    Triangle,
    Unit,
    Vec,
    Zeros,
)


def shape(matrix: Matrix) -> Shape:
    """The sizes of rows and columns, None for an axis that is not there. Kept on the node once known."""
    known = matrix.known_shape
    if known is None:
        known = matrix.__dict__["known_shape"] = _shape(matrix)
    return known


def _shape(matrix: Matrix) -> Shape:
    match matrix:
        case Number() | Size() | Fold() | BatchDelta():
            return SCALAR
        case Symbol():
            return _symbol_shape(matrix)
        case Ones() | Unit():
            return matrix.size, None
        case Zeros():
            return matrix.rows, matrix.columns
        case Identity():
            return matrix.size, matrix.size
        case Commutation():
            return (area := matrix.rows * matrix.columns), area
        case Transpose():
            rows, columns = shape(matrix.operand)
            return columns, rows
        case Inverse() | BatchSum() | Triangle():
            return shape(matrix.operand)
        case MatMul():
            return shape(matrix.factors[0])[0], shape(matrix.factors[-1])[1]
        case Kron():
            (m, n), (p, q) = shape(matrix.left), shape(matrix.right)
            return _axis_product(m, p), _axis_product(n, q)
        case Scale():
            return SCALAR if matrix.body is None else shape(matrix.body)
        case DiagMatrix() | CrossMatrix():
            rows, _ = shape(matrix.vector)
            return rows, rows
        case DiagVector():
            rows, _ = shape(matrix.matrix)
            return rows, None
        case OneHot():
            return shape(matrix.places)[0], matrix.size
        case Vec():
            return _axis_product(*shape(matrix.operand)), None
        case Hadamard() | Sum() | Power() | Apply() | Compare() | Choose():
            return common_shape(matrix.operands)
        case _:
            assert_never(matrix)


def _symbol_shape(symbol: Symbol) -> Shape:
    held = symbol.at or (None,) * symbol.tensor.order
    left = (size for size, position in zip(symbol.tensor.shape, held, strict=True) if position is None)
    rows, columns, *_ = (*left, None, None)
    return rows, columns


def _axis_product(left: Axis, right: Axis) -> Axis:
    return right if left is None else left if right is None else left * right


def common_shape(parts: Iterable[Matrix]) -> Shape:
    """The shape of those that are no scalars: they agree."""
    return next((found for part in parts if (found := shape(part)) != SCALAR), SCALAR)


def is_scalar(matrix: Matrix) -> bool:
    return shape(matrix) == SCALAR


def is_ones(matrix: Matrix) -> bool:
    """Whether every element is 1: ``1``, ``1ᵀ`` and ``1 1ᵀ``."""
    match matrix:
        case Ones():
            return True
        case Transpose():
            return is_ones(matrix.operand)
        case MatMul(factors=(left, right)):
            return is_ones(left) and is_ones(right) and shape(left)[1] is None
        case _:
            return False


def is_mask(matrix: Matrix) -> bool:
    """Whether it is a triangle of ones."""
    return isinstance(matrix, Triangle) and is_ones(matrix.operand)
