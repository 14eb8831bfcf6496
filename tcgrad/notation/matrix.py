"""The matrix IR: scalars, column vectors and matrices, composed as the Matrix Cookbook composes them.

Constructors check nothing and simplify nothing; `matrix_building` and `matrix_elementwise` do both. A vector is a
column, its transpose a row. Functions, powers, comparisons and Hadamard products are elementwise over operands of one
shape, scalars apart.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from tcgrad.functions import Function
from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.nodes import ComparisonOperator
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.records import dataclass

Axis = Integer | None  # the size of an axis; None where there is no such axis
Shape = tuple[Axis, Axis]  # rows and columns: a column vector has no columns, a scalar neither
VecOrder = Literal["row", "column"]  # the order in which a matrix is written as one column
Side = Literal["tril", "triu"]  # which triangle of a matrix is kept: the lower or the upper one
FoldKind = Literal["tr", "det", "logdet", "norm", "max", "min", "prod", "logsumexp"]

SCALAR: Shape = (None, None)


@dataclass(frozen=True)
class Number:
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True)
class Size:
    """The size of an axis as a number."""

    value: Integer


@dataclass(frozen=True)
class Symbol:
    """A tensor by its name, or the slice of it where some axes are held at a position; at most two axes are left.

    at: for each axis the position it is held at, a size or a batch index by its name, or None; () holds none.
    """

    tensor: Tensor
    at: tuple[Axis, ...] = ()


@dataclass(frozen=True)
class Ones:
    """The column vector of ones."""

    size: Integer


@dataclass(frozen=True)
class Unit:
    """The column vector of zeros with a one at ``position``, counted from 0."""

    position: Integer
    size: Integer


@dataclass(frozen=True)
class Zeros:
    """The vector or matrix of zeros."""

    rows: Axis
    columns: Axis


@dataclass(frozen=True)
class Identity:
    size: Integer


@dataclass(frozen=True)
class OneHot:
    """The matrix whose rows are unit vectors of ``size``, row i with its one at the i-th element of a whole vector."""

    places: Matrix
    size: Integer


@dataclass(frozen=True)
class BatchDelta:
    """1 where two batch indices, each by its name, are the same, else 0."""

    left: Integer
    right: Integer


@dataclass(frozen=True)
class Commutation:
    """The permutation with ``comm vec(A) = vec(Aᵀ)`` for an A of ``rows`` by ``columns``."""

    rows: Integer
    columns: Integer
    order: VecOrder = "row"


@dataclass(frozen=True)
class Transpose:
    operand: Matrix


@dataclass(frozen=True)
class Inverse:
    operand: Matrix


@dataclass(frozen=True)
class MatMul:
    """The matrix product of two or more factors, neighbours conformable; a column before a row is an outer product."""

    factors: tuple[Matrix, ...]


@dataclass(frozen=True)
class Hadamard:
    """The elementwise product of ``factors`` over that of ``divisors``."""

    factors: tuple[Matrix, ...]
    divisors: tuple[Matrix, ...] = ()


@dataclass(frozen=True)
class Kron:
    """The Kronecker product ``left ⊗ right``."""

    left: Matrix
    right: Matrix


@dataclass(frozen=True)
class Scale:
    """``coefficient * factors * body / divisors``: all are scalars but the body; without a body it is a scalar."""

    coefficient: Fraction
    factors: tuple[Matrix, ...] = ()
    divisors: tuple[Matrix, ...] = ()
    body: Matrix | None = None


@dataclass(frozen=True)
class Sum:
    """The sum of terms of one shape."""

    terms: tuple[Matrix, ...]


@dataclass(frozen=True)
class BatchSum:
    """The sum of ``operand`` over the values of a batch index, at which tensors in it are held."""

    index: Dim
    operand: Matrix


@dataclass(frozen=True)
class Power:
    """``base`` to the ``exponent``, element by element where it is no scalar."""

    base: Matrix
    exponent: Matrix


@dataclass(frozen=True)
class Apply:
    """A function of the table, element by element."""

    function: Function
    arguments: tuple[Matrix, ...]


@dataclass(frozen=True)
class Compare:
    """1 where ``left operator right`` holds, else 0, element by element."""

    operator: ComparisonOperator
    left: Matrix
    right: Matrix


@dataclass(frozen=True)
class Choose:
    """``then`` where ``condition`` is not 0, else ``otherwise``, element by element."""

    condition: Matrix
    then: Matrix
    otherwise: Matrix


@dataclass(frozen=True)
class Fold:
    """A scalar made of a whole vector or matrix: its trace, determinant, Euclidean norm, largest element, ..."""

    kind: FoldKind
    operand: Matrix


@dataclass(frozen=True)
class DiagMatrix:
    """The diagonal matrix of a vector."""

    vector: Matrix


@dataclass(frozen=True)
class DiagVector:
    """The diagonal of a square matrix, as a vector."""

    matrix: Matrix


@dataclass(frozen=True)
class CrossMatrix:
    """The antisymmetric matrix of a vector v of three whose product with a vector w is the cross product v × w."""

    vector: Matrix


@dataclass(frozen=True)
class Triangle:
    """A matrix with 0 above, or below, one of its diagonals: ``offset`` columns to the right of that at the corner."""

    side: Side
    operand: Matrix
    offset: int = 0


@dataclass(frozen=True)
class Vec:
    """A matrix as one column, row after row, or column after column."""

    operand: Matrix
    order: VecOrder = "row"


Matrix = (
    Number
    | Size
    | Symbol
    | Ones
    | Unit
    | Zeros
    | Identity
    | OneHot
    | BatchDelta
    | Commutation
    | Transpose
    | Inverse
    | MatMul
    | Hadamard
    | Kron
    | Scale
    | Sum
    | BatchSum
    | Power
    | Apply
    | Compare
    | Choose
    | Fold
    | DiagMatrix
    | DiagVector
    | CrossMatrix
    | Triangle
    | Vec
)


def is_derivative(matrix: Matrix) -> bool:
    """Whether a name prints as a fraction of differentials."""
    return isinstance(matrix, Symbol) and matrix.tensor.role in (Role.GRADIENT, Role.JACOBIAN, Role.HESSIAN)
