"""The elements of arrays otherwise arranged: axes in another order, more or fewer of them, parts, zeros around them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile

from tcgrad.emit.graph.arrays import Node, Value
from tcgrad.emit.graph.mirrored import Mirrored
from tcgrad.emit.graph.nodes import Graph
from tcgrad.emit.graph.operations import Diagonal, Expand, Pad, Pick, Reshape, Slice, Transpose
from tcgrad.ir.indices import Index, Integer

_ONE = Integer.of(1)

_Widths = Sequence[tuple[Integer, Integer]]  # before and after each axis


class Views:
    """Makes views in a graph, views of views as one: they bring values into line with each other. Padding copies."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._mirrored = Mirrored()

    def is_mirrored(self, node: Node) -> bool:
        """Whether a matrix is seen to equal its transpose."""
        return len(node.shape) == 2 and self._mirrored.sign(node) == 1

    def transposed(self, node: Node, order: Sequence[int]) -> Node:
        """Axis k of the result is axis ``order[k]`` of the node; views of views are one view, and what equals its
        transpose is not turned.
        """
        if isinstance(node.operation, Transpose):
            order = tuple(node.operation.order[k] for k in order)
            node = node.arguments[0]
        if all(k == axis for k, axis in enumerate(order)) or self.is_mirrored(node):
            return node
        return self.graph.make(Transpose(tuple(order)), (node,), tuple(node.shape[k] for k in order), node.kind)

    def arranged(self, value: Value, axes: Sequence[Index]) -> Node:
        """The node with its axes, all of which occur in ``axes``, in that order."""
        if value.axes == tuple(axes):
            return value.node
        position = {index: k for k, index in enumerate(value.axes)}
        return self.transposed(value.node, [position[index] for index in axes if index in position])

    def aligned(self, value: Value, axes: Sequence[Index], *, full: bool = False) -> Node:
        """A view that broadcasts against arrays with these axes.

        full: with an axis of size 1 also in front, where broadcasting needs none.
        """
        node = self.arranged(value, axes)
        new = [index not in value.axes for index in axes]
        return self.expanded(node, new) if full else self.broadcasting(node, new)

    def broadcasting(self, node: Node, new: Sequence[bool]) -> Node:
        """A view with an axis of size 1 wherever ``new`` is True but in front, where broadcasting needs none."""
        return self.expanded(node, [*dropwhile(bool, new)])

    def expanded(self, node: Node, new: Sequence[bool]) -> Node:
        """A view with an axis of size 1 wherever ``new`` is True."""
        if not any(new):
            return node
        old = iter(node.shape)
        shape = tuple(_ONE if is_new else next(old) for is_new in new)
        return self.graph.make(Expand(tuple(new)), (node,), shape, node.kind)

    def diagonal(self, node: Node, axes: Sequence[Index]) -> Value:
        """The value of a node whose axes may repeat an index: the diagonal view where one does."""
        distinct = tuple(dict.fromkeys(axes))
        if len(distinct) == len(axes):
            return Value(node, distinct)
        labels = tuple(distinct.index(index) for index in axes)
        shape = tuple(node.shape[labels.index(k)] for k in range(len(distinct)))
        return Value(self.graph.make(Diagonal(labels), (node,), shape, node.kind), distinct)

    def picked(self, node: Node, positions: Sequence[Integer | None]) -> Node:
        """A view at fixed positions of some axes."""
        if all(position is None for position in positions):
            return node
        if isinstance(node.operation, Slice) and (picked := positions[node.operation.axis]) is not None:
            axis, start, step = node.operation.axis, node.operation.start, node.operation.step
            return self.picked(node.arguments[0], (*positions[:axis], start + step * picked, *positions[axis + 1 :]))
        if isinstance(node.operation, Pad) and self._are_apart(node.operation.widths, positions):
            kept = [width for width, position in zip(node.operation.widths, positions, strict=True) if position is None]
            return self.padded(self.picked(node.arguments[0], positions), kept, node.operation.filler)
        shape = tuple(size for size, position in zip(node.shape, positions, strict=True) if position is None)
        return self.graph.make(Pick(tuple(positions)), (node,), shape, node.kind)

    @staticmethod
    def _are_apart(widths: _Widths, positions: Sequence[Integer | None]) -> bool:
        """Whether axes that are read at a position are as long as before they were padded."""
        read = (width for width, position in zip(widths, positions, strict=True) if position is not None)
        return not any(side.terms for pair in read for side in pair)

    def slices(self, node: Node, axis: int) -> list[Node]:
        """Views at each of the positions along an axis whose size is a number."""
        rest = len(node.shape) - axis - 1
        places = range(node.shape[axis].as_number or 0)
        return [self.picked(node, [*[None] * axis, Integer.of(place), *[None] * rest]) for place in places]

    def reshaped(self, node: Node, shape: tuple[Integer, ...]) -> Node:
        """The same elements in another shape."""
        if isinstance(node.operation, Reshape):
            (node,) = node.arguments
        if node.shape == shape:
            return node
        return self.graph.make(Reshape(), (node,), shape, node.kind)

    def padded(self, node: Node, widths: _Widths, filler: int = 0) -> Node:
        """The array with as many zeros, or others, before and after each axis; the node itself where that is none."""
        if not any(width.terms for pair in widths for width in pair):
            return node
        shape = tuple(before + size + after for size, (before, after) in zip(node.shape, widths, strict=True))
        return self.graph.make(Pad(tuple(widths), filler), (node,), shape, node.kind)
