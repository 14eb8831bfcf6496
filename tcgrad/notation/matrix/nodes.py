"""The matrix IR: scalars, column vectors and matrices, composed as the Matrix Cookbook composes them.

Constructors check nothing and simplify nothing; `building` and `elementwise` do both. A vector is a
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
from tcgrad.trees import hashed_once, held, held_alone, held_as

Axis = Integer | None  # the size of an axis; None where there is no such axis
Shape = tuple[Axis, Axis]  # rows and columns: a column vector has no columns, a scalar neither
VecOrder = Literal["row", "column"]  # the order in which a matrix is written as one column
Side = Literal["tril", "triu"]  # which triangle of a matrix is kept: the lower or the upper one
FoldKind = Literal["tr", "det", "logdet", "norm", "max", "min", "prod", "logsumexp"]

SCALAR: Shape = (None, None)


class Remembered:
    """What is known of a node once it was asked for; the one function that works a thing out writes it.

    operands: the expressions directly inside, in order.
    """

    operands: tuple[Matrix, ...] = ()
    known_hash: int | None = None
    known_shape: Shape | None = None
    known_transposes: int | None = None
    known_length: int | None = None


@hashed_once
class Number(Remembered):
    """An exact rational number."""

    value: Fraction


@hashed_once
class Size(Remembered):
    """The size of an axis as a number."""

    value: Integer


@hashed_once
class Symbol(Remembered):
    """A tensor by its name, or the slice of it where some axes are held at a position; at most two axes are left.

    at: for each axis the position it is held at, a size or a batch index by its name, or None; () holds none.
    """

    tensor: Tensor
    at: tuple[Axis, ...] = ()


@hashed_once
class Ones(Remembered):
    """The column vector of ones."""

    size: Integer


@hashed_once
class Unit(Remembered):
    """The column vector of zeros with a one at ``position``, counted from 0."""

    position: Integer
    size: Integer


@hashed_once
class Zeros(Remembered):
    """The vector or matrix of zeros."""

    rows: Axis
    columns: Axis


@hashed_once
class Identity(Remembered):
    size: Integer


@hashed_once
class OneHot(Remembered):
    """The matrix whose rows are unit vectors of ``size``, row i with its one at the i-th element of a whole vector."""

    places: Matrix
    size: Integer
    operands = held_alone("places")


@hashed_once
class BatchDelta(Remembered):
    """1 where two batch indices, each by its name, are the same, else 0."""

    left: Integer
    right: Integer


@hashed_once
class Commutation(Remembered):
    """The permutation with ``comm vec(A) = vec(Aᵀ)`` for an A of ``rows`` by ``columns``."""

    rows: Integer
    columns: Integer
    order: VecOrder = "row"


@hashed_once
class Transpose(Remembered):
    operand: Matrix
    operands = held_alone("operand")


@hashed_once
class Inverse(Remembered):
    operand: Matrix
    operands = held_alone("operand")


@hashed_once
class MatMul(Remembered):
    """The matrix product of two or more factors, neighbours conformable; a column before a row is an outer product."""

    factors: tuple[Matrix, ...]
    operands = held("factors")


@hashed_once
class Hadamard(Remembered):
    """The elementwise product of ``factors`` over that of ``divisors``."""

    factors: tuple[Matrix, ...]
    divisors: tuple[Matrix, ...] = ()
    operands = held_as(lambda own: own.factors + own.divisors)


@hashed_once
class Kron(Remembered):
    """The Kronecker product ``left ⊗ right``."""

    left: Matrix
    right: Matrix
    operands = held("left", "right")


@hashed_once
class Scale(Remembered):
    """``coefficient * factors * body / divisors``: all are scalars but the body; without a body it is a scalar."""

    coefficient: Fraction
    factors: tuple[Matrix, ...] = ()
    divisors: tuple[Matrix, ...] = ()
    body: Matrix | None = None
    operands = held_as(lambda own: own.factors + own.divisors + (() if own.body is None else (own.body,)))


@hashed_once
class Sum(Remembered):
    """The sum of terms of one shape."""

    terms: tuple[Matrix, ...]
    operands = held("terms")


@hashed_once
class BatchSum(Remembered):
    """The sum of ``operand`` over the values of a batch index, at which tensors in it are held."""

    index: Dim
    operand: Matrix
    operands = held_alone("operand")


@hashed_once
class Power(Remembered):
    """``base`` to the ``exponent``, element by element where it is no scalar."""

    base: Matrix
    exponent: Matrix
    operands = held("base", "exponent")


@hashed_once
class Apply(Remembered):
    """A function of the table, element by element."""

    function: Function
    arguments: tuple[Matrix, ...]
    operands = held("arguments")


@hashed_once
class Compare(Remembered):
    """1 where ``left operator right`` holds, else 0, element by element."""

    operator: ComparisonOperator
    left: Matrix
    right: Matrix
    operands = held("left", "right")


@hashed_once
class Choose(Remembered):
    """``then`` where ``condition`` is not 0, else ``otherwise``, element by element."""

    condition: Matrix
    then: Matrix
    otherwise: Matrix
    operands = held("condition", "then", "otherwise")


@hashed_once
class Fold(Remembered):
    """A scalar made of a whole vector or matrix: its trace, determinant, Euclidean norm, largest element, ..."""

    kind: FoldKind
    operand: Matrix
    operands = held_alone("operand")


@hashed_once
class DiagMatrix(Remembered):
    """The diagonal matrix of a vector."""

    vector: Matrix
    operands = held_alone("vector")


@hashed_once
class DiagVector(Remembered):
    """The diagonal of a square matrix, as a vector."""

    matrix: Matrix
    operands = held_alone("matrix")


@hashed_once
class CrossMatrix(Remembered):
    """The antisymmetric matrix of a vector v of three whose product with a vector w is the cross product v × w."""

    vector: Matrix
    operands = held_alone("vector")


@hashed_once
class Triangle(Remembered):
    """A matrix with 0 above, or below, one of its diagonals: ``offset`` columns to the right of that at the corner."""

    side: Side
    operand: Matrix
    offset: int = 0
    operands = held_alone("operand")


@hashed_once
class Vec(Remembered):
    """A matrix as one column, row after row, or column after column."""

    operand: Matrix
    order: VecOrder = "row"
    operands = held_alone("operand")


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
