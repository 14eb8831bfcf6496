"""The operations that fill arrays: blocks put in their places, scattered sums, the loops of recurrences."""

from __future__ import annotations

from tcgrad.emit.graph.arrays import Kind, Node, Operation
from tcgrad.ir.indices import Dim, Integer
from tcgrad.records import dataclass


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


def whole(shape: tuple[Integer, ...]) -> Block:
    """The block that is the array itself."""
    places = tuple(Place(Integer.of(0), ((label, Integer.of(1)),)) for label in range(len(shape)))
    return Block(places, shape, 0, ())


def is_whole(array: Node, block: Block, node: Node) -> bool:
    """Whether what stands in a block is as large as the node, and all of it but for other blocks."""
    return array.shape == node.shape and array.kind is Kind.FLOAT and block.places == whole(node.shape).places


@dataclass(frozen=True)
class Assemble(Operation):
    """Zeros of the node's shape to which each argument is added where its block stands."""

    blocks: tuple[Block, ...]

    has_common_dtype = True


@dataclass(frozen=True)
class Scatter(Operation):
    """Zeros of the node's shape to which the first argument is added at positions that may repeat.

    ``places`` as in `Take`.
    distinct: whether no position repeats.
    """

    places: tuple[int | None, ...]
    distinct: bool

    has_common_dtype = True


@dataclass(frozen=True)
class Carried(Operation):
    """The array that a recurrence fills, as its own steps read it."""

    loop: int
    number: int

    has_common_dtype = True


@dataclass(frozen=True)
class Relation:
    """A comparison of positions that holds for some lengths of a recurrence and for others not."""

    left: Integer
    operator: str
    right: Integer


@dataclass(frozen=True)
class Write:
    """A value put at one position of the axis along which a recurrence runs, if there is a condition where it holds."""

    buffer: int
    position: Integer
    value: Node
    condition: Relation | None = None


@dataclass(frozen=True)
class Segment:
    """Writes at one position, or with a ``variable`` at all from ``start`` to ``stop``, which is left out.

    condition: where it does not hold, what is at the position has been written before.
    """

    start: Integer
    stop: Integer
    writes: tuple[Write, ...]
    variable: Dim | None = None
    condition: Relation | None = None


@dataclass(frozen=True)
class Scan(Operation):
    """The loop of a recurrence; the arguments are what its steps read from outside.

    carried: the array of each of its tensors; axes: the axis of each along which it runs.
    """

    carried: tuple[Node, ...]
    axes: tuple[int, ...]
    segments: tuple[Segment, ...]
    downward: bool

    has_common_dtype = True


@dataclass(frozen=True)
class Buffer(Operation):
    """One of the arrays that the argument, a loop, has filled."""

    number: int

    has_common_dtype = True
