"""One product of two operands with sums, as the NumPy call that does it fastest.

No call is an ``einsum`` where BLAS can do it: one is used only for sums over indices that both operands keep in step
(a dot product for each of the remaining, shared indices).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import dropwhile
from math import prod

from tcgrad.emit.graph.arrays import Axes, Kind, Node, Value
from tcgrad.emit.graph.distances import squared_distances
from tcgrad.emit.graph.memory_order import innermost, unturned
from tcgrad.emit.graph.operations import (
    Contiguous,
    Einsum,
    Matmul,
    Outer,
    Reshape,
    Vdot,
)
from tcgrad.emit.graph.running import running_sum
from tcgrad.emit.graph.solving import solved
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.graph.windows import sum_of_windows
from tcgrad.ir.indices import Integer
from tcgrad.ir.sizes import count
from tcgrad.records import dataclass

_FEW = 8  # matrices that are multiplied one by one if that gives the order that is wanted
_FEW_READY = 64  # if each is read as it lies


def outer(build: Builder, left: Value, right: Value, axes: Axes) -> Value:
    first, second = (left, right) if left.axes[0] is axes[0] else (right, left)
    first_node, second_node = _one_float(build, first.node, second.node)
    shape = (*first_node.shape, *second_node.shape)
    return Value(build.graph.make(Outer(), (first_node, second_node), shape), axes)


def _one_float(build: Builder, left: Node, right: Node) -> tuple[Node, Node]:
    """Both operands such that the product has the inputs' dtype."""
    if left.kind is Kind.FLOAT or right.kind is Kind.FLOAT:
        first, second = (build.as_float(node) if node.kind is Kind.INT else node for node in (left, right))
        return first, second
    return build.as_float(left), build.as_float(right)


@dataclass(frozen=True)
class _Groups:
    """The indices of a contraction of two operands: kept by both, by the left, by the right alone; summed."""

    batch: Axes
    rows: Axes
    columns: Axes
    summed: Axes


def contraction(build: Builder, left: Value, right: Value, summed: Axes, hint: Axes) -> Value:
    for first, second in ((left, right), (right, left)):
        solution = solved(build, first, second, summed)
        if solution is not None:
            return solution
    for mask, other in ((left, right), (right, left)):
        if mask.node.kind is not Kind.BOOL:
            continue
        if other.node.kind is Kind.FLOAT and set(mask.axes) <= set(other.axes):
            return _masked_sum(build, mask, other, summed)
        running = running_sum(build, mask, other, summed)
        if running is not None:
            return running
    left_node, right_node = _one_float(build, left.node, right.node)
    left, right = Value(left_node, left.axes), Value(right_node, right.axes)
    groups = _groups(left, right, summed)
    if not groups.rows and not groups.columns:
        return _dot(build, left, right, groups, hint)
    if _should_swap(build, left, right, groups, hint):
        left, right = right, left
        groups = _groups(left, right, summed)
    if groups.batch and not (groups.rows and groups.columns):
        window, kernel = (left, right) if groups.rows else (right, left)
        axes = _ordered((*groups.batch, *groups.rows, *groups.columns), hint)
        added = sum_of_windows(build, window, kernel, summed, axes)
        if added is not None:
            return added
    if groups.batch and _runs_along_batch(left, right, groups):
        return _einsum(build, left, right, _ordered((*groups.batch, *groups.rows, *groups.columns), hint))
    if groups.batch:
        return _stacked_matmul(build, left, right, groups, hint)
    return (
        _matmul(build, left, right, groups)
        or _few_matmuls(build, left, right, groups, hint)
        or _flat_matmul(build, unturned(left), unturned(right), summed)
    )


def _masked_sum(build: Builder, mask: Value, other: Value, summed: Axes) -> Value:
    """The sum of what a mask leaves: BLAS has nothing for truth values, and the masked array is often used again."""
    masked = build.times([build.aligned(value, other.axes) for value in (mask, other)])
    return build.summed(Value(masked, other.axes), summed)


def _groups(left: Value, right: Value, summed: Axes) -> _Groups:
    batch = tuple(index for index in left.axes if index in right.axes and index not in summed)
    rows = tuple(index for index in left.axes if index not in right.axes)
    columns = tuple(index for index in right.axes if index not in left.axes)
    return _Groups(batch, rows, columns, summed)


def _should_swap(build: Builder, left: Value, right: Value, groups: _Groups, hint: Axes) -> bool:
    """Whether the operands stand the wrong way round for the order that is wanted."""
    if groups.rows and groups.columns:
        position = {index: k for k, index in enumerate(hint)}
        last = len(hint)
        first = [min(position.get(index, last) for index in group) for group in (groups.rows, groups.columns)]
        return first[1] < first[0]
    if len(groups.summed) > 1:
        return not groups.rows
    # A matrix and a vector: the matrix stands where it needs no transposition, in front if it never does.
    if build.is_mirrored((left if groups.rows else right).node):
        return not groups.rows
    summed = groups.summed[0]
    return left.axes[-1] is not summed if groups.rows else right.axes[-1] is summed


