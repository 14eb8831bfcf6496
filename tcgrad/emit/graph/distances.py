"""Squared distances between the rows of two matrices, for which no array of all their differences is made."""

from __future__ import annotations

from typing import NamedTuple

from tcgrad.emit.graph.arrays import Axes, Node, Value
from tcgrad.emit.graph.operations import Expand, Plus, SquaredDistances
from tcgrad.emit.graph.values import Builder
from tcgrad.ir.indices import Index, Integer

_DIFFERENCES = ((1, -1), (-1, 1))
_SHORT = 3  # elements of rows whose differences are no larger array than others


class RowDifferences(NamedTuple):
    """``left[i, k] - right[j, k]`` as an array with three axes, or its opposite.

    places: for each of the two matrices the axes of the array at which its own stand.
    """

    left: Node
    right: Node
    places: tuple[tuple[int, ...], tuple[int, ...]]


def row_differences(node: Node) -> RowDifferences | None:
    """The two matrices whose rows an array holds all differences of; None where it is another array."""
    if not isinstance(node.operation, Plus) or node.operation.signs not in _DIFFERENCES or len(node.shape) != 3:
        return None
    (left, first), (right, second) = (_placed(argument, 3) for argument in node.arguments)
    if len(first) != 2 or len(second) != 2 or first == second:
        return None
    return RowDifferences(left, right, (first, second))


def _placed(node: Node, rank: int) -> tuple[Node, tuple[int, ...]]:
    """The array behind new axes, and the axes at which its own stand where it broadcasts to so many."""
    missing = rank - len(node.shape)
    if not isinstance(node.operation, Expand):
        return node, tuple(range(missing, rank))
    return node.arguments[0], tuple(missing + axis for axis, is_new in enumerate(node.operation.new) if not is_new)


def is_short(size: Integer) -> bool:
    """Whether arrays with one more axis of a size are hardly larger, at whatever sizes code is called with."""
    length = size.as_number
    return length is not None and length <= _SHORT


def squared_distances(build: Builder, value: Value, summed: Index) -> Value | None:
    """The sum over ``summed`` of the squares of differences; None where these are not of rows, or of short ones."""
    found = row_differences(value.node)
    along = value.axes.index(summed)
    if found is None or not all(along in places for places in found.places) or is_short(summed.size):
        return None
    rows: list[tuple[int, Node]] = []
    for matrix, places in zip((found.left, found.right), found.places, strict=True):
        row, order = (places[0], (0, 1)) if places[1] == along else (places[1], (1, 0))
        rows.append((row, build.transposed(matrix, order)))
    (first, left), (second, right) = sorted(rows, key=lambda each: each[0])
    axes: Axes = (value.axes[first], value.axes[second])
    shape = (left.shape[0], right.shape[0])
    return Value(build.graph.make(SquaredDistances(), (left, right), shape), axes)
