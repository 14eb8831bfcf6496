"""Reductions over indices: maxima, minima and products of the elements of an array."""

from __future__ import annotations

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.memory_order import short_axis
from tcgrad.emit.graph.operations import Apply, Reduction
from tcgrad.emit.graph.values import Builder
from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import ReductionKind


def reduced(build: Builder, kind: ReductionKind, node: Node, axes: tuple[int, ...]) -> Node:
    """A reduction of an array over some of its axes; extremes along a short one are those of its slices."""
    if not axes:
        return node
    short = short_axis(node, axes) if kind in ("max", "min") else None
    if short is None:
        shape = tuple(size for axis, size in enumerate(node.shape) if axis not in axes)
        return build.graph.make(Reduction(kind, axes), (node,), shape)
    extreme, *others = build.slices(node, short)
    for other in others:
        extreme = build.graph.make(Apply(FUNCTIONS[kind]), (extreme, other), other.shape)
    return reduced(build, kind, extreme, tuple(axis - (axis > short) for axis in axes if axis != short))
