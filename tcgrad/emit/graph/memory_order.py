"""The order in which the elements of arrays lie in memory."""

from __future__ import annotations

from collections.abc import Collection
from operator import itemgetter

from tcgrad.emit.graph.arrays import Node, Value
from tcgrad.emit.graph.operations import Diagonal, Expand, Transpose

_SHORT = 3  # elements along an axis that are taken slice by slice


def short_axis(node: Node, reduced: Collection[int]) -> int | None:
    """The axis that memory runs along, if it is among those that are reduced, others are kept, and it is short.

    NumPy walks along such an axis anew for each result, which takes ten times as long as adding its slices.
    """
    axis = innermost(node)
    if axis not in reduced or len(reduced) == len(node.shape):
        return None
    length = node.shape[axis].as_number
    return axis if length is not None and 0 < length <= _SHORT else None


def innermost(node: Node) -> int:
    """The axis along which neighbours in memory lie, if fresh arrays are in C order."""
    last = len(node.shape) - 1
    match node.operation:
        case Transpose(order):
            inner = innermost(node.arguments[0])
            return order.index(inner) if inner in order else last
        case Expand(new):
            inner = innermost(node.arguments[0])
            return [k for k, is_new in enumerate(new) if not is_new][inner]
        case Diagonal(labels):
            return labels[innermost(node.arguments[0])]
        case _:
            return last


def unturned(value: Value) -> Value:
    """The same value of the array that a node shows with its axes in another order: sums are known by arrays."""
    if not isinstance(value.node.operation, Transpose):
        return value
    turned = zip(value.node.operation.order, value.axes, strict=True)
    return Value(value.node.arguments[0], tuple([index for _, index in sorted(turned, key=itemgetter(0))]))
