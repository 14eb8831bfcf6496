"""Sums over all positions up to one, or from one on, which no matrix of ones need multiply."""

from __future__ import annotations

from tcgrad.emit.graph.arrays import Axes, Node, Value
from tcgrad.emit.graph.operations import Arange, Compare, RunningSum, Slice
from tcgrad.emit.graph.values import Builder
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MIRRORED, ComparisonOperator

_ZERO, _ONE = Integer.of(0), Integer.of(1)


def running_sum(build: Builder, mask: Value, other: Value, summed: Axes) -> Value | None:
    """The sum of what a mask leaves of an array, where it compares the index that is summed with one of its length
    that the array does not have: ``sum_s [s <= t] x_s``. None elsewhere.
    """
    if len(summed) != 1 or len(mask.axes) != 2:
        return None
    (own,) = summed
    (place,) = (index for index in mask.axes if index is not own)
    operator = _operator(mask, own)
    axis = other.axes.index(own)
    if operator is None or place in other.axes or other.node.shape[axis] != own.size:
        return None
    node = build.as_float(other.node)
    is_strict, is_from = operator in ("<", ">"), operator in (">", ">=")
    length = node.shape[axis] - 1 if is_strict else node.shape[axis]
    if is_strict or is_from:
        node = _sliced(build, node, axis, length, backward=is_from)
    node = build.graph.make(RunningSum(axis), (node,), node.shape)
    if is_strict:
        node = build.padded(node, [(_ONE if k == axis else _ZERO, _ZERO) for k in range(len(node.shape))])
    if is_from:
        node = _sliced(build, node, axis, own.size, backward=True)
    return Value(node, tuple([place if index is own else index for index in other.axes]))


def _operator(mask: Value, own: Index) -> ComparisonOperator | None:
    """How a mask compares an index with another one of the same length, in order; None if it does not."""
    operation = mask.node.operation
    if not isinstance(operation, Compare) or operation.operator in ("==", "!="):
        return None
    left, right = mask.node.arguments
    if not isinstance(left.base.operation, Arange) or left.base is not right.base:
        return None
    first = mask.axes[2 - len(left.shape)]
    return operation.operator if first is own else MIRRORED[operation.operator]


def _sliced(build: Builder, node: Node, axis: int, length: Integer, *, backward: bool) -> Node:
    """So many elements of an axis, from its end on backward, or from its start."""
    cut = Slice(axis, node.shape[axis] - 1, -_ONE) if backward else Slice(axis, _ZERO, _ONE)
    return build.graph.make(cut, (node,), (*node.shape[:axis], length, *node.shape[axis + 1 :]))
