"""Tensors without indices: expressions over whole arrays, in which products alone name the axes.

A form is an array whose axes have an order. Sums, functions, powers and comparisons are elementwise over arrays of the
same axes in the same order, scalars apart; a `Contraction` multiplies arrays and says which axes are which.
"""

from __future__ import annotations

from tcgrad.functions import Function
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ComparisonOperator, Const, ReductionKind
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass

Axes = tuple[Index, ...]


@dataclass(frozen=True)
class Symbol:
    """A tensor by its name, or the slice of it where some axes are held at a position.

    at: for each axis the position it is held at, or None; () holds none.
    """

    tensor: Tensor
    at: tuple[Integer | None, ...] = ()


@dataclass(frozen=True)
class Size:
    """The size of an axis as a number."""

    value: Integer


@dataclass(frozen=True)
class Delta:
    """The Kronecker delta, an array with two axes of one size."""

    size: Integer


@dataclass(frozen=True)
class Ones:
    """The one-tensor over some axes."""

    axes: Axes


@dataclass(frozen=True)
class Zeros:
    axes: Axes


@dataclass(frozen=True)
class Operand:
    """A factor, and the index that each of its axes is called by; an index twice is a diagonal."""

    form: Form
    axes: Axes


@dataclass(frozen=True)
class Contraction:
    """The product of ``operands`` with the axes ``result``, summed over every index that is not among these."""

    operands: tuple[Operand, ...]
    result: Axes


@dataclass(frozen=True)
class Total:
    """Terms with their signs, +1 or -1."""

    terms: tuple[tuple[int, Form], ...]


@dataclass(frozen=True)
class Power:
    base: Form
    exponent: Form


@dataclass(frozen=True)
class Reciprocal:
    base: Form


@dataclass(frozen=True)
class Apply:
    function: Function
    arguments: tuple[Form, ...]


@dataclass(frozen=True)
class Compare:
    """1 where ``left operator right`` holds, else 0."""

    operator: ComparisonOperator
    left: Form
    right: Form


@dataclass(frozen=True)
class Choose:
    """``then`` where ``condition`` is not 0, else ``otherwise``."""

    condition: Form
    then: Form
    otherwise: Form


@dataclass(frozen=True)
class Reduction:
    """``max``, ``min``, ``prod`` or ``logsumexp`` of ``operand`` over its last axes, which ``result`` lacks."""

    kind: ReductionKind
    operand: Operand
    result: Axes


Form = (
    Const
    | Symbol
    | Size
    | Delta
    | Ones
    | Zeros
    | Contraction
    | Total
    | Power
    | Reciprocal
    | Apply
    | Compare
    | Choose
    | Reduction
)