def _dot(build: Builder, left: Value, right: Value, groups: _Groups, hint: Axes) -> Value:
    """Sums over what both operands have: one dot product for each value of the batch indices."""
    if not groups.batch and len(groups.summed) == 1:
        return Value(build.graph.make(Matmul(), (left.node, right.node), ()))
    if not groups.batch and left.axes == right.axes:
        return Value(build.graph.make(Vdot(), (left.node, right.node), ()))
    if left.node is right.node and left.axes == right.axes and len(groups.summed) == 1:
        distances = squared_distances(build, left, *groups.summed)
        if distances is not None:
            return distances
    return _einsum(build, left, right, _ordered(groups.batch, hint))


def _einsum(build: Builder, left: Value, right: Value, axes: Axes) -> Value:
    everything = tuple(dict.fromkeys((*left.axes, *right.axes)))
    labels = [tuple(everything.index(index) for index in part) for part in (left.axes, right.axes, axes)]
    operation = Einsum(labels[0], labels[1], labels[2])
    return Value(build.graph.make(operation, (left.node, right.node), _sizes(axes, left, right)), axes)


def _runs_along_batch(left: Value, right: Value, groups: _Groups) -> bool:
    """Whether vectors meet matrices that memory runs across: BLAS would need copies, and gains nothing over a loop."""
    if groups.rows and groups.columns:
        return False
    matrix = left if groups.rows else right
    return matrix.axes[innermost(matrix.node)] in groups.batch


def _ordered(indices: Axes, hint: Axes) -> Axes:
    return tuple(index for index in hint if index in indices) + tuple(index for index in indices if index not in hint)


def _sizes(axes: Axes, *values: Value) -> tuple[Integer, ...]:
    known = {index: size for value in values for index, size in zip(value.axes, value.node.shape, strict=True)}
    return tuple(known[index] for index in axes)


def _matmul(build: Builder, left: Value, right: Value, groups: _Groups) -> Value | None:
    """``left @ right`` without a batch, where at most transposing a matrix makes it one."""
    if len(groups.summed) > 1:
        return None
    summed = groups.summed[0]
    left_axes = (*groups.rows, summed)
    right_axes = (*groups.columns[:-1], summed, *groups.columns[-1:])
    if len(groups.columns) > 1 and (groups.rows or right.axes != right_axes):
        return None
    if len(groups.rows) > 1 and left.axes != left_axes:
        return None
    nodes = build.arranged(left, left_axes), build.arranged(right, right_axes)
    axes = (*groups.rows, *groups.columns)
    return Value(build.graph.make(Matmul(), nodes, _sizes(axes, left, right)), axes)


def _few_matmuls(build: Builder, left: Value, right: Value, groups: _Groups, hint: Axes) -> Value | None:
    """A matrix times each of a few matrices, if they are read as they lie or give the order that is wanted.

    Otherwise the former are copied into one matrix before it multiplies.
    """
    matrix, stack, own = (right, left, groups.rows) if len(groups.rows) > 1 else (left, right, groups.columns)
    if len(groups.summed) > 1 or len(matrix.axes) != 2 or len(own) < 2:
        return None
    (summed,) = groups.summed
    inner = stack.axes[innermost(stack.node)]
    column = own[-1] if inner is summed else inner
    row = next(index for index in matrix.axes if index is not summed)
    others = _ordered(tuple(index for index in own if index is not column), hint)
    pair = _ordered((row, column), hint)
    axes = (*others, *pair)
    lie_ready = build.arranged(stack, (*others, summed, column)) is stack.node
    is_wanted = len(others) == 1 and axes == _ordered(axes, hint)
    most = _FEW_READY if lie_ready else _FEW if is_wanted else 0
    if count([index.size for index in others]) > most:
        return None
    nodes = build.arranged(matrix, (row, summed)), build.arranged(stack, (*others, summed, column))
    if pair[0] is column:
        nodes = build.arranged(stack, (*others, column, summed)), build.arranged(matrix, (summed, row))
    return Value(build.graph.make(Matmul(), nodes, _sizes(axes, left, right)), axes)


def _flat_matmul(build: Builder, left: Value, right: Value, summed: Axes) -> Value:
    """``left @ right`` without a batch, all rows, all columns and all sums made one axis each by reshaping.

    That copies an operand only where sums stand between other axes, or in another order than in the first operand.
    """
    leading = next((value for value in (left, right) if _stand_together(value, summed)), left)
    summed = tuple(index for index in leading.axes if index in summed)
    matrices: list[Node] = []
    axes: Axes = ()
    for number, value in enumerate((left, right)):
        kept = tuple(index for index in value.axes if index not in summed)
        last = value.axes[-1] in summed
        groups = (kept, summed) if last else (summed, kept)
        matrix = _joined(build, value, [group for group in groups if group])
        matrices.append(build.transposed(matrix, (1, 0)) if kept and last is (number == 1) else matrix)
        axes += kept
    left_node, right_node = matrices
    node = build.graph.make(Matmul(), (left_node, right_node), (*left_node.shape[:-1], *right_node.shape[1:]))
    return Value(build.reshaped(node, _sizes(axes, left, right)), axes)


