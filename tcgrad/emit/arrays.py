"""The array program: what stands between the IR and the text of NumPy code.

Nodes are positional: they know axes by number, not indices. A `Graph` keeps one node for each operation on the same
arguments, so that what the forward and the backward pass share is one node, computed once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Literal

from tcgrad.functions import Function
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import ComparisonOperator, ReductionKind
from tcgrad.ir.tensors import Tensor


class Kind(Enum):
    """What a value is made of; it decides where a cast is needed to stay in the inputs' dtype."""

    FLOAT = "float"  # of the inputs' dtype
    INT = "int"  # of a dtype of its own, mostly of integers
    BOOL = "bool"
    SCALAR = "scalar"  # a Python number, which takes the dtype of what it meets


@dataclass(frozen=True)
class Leaf:
    """An argument of the emitted function: an input, an upstream gradient, a tangent; or a module constant."""

    tensor: Tensor


@dataclass(frozen=True)
class Number:
    """A literal. ``value`` is None for pi."""

    value: Fraction | None


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
    """Axis ``axis`` becomes two, i and p, that read position ``i + p``; p stands last."""

    axis: int
    length: Integer


@dataclass(frozen=True)
class Pad:
    """Zeros before and after, for each axis."""

    widths: tuple[tuple[Integer, Integer], ...]


@dataclass(frozen=True)
class Take:
    """Advanced indexing: the first argument is read at the others, which broadcast together.

    ``places`` says for each axis of the first argument which later argument indexes it; None keeps the axis whole.
    The axes of the broadcast stand first if ``front``, else where the (adjacent) indexed axes were.
    """

    places: tuple[int | None, ...]
    front: bool


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
class Place:
    """The positions along one axis of a result: ``start`` plus ``step * label`` for some labels of a block."""

    start: Integer
    steps: tuple[tuple[int, Integer], ...]


@dataclass(frozen=True)
class Block:
    """Where an array stands in a larger one.

    places: one for each axis of the larger array; a label that occurs twice selects a diagonal.
    sizes: the size of each label; the first ``looped`` labels are looped over, such that at most one other label is
        left in a place.
    indexed: the looped labels that the leading axes of the array stand for; its other axes broadcast against the
        labels that are left, in order.
    """

    places: tuple[Place, ...]
    sizes: tuple[Integer, ...]
    looped: int
    indexed: tuple[int, ...]


@dataclass(frozen=True)
class Assemble:
    """Zeros of the node's shape to which each argument is added where its block stands."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Scatter:
    """Zeros of the node's shape to which the first argument is added at positions that may repeat.

    ``places`` and ``front`` as in `Take`.
    """

    places: tuple[int | None, ...]
    front: bool


@dataclass(frozen=True)
class Linalg:
    """``inv``, ``det`` or ``logdet`` of a matrix or a stack of them; ``solve`` of one with a right side."""

    kind: Literal["inv", "det", "logdet", "solve"]


@dataclass(frozen=True)
class Carried:
    """The array that a recurrence fills, as its own steps read it."""

    loop: int
    number: int


@dataclass(frozen=True)
class Write:
    """A value put at one position of the axis along which a recurrence runs."""

    buffer: int
    position: Integer
    value: Node


@dataclass(frozen=True)
class Segment:
    """Writes at one position, or if ``looped`` at all positions from ``start`` to ``stop``, which is left out."""

    start: Integer
    stop: Integer
    looped: bool
    writes: tuple[Write, ...]
    variable: Dim | None = None


@dataclass(frozen=True)
class Scan:
    """The loop of a recurrence; the arguments are what its steps read from outside.

    carried: the array of each of its tensors; axes: the axis of each along which it runs.
    """

    carried: tuple[Node, ...]
    axes: tuple[int, ...]
    segments: tuple[Segment, ...]
    downward: bool


@dataclass(frozen=True)
class Buffer:
    """One of the arrays that the argument, a loop, has filled."""

    number: int


@dataclass(frozen=True)
class LeviCivita:
    """The permutation symbol, a module constant."""

    order: int


Operation = (
    Leaf
    | Number
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


@dataclass(frozen=True, eq=False)
class Node:
    """One array: an operation on others. ``serial`` orders the nodes of a graph as they were made."""

    operation: Operation
    arguments: tuple[Node, ...]
    shape: tuple[Integer, ...]
    kind: Kind
    serial: int

    def __repr__(self) -> str:
        return f"%{self.serial} = {self.operation}({', '.join(f'%{a.serial}' for a in self.arguments)})"

    @property
    def is_view(self) -> bool:
        return isinstance(self.operation, VIEWS)

    @cached_property
    def base(self) -> Node:
        """The array whose memory this one shares: itself, if it is no view."""
        return self.arguments[0].base if self.is_view else self

    @cached_property
    def is_static(self) -> bool:
        """A scalar made of literals and sizes alone."""
        return self.kind is Kind.SCALAR


@dataclass(frozen=True)
class Value:
    """A node whose k-th axis stands for the index ``axes[k]``."""

    node: Node
    axes: tuple[Index, ...] = ()


@dataclass
class Graph:
    """The nodes of one emitted module."""

    _known: dict[object, Node] = field(default_factory=dict)

    def make(
        self, operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...], kind: Kind = Kind.FLOAT
    ) -> Node:
        """The node of an operation: the one already there, if the same was made before."""
        key = _key(operation, arguments, shape)
        node = self._known.get(key)
        if node is None:
            node = self._known[key] = Node(operation, arguments, shape, kind, len(self._known))
        return node

    def known(self, operation: Operation, arguments: tuple[Node, ...]) -> Node | None:
        """The node of an operation whose shape follows from its arguments, if it was made before."""
        return self._known.get(_key(operation, arguments, ()))


def _key(operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...]) -> object:
    serials = tuple(argument.serial for argument in arguments)
    match operation:
        case Plus():
            return Plus, tuple(sorted(zip(serials, operation.signs, strict=True)))
        case Times():
            cut = operation.numerators
            return Times, tuple(sorted(serials[:cut])), tuple(sorted(serials[cut:]))
        case Leaf():
            return Leaf, operation.tensor.role, operation.tensor.name
        case Reshape() | Full() | Broadcast() | Assemble() | Scatter() | Slice() | LeviCivita():
            return operation, serials, shape
        case _:
            return operation, serials
