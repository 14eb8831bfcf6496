"""Sums by another index: ``sum_k g[p-k] [0 <= p-k < I]`` is ``sum_i g[i] [0 <= p-i < n]``, ``k`` running over ``n``.

Of all ways to write a sum, the one is taken in which the first read of a bound index is plain.
"""

from __future__ import annotations

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component, Delta, Expr, IndexSum, Mul
from tcgrad.ir.traversal import free_indices, map_children, walk
from tcgrad.simplify import simplify


def shifted(expr: Expr) -> Expr:
    """The same value, in every sum the first position that is not plain made so, if that can be; to be simplified."""
    made = map_children(expr, shifted)
    if not isinstance(made, IndexSum):
        return made
    found = _first_compound(made)
    if found is None:
        return made
    bound, position, size = found
    plain = Index(bound.name, size)
    # Every term that is not 0 reads inside of the tensor, so that one position there is the one that is read.
    body = simplify(IndexSum((bound,), Mul((Delta(plain.expr, position), made.body))))
    if any(isinstance(part, Delta) and plain in free_indices(part) for part in walk(body)):
        return made
    others = tuple(index for index in made.indices if index is not bound)
    return IndexSum((*others, plain), body)


def _first_compound(whole: IndexSum) -> tuple[Index, Integer, Integer] | None:
    """A bound index whose first read is at a position that is not plain, the position, and the size of that axis."""
    plain: set[Index] = set()
    reads = [part for part in walk(whole.body) if isinstance(part, Component)]
    for read in sorted(reads, key=lambda read: read.tensor.name):
        for position, size in zip(read.indices, read.tensor.shape, strict=True):
            for index in position.indices:
                if index in whole.indices and index not in plain:
                    if position.as_index is index:
                        plain.add(index)
                    elif _is_unit(position.coefficient(index)) and not position.gathers:
                        return index, position, size
    return None


def _is_unit(coefficient: Integer | None) -> bool:
    return coefficient is not None and coefficient.as_number in (1, -1)
