"""Inverses that only multiply something: a linear system is solved instead, which is faster and more accurate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcgrad.emit.graph.arrays import Axes, Node, Value
from tcgrad.emit.graph.operations import Linalg, Transpose
from tcgrad.emit.graph.values import Builder
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Component, Expr, IndexSum, Mul
from tcgrad.ir.program import Define, Intrinsic, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, free_indices


def inverses_that_multiply(statements: Iterable[Statement]) -> set[Tensor]:
    """The inverses whose every read is a factor of a product that is summed over one of the matrix's axes."""
    statements = tuple(statements)
    inverses = {s.tensor for s in statements if isinstance(s, Intrinsic) and s.kind == "inv"}
    if not inverses:
        return inverses
    bodies = [statement.body for statement in statements if isinstance(statement, Define)]
    read_whole = {s.operand for s in statements if isinstance(s, Intrinsic)}
    alone = {tensor for body in bodies for tensor in _read_alone(body, (), inverses)}
    return inverses - alone - read_whole


def _read_alone(expr: Expr, summed: tuple[Index, ...], inverses: set[Tensor]) -> Iterator[Tensor]:
    """The inverses that are read where they do not multiply."""
    if isinstance(expr, IndexSum):
        summed = (*summed, *expr.indices)
    factors = expr.factors if isinstance(expr, Mul) else ()
    for part in children(expr):
        others = [set(free_indices(other)) for other in factors if other is not part]
        if isinstance(part, Component) and part.tensor in inverses and _multiplies(part, summed, others):
            continue
        yield from _read_alone(part, summed, inverses)
    if isinstance(expr, Component) and expr.tensor in inverses:
        yield expr.tensor


def _multiplies(read: Component, summed: tuple[Index, ...], others: list[set[Index]]) -> bool:
    rows, columns = (position.as_index for position in read.indices[-2:])
    if rows is None or columns is None or rows is columns or any({rows, columns} <= other for other in others):
        return False
    return any(index in other for index in (rows, columns) if index in summed for other in others)


def solved(build: Builder, inverse: Value, other: Value, summed: Axes) -> Value | None:
    """``inverse @ other`` as the solution of a system; None if the first is no such inverse."""
    node = inverse.node.arguments[0] if isinstance(inverse.node.operation, Transpose) else inverse.node
    if node not in build.inverses or len(summed) != 1:
        return None
    axes = inverse.axes
    if isinstance(inverse.node.operation, Transpose):
        order = inverse.node.operation.order
        axes = tuple(axes[order.index(axis)] for axis in range(len(order)))
    *batch, rows, columns = axes
    kept = [index for index in other.axes if index not in batch and index is not summed[0]]
    if len(kept) > 1 or summed[0] not in (rows, columns) or any(index not in other.axes for index in batch):
        return None
    if (columns if summed[0] is rows else rows) in kept:  # sum_k A[p,k] b[p,k] multiplies no matrix by a column
        return None
    matrix = node.arguments[0]
    if summed[0] is rows:
        rank = len(matrix.shape)
        matrix, rows = build.transposed(matrix, (*range(rank - 2), rank - 1, rank - 2)), columns
    return _solution(build, matrix, Value(build.arranged(other, (*batch, summed[0], *kept)), ()), (*batch, rows, *kept))


def _solution(build: Builder, matrix: Node, right: Value, axes: Axes) -> Value:
    shape = tuple(index.size for index in axes)
    is_vector = len(axes) < len(matrix.shape)
    node = build.as_float(right.node)  # NumPy solves for whole numbers in float64
    if is_vector and len(axes) > 1:  # NumPy takes the right side for a vector only where it has one axis
        node = build.expanded(node, [False] * len(axes) + [True])
        full = build.graph.make(Linalg("solve"), (matrix, node), (*shape, *node.shape[-1:]))
        return Value(build.picked(full, [*(None for _ in axes), node.shape[-1] - 1]), axes)
    return Value(build.graph.make(Linalg("solve"), (matrix, node), shape), axes)
