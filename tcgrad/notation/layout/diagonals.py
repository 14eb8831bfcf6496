"""Largest elements and the like over parts of diagonals that are not square, with an index for each size.

The language gives an index one size. In a sum a condition tells which, in other reductions none may stand: in the
largest ``x[m,m]`` for ``x`` of 2 by 3 the second position gets an index of its own that a condition holds to the first,
``max[m](x[m,n]*[n == m])``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component, Expr, IndexReduce, IndexSum, IndexValue, Iverson, Mul
from tcgrad.ir.reads import lone_sizes
from tcgrad.ir.traversal import map_children, replace_components, sorts_in
from tcgrad.notation.layout.extents import contradicted


def with_one_size_each(body: Expr, fixed: Collection[Index]) -> Expr:
    """The same with no index of a reduction left as the whole of positions of different sizes, but for sums.

    fixed: the indices whose ranges are declared, which may stand in positions of any size.
    """
    if IndexReduce not in sorts_in(body):
        return body
    wanted = contradicted((body,)).difference(fixed)

    def changed(expr: Expr) -> Expr:
        for index in expr.indices if isinstance(expr, IndexReduce) else ():
            if index in wanted:
                expr = map_children(expr, partial(_kept_apart, index))
        return map_children(expr, changed)

    return changed(body) if wanted else body


def _kept_apart(index: Index, body: Expr) -> Expr:
    """What an index is bound over, with the index left in positions of one size: its own, or the smallest."""
    sizes = sorted({size.value for size in lone_sizes(index, (body,))})
    own = index.size.value if index.size.value in sizes else sizes[0]
    return replace_components(body, lambda read: _read_apart(read, index, own))


def _read_apart(read: Component, index: Index, own: int) -> Expr:
    positions, partners = list(read.indices), list[Index]()
    for place, position in enumerate(read.indices):
        others = [size for size in _sizes_within(read, place, index) if size.value != own]
        if others:
            partners.append(Index(index.name, others[0]))
            positions[place] = position.substitute({index: partners[-1].expr})
    if not partners:
        return read
    held = [Iverson("==", IndexValue(partner.expr), IndexValue(index.expr)) for partner in partners]
    return IndexSum(tuple(partners), Mul((Component(read.tensor, tuple(positions)), *held)))


def _sizes_within(read: Component, place: int, index: Index) -> Sequence[Integer]:
    """The sizes of the positions that are the index alone, in one position of a component and in what it gathers."""
    alone = [Integer.of(0)] * read.tensor.order
    alone[place] = read.indices[place]
    return list(lone_sizes(index, (Component(read.tensor, tuple(alone)),)))
