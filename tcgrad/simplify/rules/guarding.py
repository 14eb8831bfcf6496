"""Guards that have to stay beside what a definition that holds them is written for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.gaps import Gap, has_gap
from tcgrad.ir.guards import is_guard
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO, Component, Delta, Expr, Iverson
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.traversal import free_indices, walk
from tcgrad.simplify.signs import is_positive


def guards_kept(before: Sequence[Expr], rest: Sequence[Expr]) -> list[Expr]:
    """The guards and brackets among the factors ``before`` that are gone from the ``rest``, and without which that need
    not exist.

    Where ``b = [i != j] w/(x[i] - x[j])`` is known, ``[i != j] w/(x[i] - x[j])^2`` is ``[i != j] b/(x[i] - x[j])``.
    Of a sum with masks, which has other values than 0 and 1, it is that it is not 0.
    """
    gone = [factor for factor in before if (isinstance(factor, Iverson) or is_guard(factor)) and factor not in rest]
    gaps = {gap for factor in rest for gap in gaps_in(factor)} if gone else ()
    kept = [guard for guard in gone if any(gap.issuperset(free_indices(guard)) for gap in gaps)]
    return [_as_condition(guard) for guard in kept if not is_positive(guard, ())]


def _as_condition(guard: Expr) -> Expr:
    return guard if isinstance(guard, Delta | Iverson) else Iverson("!=", guard, ZERO)


def gaps_in(expr: Expr) -> Iterator[Gap]:
    """The indices of what has no value for some arguments, and of positions that may be outside of their tensor."""
    for node in walk(expr):
        if has_gap(node) or (isinstance(node, Component) and node.tensor.has_gaps):
            yield frozenset(free_indices(node))
        elif isinstance(node, Component):
            yield from (frozenset(position.indices) for position in _loose_positions(node))


def may_be_outside(expr: Expr) -> bool:
    """Whether something is read at a position that may be outside of its tensor."""
    return any(isinstance(node, Component) and _loose_positions(node) for node in walk(expr))


def may_leave(read: Component) -> bool:
    """Whether a component is read at a position with indices that may be outside: not where an element tells which."""
    return any(position.indices and not position.gathers for position in _loose_positions(read))


def _loose_positions(read: Component) -> list[Integer]:
    """The positions that may be outside, where there are no zeros."""
    if read.tensor.zero_outside:
        return []
    pairs = zip(read.indices, read.tensor.shape, strict=True)
    return [position for position, size in pairs if not _is_inside(position, size)]


def _is_inside(position: Integer, size: Integer) -> bool:
    return is_nonnegative(position) and is_nonnegative(size - position - 1)
