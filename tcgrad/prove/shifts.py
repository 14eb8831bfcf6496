"""Sums by another index: ``sum_k g[p-k] [0 <= p-k < I]`` is ``sum_i g[i] [0 <= p-i < n]``, ``k`` running over ``n``,
and ``sum_k g[(p-k) % N]`` is ``sum_i g[i]``, ``k`` going round.

Of all ways to write a sum, one is taken in which a read of the first tensor is plain: of several, the one with the
smallest key.
"""

from __future__ import annotations

from itertools import groupby

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component, Delta, Expr, IndexSum, Mul
from tcgrad.ir.traversal import free_indices, map_children, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key


def shifted(expr: Expr) -> Expr:
    """The same value, every sum by a position of a tensor where that can be; to be simplified."""
    made = map_children(expr, shifted)
    for bound in made.indices if isinstance(made, IndexSum) else ():
        if isinstance(made, IndexSum):
            made = _by_first_read(made, bound)
    return made


def _by_first_read(whole: IndexSum, bound: Index) -> Expr:
    positions = _first_positions(whole, bound)
    if all(position.as_index is bound for position in positions):
        return whole
    ways = (_by_position(whole, bound, position, size) for position, size in positions.items())
    return min((way for way in ways if way is not None), key=key, default=whole)


def _by_position(whole: IndexSum, bound: Index, position: Integer, size: Integer) -> Expr | None:
    """The sum with a plain index at a position of an axis of that size; None if that leaves a delta."""
    plain = Index(bound.name, size)
    # Every term that is not 0 reads inside of the tensor, so that one position there is the one that is read.
    body = simplify(IndexSum((bound,), Mul((Delta(plain.expr, position), whole.body))))
    if any(isinstance(part, Delta) and plain in free_indices(part) for part in walk(body)):
        return None
    return IndexSum((*(index for index in whole.indices if index is not bound), plain), body)


def _first_positions(whole: IndexSum, bound: Index) -> dict[Integer, Integer]:
    """Where the tensor that is first by its name among those that can tell the index reads it, and the sizes there."""
    reads = sorted((part for part in walk(whole.body) if isinstance(part, Component)), key=_name)
    for _, alike in groupby(reads, key=_name):
        sides = (side for read in alike for side in zip(read.indices, read.tensor.shape, strict=True))
        found = {position: size for position, size in sides if _tells(position, bound)}
        if found:
            return found
    return {}


def _name(read: Component) -> str:
    return read.tensor.name


def _tells(position: Integer, bound: Index) -> bool:
    """Whether it takes every value once, as ``i + j`` does or ``(i - j) % N`` where ``i`` goes round."""
    round_ = position.as_remainder
    if round_ is not None and round_.divisor == bound.size:
        position = round_.dividend
    coefficient = position.coefficient(bound)
    return coefficient is not None and coefficient.as_number in (1, -1) and not position.gathers
