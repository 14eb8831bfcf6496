"""Guards of rows that are looked up: ``sum_c delta(c, tok[b]) f(c) = f(tok[b]) [0 <= tok[b] < N]`` without them.

Where a formula has a value, what it reads rows at is in range: where ``w[tok[b]]`` stands in what was derived, each
``tok[b]`` is a row of ``w``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tcgrad.ir.indices import Gather, Integer
from tcgrad.ir.nodes import ONE, Component, Delta, Expr, IndexValue, Iverson, Where
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, factors_of, map_children

Row = tuple[Tensor, Integer]  # an integer tensor, and the number of rows that all of its components are below


def rows_read(expr: Expr) -> Iterator[Row]:
    """The integer tensors all of whose components are positions that are read, whatever other tensors hold."""
    if isinstance(expr, Where) or any(isinstance(factor, Iverson | Delta) for factor in factors_of(expr)):
        return
    if isinstance(expr, Component) and not expr.tensor.zero_outside:
        for position, size in zip(expr.indices, expr.tensor.shape, strict=True):
            gather = position.as_gather
            if gather is not None and _is_read_in_full(gather):
                yield gather.tensor, size
    for part in children(expr):
        yield from rows_read(part)


def without_guards_of_rows(expr: Expr, rows: Collection[Row]) -> Expr:
    """An expression without the guards that say of rows which are known to be there that they are; to be simplified."""
    match expr:
        case Iverson(operator, IndexValue(position), IndexValue(bound)):
            gather = position.as_gather
            sizes = [size for tensor, size in rows if gather is not None and tensor == gather.tensor]
            holds = (operator == ">=" and not bound.terms and bool(sizes)) or (operator == "<" and bound in sizes)
            return ONE if holds else expr
        case _:
            return map_children(expr, lambda part: without_guards_of_rows(part, rows))


def _is_read_in_full(gather: Gather) -> bool:
    read = [position.as_index for position in gather.indices]
    sizes = [index.size for index in read if index is not None]
    return sizes == list(gather.tensor.shape) and len(set(read)) == len(read)
