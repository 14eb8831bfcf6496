"""Components that integer tensors choose, as products with one-hot matrices: ``E[y[p]]`` is ``Σ_k δ[k,y[p]] E[k]``."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.ir.indices import Gather, Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Component, Delta, Expr, IndexSum, Iverson, Mul
from tcgrad.ir.reads import as_position
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import integers, map_children, tensors_read, walk


def gathers(expr: Expr) -> bool:
    """Whether an integer tensor is read inside an expression."""
    return any(tensor.dtype == "int" for tensor in tensors_read(expr))


def with_one_hots(expr: Expr) -> Expr:
    """The same with deltas for the positions that are elements of integer tensors, and for brackets of both."""
    return _rewritten(expr) if gathers(expr) else expr


def _rewritten(expr: Expr) -> Expr:
    match expr:
        case Component():
            return _chosen(expr)
        case Iverson("==", left, right) if (delta := _compared(left, right)) is not None:
            return delta
        case Iverson("!=", left, right) if (delta := _compared(left, right)) is not None:
            return Add((ONE, Mul((MINUS_ONE, delta))))
        case _:
            return map_children(expr, _rewritten)


def _chosen(read: Component) -> Expr:
    """The sum over an index of its own for each position that is an element of an integer tensor."""
    positions, deltas, summed = list(read.indices), list[Delta](), list[Index]()
    for place, (position, size) in enumerate(zip(read.indices, read.tensor.shape, strict=True)):
        if _gather_of(position) is not None:
            index = Index("k", size)
            positions[place] = index.expr
            deltas.append(Delta(index.expr, position))
            summed.append(index)
    return IndexSum(tuple(summed), Mul((*deltas, Component(read.tensor, tuple(positions))))) if summed else read


def _compared(left: Expr, right: Expr) -> Delta | None:
    """The delta of ``[k == y[b]]`` and ``[y[b] == k]``; None for what compares other things."""
    for axis, element in ((left, right), (right, left)):
        index, position = as_position(axis), as_position(element)
        if position is not None and position.as_gather is not None and index is not None and index.as_index is not None:
            return Delta(index, position)
    return None


def one_hot_at(expr: Delta) -> tuple[Component, Index] | None:
    """The element and the index that a delta says to be one; None for any other delta."""
    for axis, position in ((expr.left, expr.right), (expr.right, expr.left)):
        gather = _gather_of(position)
        if gather is not None and axis.as_index is not None:
            return Component(gather.tensor, gather.indices), axis.as_index
    return None


def reads_in(expr: Expr) -> Iterator[Component]:
    """The components that are read, as values or as positions; permutation symbols are none."""
    yield from values_in(expr)
    yield from places_in(expr)


def values_in(expr: Expr) -> Iterator[Component]:
    """The components that are read as values; permutation symbols are none."""
    read = (node for node in walk(expr) if isinstance(node, Component))
    return (component for component in read if component.tensor.role is not Role.LEVI_CIVITA)


def places_in(expr: Expr) -> Iterator[Component]:
    """The elements of integer tensors that are positions, each of a one-hot tensor with one axis more."""
    found = (_gather_of(position) for node in walk(expr) for position in integers(node))
    return (Component(gather.tensor, gather.indices) for gather in found if gather is not None)


def positions_in(expr: Expr) -> Iterator[Integer]:
    """The positions of components and deltas, of an element of an integer tensor those it is read at."""
    for node in walk(expr):
        for position in integers(node):
            gather = _gather_of(position)
            yield from (position,) if gather is None else gather.indices


def _gather_of(position: Integer) -> Gather | None:
    """The element of an integer tensor with indices that a position is; None for any other position."""
    gather = position.as_gather
    return gather if gather is not None and any(each.indices for each in gather.indices) else None
