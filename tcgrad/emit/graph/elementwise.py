"""Operations on values element by element."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.emit.graph.arrays import Axes, Kind, Value
from tcgrad.emit.graph.operations import Apply, Clip, Compare, Integral, Plus, Power, Select, Times
from tcgrad.emit.graph.values import Builder


def elementwise(
    build: Builder,
    operation: Compare | Apply | Select | Power | Plus | Times | Integral | Clip,
    values: Sequence[Value],
    hint: Axes,
    kind: Kind = Kind.FLOAT,
) -> Value:
    """An operation on the elements of values, which are aligned; Python numbers give a number, or one truth value.

    hint: the order in which the axes are wanted if that costs nothing.
    kind: that of the result, if it is no number of the inputs' dtype.
    """
    axes = build.combined_axes(values, hint)
    nodes = tuple([build.aligned(value, axes) for value in values])
    if kind is not Kind.BOOL and all(node.kind is Kind.SCALAR for node in nodes):
        kind = Kind.SCALAR
    part = build.part_of_known(operation, nodes) if isinstance(operation, Apply) else None
    if part is not None:
        return Value(part, axes)
    return Value(build.graph.make(operation, nodes, tuple([index.size for index in axes]), kind), axes)
