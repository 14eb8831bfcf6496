"""The operations of the array program. They know axes by number; the nodes that they make stand in `arrays`."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from tcgrad.emit.filling import Assemble, Buffer, Carried, Scan, Scatter
from tcgrad.functions import Function
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ComparisonOperator, ReductionKind
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Leaf:
    """An argument of the emitted function: an input, an upstream gradient, a tangent; or a module constant."""

    tensor: Tensor


@dataclass(frozen=True)
class Number:
    """A literal. ``value`` is None for pi."""

    value: Fraction | None


@dataclass(frozen=True)
class MinusInfinity:
    pass


@dataclass(frozen=True)
class Size:
    """A size as a Python integer."""

    value: Integer


@dataclass(frozen=True)
class Arange:
    """The integers from 0 to a size."""

    size: Integer


@dataclass(frozen=True)
class Transpose:
    """Axis k of the result is axis ``order[k]`` of the argument."""

    order: tuple[int, ...]


@dataclass(frozen=True)
class Expand:
    """A view with new axes of size 1 where ``new`` is True, one entry per axis of the result."""

    new: tuple[bool, ...]


@dataclass(frozen=True)
class Diagonal:
    """A view in which axes with the same label are one; labels count up in order of first occurrence."""

    labels: tuple[int, ...]


@dataclass(frozen=True)
class Pick:
    """A view at fixed positions of some axes, which go; None keeps an axis."""

    positions: tuple[Integer | None, ...]


@dataclass(frozen=True)
class Slice:
    """``start::step`` of one axis, as many elements as the result has there; ``step`` is not 0."""

    axis: int
    start: Integer
    step: Integer


@dataclass(frozen=True)
class Window:
    """Axis ``axis`` becomes two, i and p, that read position ``i + p``; p stands last.

    clipped: the length comes out negative where the window is empty, as that of a loop with no steps can be.
    """

    axis: int
    length: Integer
    clipped: bool = False


@dataclass(frozen=True)
class Pad:
    """Zeros, or ones, before and after, for each axis."""

    widths: tuple[tuple[Integer, Integer], ...]
    filler: int = 0


@dataclass(frozen=True)
class Take:
    """Advanced indexing: the first argument is read at the others, which broadcast together.

    ``places`` says for each axis of the first argument which later argument indexes it; None keeps the axis whole.
    The axes of the broadcast stand where NumPy puts them.
    """

    places: tuple[int | None, ...]


@dataclass(frozen=True)
class Plus:
    """The sum of the arguments, each with its sign, 1 or -1."""

    signs: tuple[int, ...]


@dataclass(frozen=True)
class Times:
    """The product of the first ``numerators`` arguments divided by the product of the others."""

    numerators: int


@dataclass(frozen=True)
class Integral:
    """An integer operation on index values: ``//`` or ``%``."""

    operator: Literal["//", "%"]


@dataclass(frozen=True)
class Clip:
    """A position between -1 and the size, the second argument: what is outside stands next to the array."""


@dataclass(frozen=True)
class Sqrt:
    pass


@dataclass(frozen=True)
class Power:
    """The first argument to the power of the second."""


@dataclass(frozen=True)
class Apply:
    """A function of the table, elementwise."""

    function: Function


@dataclass(frozen=True)
class Compare:
    operator: ComparisonOperator


@dataclass(frozen=True)
class Select:
    """``np.where`` of the three arguments; ``guarded`` if a branch may be undefined where it is not taken."""

    guarded: bool


@dataclass(frozen=True)
class Cast:
    """The argument in the inputs' floating dtype."""


@dataclass(frozen=True)
class Sum:
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Mean:
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Reduction:
    kind: ReductionKind
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Trace:
    """The sum of a matrix's diagonal."""


@dataclass(frozen=True)
class Matmul:
    """``@``: vectors, matrices, stacks of matrices."""


@dataclass(frozen=True)
class Outer:
    """The outer product of two vectors."""


@dataclass(frozen=True)
class Vdot:
    """The sum over all axes of the product of two arrays of one shape."""


@dataclass(frozen=True)
class Tensordot:
    left: tuple[int, ...]
    right: tuple[int, ...]


@dataclass(frozen=True)
class Einsum:
    """A product of two arrays whose axes have labels, summed over the labels that are not in ``out``."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    out: tuple[int, ...]


@dataclass(frozen=True)
class Reshape:
    """The same elements in another shape: that of the node."""


@dataclass(frozen=True)
class Contiguous:
    """A copy in C order, where BLAS could not read the view."""


@dataclass(frozen=True)
class Full:
    """The argument, a scalar, in every position of the node's shape."""


@dataclass(frozen=True)
class Broadcast:
    """The argument repeated along its axes of size 1 to the node's shape: a new array."""


@dataclass(frozen=True)
class Copy:
    """A new array, where the argument is a view of what belongs to the caller."""


@dataclass(frozen=True)
class Linalg:
    """``inv``, ``det`` or ``logdet`` of a matrix or a stack of them; ``solve`` of one with a right side."""

    kind: Literal["inv", "det", "logdet", "solve"]


@dataclass(frozen=True)
class LeviCivita:
    """The permutation symbol, a module constant."""

    order: int


Operation = (
    Leaf
    | Number
    | MinusInfinity
    | Size
    | Arange
    | Transpose
    | Expand
    | Diagonal
    | Pick
    | Slice
    | Window
    | Pad
    | Take
    | Plus
    | Times
    | Integral
    | Clip
    | Sqrt
    | Power
    | Apply
    | Compare
    | Select
    | Cast
    | Sum
    | Mean
    | Reduction
    | Trace
    | Matmul
    | Outer
    | Vdot
    | Tensordot
    | Einsum
    | Reshape
    | Contiguous
    | Full
    | Broadcast
    | Copy
    | Assemble
    | Scatter
    | Linalg
    | LeviCivita
    | Carried
    | Scan
    | Buffer
)

VIEWS = (Transpose, Expand, Diagonal, Pick, Slice, Window)
