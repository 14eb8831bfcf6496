"""Operations on values element by element."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.emit.arrays import Axes, Kind, Value
from tcgrad.emit.operations import Apply, Compare, Power, Select
from tcgrad.emit.values import Builder


def elementwise(
    build: Builder,
    operation: Compare | Apply | Select | Power,
    values: Sequence[Value],
    hint: Axes,
    kind: Kind = Kind.FLOAT,
) -> Value:
    """An operation on the elements of values, which are aligned; scalars give a scalar of their own kind.

    hint: the order in which the axes are wanted if that costs nothing.
    kind: that of the result, if it is no number of the inputs' dtype.
    """
    axes = build.combined_axes(values, hint)
    nodes = tuple(build.aligned(value, axes) for value in values)
    widest = max(nodes, key=lambda node: len(node.shape))
    if kind is Kind.FLOAT and all(node.kind is Kind.SCALAR for node in nodes):
        kind = Kind.SCALAR
    shape = tuple(index.size for index in axes) if axes else widest.shape
    return Value(build.graph.make(operation, nodes, shape, kind), axes)