def _stand_together(value: Value, indices: Axes) -> bool:
    """Whether axes are the first ones of an array, or the last ones, so that others are one axis without a copy."""
    return any(set(part) == set(indices) for part in (value.axes[: len(indices)], value.axes[-len(indices) :]))


def _joined(build: Builder, value: Value, groups: Sequence[Axes]) -> Node:
    """The value with each group of its axes made one axis."""
    node = build.arranged(value, [index for group in groups for index in group])
    return build.reshaped(node, tuple(_length(_sizes(group, value)) for group in groups))


def _length(sizes: Iterable[Integer]) -> Integer:
    return prod(sizes, start=Integer.of(1))


def _stacked_matmul(build: Builder, left: Value, right: Value, groups: _Groups, hint: Axes) -> Value:
    """``left @ right`` over stacks of matrices; vectors become matrices of one row or column."""
    whole = left, right
    left = _merged(build, left, groups.summed)
    right = _merged(build, right, groups.summed)
    summed = next(index for index in left.axes if index in right.axes and index not in groups.batch)
    rows, columns = all_rows, all_columns = _ordered(groups.rows, hint), _ordered(groups.columns, hint)
    if len(rows) > 1 or len(columns) > 1:
        wanted = _ordered((*groups.batch, *rows, *columns), hint)
        left, rows = _with_one_axis(build, left, rows, wanted)
        right, columns = _with_one_axis(build, right, columns, wanted)
    stack = _ordered((*groups.batch, *rows[:-1], *columns[:-1]), hint)
    left_node = _stacked(build, left, stack, (*rows[-1:], summed), new_row=not rows)
    right_node = _stacked(build, right, stack, (summed, *columns[-1:]), new_column=not columns)
    full = (*stack, *(rows[-1:] or (None,)), *(columns[-1:] or (None,)))
    known = {
        **dict(zip(left.axes, left.node.shape, strict=True)),
        **dict(zip(right.axes, right.node.shape, strict=True)),
    }
    shape = tuple(known[index] if index is not None else Integer.of(1) for index in full)
    node = build.graph.make(Matmul(), (left_node, right_node), shape)
    node = build.picked(node, [Integer.of(0) if index is None else None for index in full])
    axes = (*stack, *rows[-1:], *columns[-1:])
    if (rows, columns) != (all_rows, all_columns):
        axes = (*stack, *(index for index in (*all_rows, *all_columns) if index not in stack))
        node = build.reshaped(node, _sizes(axes, *whole))
    return Value(node, axes)


def _with_one_axis(build: Builder, value: Value, group: Axes, wanted: Axes) -> tuple[Value, Axes]:
    """The value with some of its axes as one, the first of them, if they lie side by side in memory and in the result;
    and the axes that are left of them.
    """
    if len(group) < 2:
        return value, group
    array = unturned(value)
    first, place = (min(map(axes.index, group)) for axes in (array.axes, wanted))
    side_by_side = array.axes[first : first + len(group)]
    if array.node.is_view or side_by_side != group or wanted[place : place + len(group)] != group:
        return value, group
    shape = array.node.shape
    before, after = shape[:first], shape[first + len(group) :]
    node = build.reshaped(array.node, (*before, _length(shape[first : first + len(group)]), *after))
    axes = tuple([index for index in array.axes if index not in group[1:]])
    return Value(node, axes), group[:1]


def _merged(build: Builder, value: Value, summed: Axes) -> Value:
    """The value with several summed axes made one, the last, by a reshape."""
    if len(summed) == 1:
        return value
    kept = tuple(index for index in value.axes if index not in summed)
    node = build.arranged(value, (*kept, *summed))
    shape = (*node.shape[: len(kept)], _length(node.shape[len(kept) :]))
    array = node.arguments[0] if isinstance(node.operation, Reshape) else node
    return Value(build.reshaped(array, shape), (*kept, summed[0]))


def _stacked(
    build: Builder, value: Value, stack: Axes, matrix: Axes, *, new_row: bool = False, new_column: bool = False
) -> Node:
    """The value as a stack of matrices that broadcasts along the stack's axes it lacks."""
    own = tuple(index for index in (*stack, *matrix) if index in value.axes)
    node = _contiguous(build, build.arranged(value, own), len(matrix))
    in_front = dropwhile(bool, [index not in value.axes for index in stack])
    return build.expanded(node, [*in_front, *[True] * new_row, *[False] * len(matrix), *[True] * new_column])


def _contiguous(build: Builder, node: Node, matrix_axes: int) -> Node:
    """A copy where neither axis of the matrices is the one that memory runs along: BLAS cannot read such a view."""
    if matrix_axes < 2 or innermost(node) >= len(node.shape) - matrix_axes:
        return node
    return build.graph.make(Contiguous(), (node,), node.shape, node.kind)
