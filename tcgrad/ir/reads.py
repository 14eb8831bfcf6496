"""Where tensors are read, and which sizes that gives to the indices that are a whole position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcgrad.ir.indices import Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import Component, Delta, Expr, IndexValue
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import integers, walk


def lone_sizes(index: Index, parts: Iterable[Expr]) -> Iterator[Integer]:
    """The sizes of the positions that are the index alone."""
    return (size for part in parts for node in walk(part) for own, size in lone_positions(node) if own is index)


def lone_positions(node: Expr) -> Iterator[tuple[Index, Integer]]:
    """The indices that are a whole position of a node, each with the size that this gives it."""
    if isinstance(node, Delta):
        left, right = node.left.as_index, node.right.as_index
        if left is not None and right is not None and left is not right:
            yield left, right.size
            yield right, left.size
    for position, size in positions_read(node):
        index = position.as_index
        if index is not None:
            yield index, size


def as_position(value: Expr) -> Integer | None:
    """The integer expression that a side of a comparison is, an element of an integer tensor too; None for others."""
    match value:
        case IndexValue():
            return value.value
        case Component(tensor, indices) if tensor.dtype == "int":
            return Integer.of(Gather(tensor, indices))
        case _:
            return None


def positions_read(node: Expr) -> Iterator[tuple[Integer, Integer]]:
    """Each position that a node reads a tensor at, gathers included, with the size of the axis."""
    if isinstance(node, Component):
        yield from _axes(node.tensor, node.indices)
    for position in integers(node):
        if position.as_index is None:
            yield from _gathers(position)


def _axes(tensor: Tensor, positions: tuple[Integer, ...]) -> Iterator[tuple[Integer, Integer]]:
    if not tensor.zero_outside:
        yield from zip(positions, tensor.shape, strict=True)


def _gathers(position: Integer) -> Iterator[tuple[Integer, Integer]]:
    for atom in position.atoms:
        match atom:
            case Gather():
                yield from _axes(atom.tensor, atom.indices)
                for inner in atom.indices:
                    yield from _gathers(inner)
            case Quotient() | Remainder():
                yield from _gathers(atom.dividend)
