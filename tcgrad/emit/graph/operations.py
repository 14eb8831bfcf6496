"""The operations of the array program, but for those that fill arrays. They know axes by number."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from tcgrad.emit.graph.arrays import Operation
from tcgrad.functions import Function
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ComparisonOperator, ReductionKind
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Leaf(Operation):
    """An argument of the emitted function: an input, an upstream gradient, a tangent; or a module constant."""

    tensor: Tensor


@dataclass(frozen=True)
class Number(Operation):
    """A literal. ``value`` is None for pi."""

    value: Fraction | None

    def __hash__(self) -> int:
        """By the two whole numbers: a fraction's own hash takes a modular inverse."""
        return hash(self.value and self.value.as_integer_ratio())


@dataclass(frozen=True)
class MinusInfinity(Operation):
    pass


@dataclass(frozen=True)
class Size(Operation):
    """A size as a Python integer."""

    value: Integer


@dataclass(frozen=True)
class Arange(Operation):
    """The integers from 0 to a size."""

    size: Integer


@dataclass(frozen=True)
class Transpose(Operation):
    """Axis k of the result is axis ``order[k]`` of the argument."""

    order: tuple[int, ...]

    is_view = True
    turns_axes = True


@dataclass(frozen=True)
class Expand(Operation):
    """A view with new axes of size 1 where ``new`` is True, one entry per axis of the result."""

    new: tuple[bool, ...]

    is_view = True


@dataclass(frozen=True)
class Diagonal(Operation):
    """A view in which axes with the same label are one; labels count up in order of first occurrence."""

    labels: tuple[int, ...]

    is_view = True


@dataclass(frozen=True)
class Pick(Operation):
    """A view at fixed positions of some axes, which go; None keeps an axis."""

    positions: tuple[Integer | None, ...]

    is_view = True


@dataclass(frozen=True)
class Slice(Operation):
    """``start::step`` of one axis, as many elements as the result has there; ``step`` is not 0."""

    axis: int
    start: Integer
    step: Integer

    is_view = True


@dataclass(frozen=True)
class Window(Operation):
    """Axis ``axis`` becomes two, i and p, that read position ``i + p``; p stands last."""

    axis: int
    length: Integer

    is_view = True


@dataclass(frozen=True)
class Pad(Operation):
    """Zeros, or ones, before and after, for each axis."""

    widths: tuple[tuple[Integer, Integer], ...]
    filler: int = 0

    is_looked_into = True


@dataclass(frozen=True)
class Take(Operation):
    """Advanced indexing: the first argument is read at the others, which broadcast together.

    ``places`` says for each axis of the first argument which later argument indexes it; None keeps the axis whole.
    The axes of the broadcast stand where NumPy puts them.
    """

    places: tuple[int | None, ...]


@dataclass(frozen=True)
class TakeOne(Take):
    """The same at one position, where nothing broadcasts."""

    is_view_at_numbers = True


@dataclass(frozen=True)
class Plus(Operation):
    """The sum of the arguments, each with its sign, 1 or -1."""

    signs: tuple[int, ...]


@dataclass(frozen=True)
class Times(Operation):
    """The product of the first ``numerators`` arguments divided by the product of the others."""

    numerators: int


@dataclass(frozen=True)
class Integral(Operation):
    """An integer operation on index values: ``//`` or ``%``."""

    operator: Literal["//", "%"]


@dataclass(frozen=True)
class Clip(Operation):
    """A position between -1 and the size, the second argument: what is outside stands next to the array."""


@dataclass(frozen=True)
class Sqrt(Operation):
    pass


@dataclass(frozen=True)
class Power(Operation):
    """The first argument to the power of the second."""


@dataclass(frozen=True)
class Apply(Operation):
    """A function of the table, elementwise."""

    function: Function


@dataclass(frozen=True)
class Compare(Operation):
    operator: ComparisonOperator


@dataclass(frozen=True)
class Select(Operation):
    """``np.where`` of the three arguments; ``guarded`` if a branch may be undefined where it is not taken."""

    guarded: bool


@dataclass(frozen=True)
class Cast(Operation):
    """The argument in the inputs' floating dtype."""

    has_common_dtype = True


@dataclass(frozen=True)
class Sum(Operation):
    axes: tuple[int, ...]

    is_looked_into = True


@dataclass(frozen=True)
class Mean(Operation):
    """A sum over axes, which is its argument, divided by their sizes."""

    axes: tuple[int, ...]


@dataclass(frozen=True)
class Largest(Operation):
    """The largest element along axes, 0 in place of an infinite one: what exponents are taken relative to."""

    axes: tuple[int, ...]


@dataclass(frozen=True)
class Reduction(Operation):
    kind: ReductionKind
    axes: tuple[int, ...]


@dataclass(frozen=True)
class RunningSum(Operation):
    """The sum of all elements along an axis up to each."""

    axis: int


@dataclass(frozen=True)
class ProductsOfOthers(Operation):
    """The product of all elements along an axis but one, in the place of each."""

    axis: int


@dataclass(frozen=True)
class Trace(Operation):
    """The sum of a matrix's diagonal."""


@dataclass(frozen=True)
class Matmul(Operation):
    """``@``: vectors, matrices, stacks of matrices."""


@dataclass(frozen=True)
class Outer(Operation):
    """The outer product of two vectors."""


@dataclass(frozen=True)
class Vdot(Operation):
    """The sum over all axes of the product of two arrays of one shape."""


@dataclass(frozen=True)
class SquaredDistances(Operation):
    """The sums of the squares of the differences of each row of one matrix and each row of another."""


@dataclass(frozen=True)
class Einsum(Operation):
    """A product of two arrays whose axes have labels, summed over the labels that are not in ``out``."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    out: tuple[int, ...]


@dataclass(frozen=True)
class Reshape(Operation):
    """The same elements in another shape: that of the node."""

    is_view_in_order = True


@dataclass(frozen=True)
class Contiguous(Operation):
    """In C order, where BLAS could not read the view: a copy, unless that is how it lies in memory."""

    is_view_in_order = True


@dataclass(frozen=True)
class Full(Operation):
    """The argument, a scalar, in every position of the node's shape."""

    has_common_dtype = True


@dataclass(frozen=True)
class Broadcast(Operation):
    """The argument repeated along its axes of size 1 to the node's shape: a new array."""

    has_common_dtype = True


@dataclass(frozen=True)
class Copy(Operation):
    """A new array, where the argument is a view of what belongs to the caller."""


@dataclass(frozen=True)
class Linalg(Operation):
    """``inv``, ``det`` or ``logdet`` of a matrix or a stack of them; ``adj`` of one with its determinant, ``minors``
    of one, ``solve`` of one with a right side.
    """

    kind: Literal["inv", "det", "logdet", "adj", "minors", "solve"]


@dataclass(frozen=True)
class LeviCivita(Operation):
    """The permutation symbol, a module constant."""

    order: int
