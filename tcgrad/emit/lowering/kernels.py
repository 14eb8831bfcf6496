"""Sums over the positions at which a short array is read, 0 outside: over its own elements instead.

``sum_t dy[t]*w[t - 2*i]`` is ``sum_k dy[k + 2*i]*w[k]``: a window of what is long for each ``i``, where as many zeros
as ``dy`` is long would stand around ``w``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tcgrad.emit.lowering.factors import Factors
from tcgrad.emit.sizes.axis_reads import by_length
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.emit.sizes.overhangs import stays_inside
from tcgrad.ir.guards import slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component, Delta, Expr
from tcgrad.ir.substitution import substitute
from tcgrad.records import replace
from tcgrad.simplify.rules.deltas import range_guards


class ShortRead(NamedTuple):
    """A position along an axis of fewer elements than one of the sums that decide it."""

    position: Integer
    size: Integer


def over_kernels(parts: Factors, fitting: Fitting) -> Factors | None:
    """A product that is summed over the elements of a short array; None where none is read so.

    Each sum of a product becomes a shorter one, the longest first, so that this comes to an end.
    """
    components = [factor for factor, inverted in parts.factors if isinstance(factor, Component) and not inverted]
    for factor in components:
        for read in short_reads(factor, parts.summed):
            implied = _implied_guards(read, parts)
            longest = max(_moving(read, parts.summed), key=by_length, default=None)
            if longest is not None and (factor.tensor.zero_outside or len(implied) > 1):
                return _moved(parts, read, longest, implied, fitting)
    return None


def short_reads(factor: Component, summed: Collection[Index]) -> Iterator[ShortRead]:
    """Those of one factor of a product with the indices ``summed``."""
    for position, size in zip(factor.indices, factor.tensor.shape, strict=True):
        is_long = any(index in summed and size.value < index.size.value for index in position.indices)
        if is_long and len(position.indices) > 1 and not position.gathers:
            yield ShortRead(position, size)


def _moving(read: ShortRead, summed: Collection[Index]) -> Iterator[Index]:
    """The long indices of sums that move a position by one element."""
    for index in read.position.indices:
        if index in summed and index.size.value > read.size.value and abs(_step(read.position, index)) == 1:
            yield index


def _step(position: Integer, index: Index) -> int:
    """By how many elements an index moves a position; 0 where that is not one number."""
    step = position.coefficient(index)
    return 0 if step is None else step.as_number or 0


def _implied_guards(read: ShortRead, parts: Factors) -> list[Expr]:
    """The brackets that say no more than that a position is inside."""
    inside = (read.position, read.size - 1 - read.position)
    return [factor for factor, inverted in parts.factors if not inverted and slack_of(factor) in inside]


def _moved(
    parts: Factors, read: ShortRead, index: Index, implied: Collection[Expr], fitting: Fitting
) -> Factors | None:
    """A product with an index at the place where a position is that of each element."""
    element = Index("k", read.size)
    place = index.expr + (element.expr - read.position) * _step(read.position, index)
    guards = () if stays_inside(place, index.size, fitting) else range_guards(place, index.size)
    if guards is None:
        return None
    at = {index: place}
    moved = [(substitute(factor, at), inverted) for factor, inverted in parts.factors if factor not in implied]
    return replace(
        parts,
        factors=[*moved, *((guard, False) for guard in guards)],
        deltas=[Delta(delta.left.substitute(at), delta.right.substitute(at)) for delta in parts.deltas],
        summed=[element if other is index else other for other in parts.summed],
    )
