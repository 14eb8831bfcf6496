"""Sums of windows of an array times a kernel for each of its channels, which no matrix product is."""

from __future__ import annotations

from tcgrad.emit.graph.arrays import Axes, Node, Value
from tcgrad.emit.graph.filling import Assemble, Block, whole
from tcgrad.emit.graph.operations import Slice, Transpose, Window
from tcgrad.emit.graph.values import Builder
from tcgrad.ir.sizes import count

_MOST = 32  # positions of a window that are added up one after the other


def sum_of_windows(build: Builder, window: Value, kernel: Value, summed: Axes, axes: Axes) -> Value | None:
    """The product summed over the positions of a window, one position after the other; None where it has too many.

    axes: those of the result. For BLAS every window would be copied, to be multiplied with a single vector.
    """
    opened = _window_axes(window.node)
    positions, shape = (tuple(index.size for index in own) for own in (summed, axes))
    if count(positions) > _MOST or not all(window.axes.index(index) in opened for index in summed):
        return None
    array = build.times([build.aligned(value, (*summed, *axes)) for value in (window, kernel)])
    looped, sizes = len(summed), (*positions, *shape)
    block = Block(whole(sizes).places[looped:], sizes, looped, tuple(range(looped)))
    return Value(build.graph.make(Assemble((block,)), (array,), shape), axes)


def _window_axes(node: Node) -> set[int]:
    """The axes of a view that run within windows."""
    match node.operation:
        case Window():
            return {*_window_axes(node.arguments[0]), len(node.shape) - 1}
        case Transpose(order):
            inner = _window_axes(node.arguments[0])
            return {axis for axis, source in enumerate(order) if source in inner}
        case Slice():
            return _window_axes(node.arguments[0])
        case _:
            return set()
