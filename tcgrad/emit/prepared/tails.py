"""Definitions that are 0 from some place of an axis on: what stands before that place is computed, and padded.

``[p < 2*(N//2)]*y[p//2]`` of N elements is a row of 2*(N//2) elements, each of y twice, with one 0 behind it or none.
"""

from __future__ import annotations

from tcgrad.emit.sizes.axis_reads import is_size
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.guards import slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, product_of


def without_tails(define: Define, fitting: Fitting) -> Define:
    """The definition over the places that its own guards leave of its axes; each has its place among the free ones.

    A guard that leaves less than none at some sizes, ``[p < N-2]`` of one element, stays: what stands before that place
    has no size then.
    """
    factors, free = list(factors_of(define.body)), define.free
    for factor in factors_of(define.body):
        ended = _end(factor, free, fitting)
        if ended is not None:
            index, size = ended
            shorter = Index(index.name, size)
            factors.remove(factor)
            factors = [substitute(other, {index: shorter.expr}) for other in factors]
            free = tuple(shorter if own is index else own for own in free)
    return define if free == define.free else Define(define.tensor, free, product_of(factors), define.span)


def _end(factor: Expr, free: tuple[Index, ...], fitting: Fitting) -> tuple[Index, Integer] | None:
    """The free index of a guard ``[index < size]``, and the size, in which no index occurs; None of other factors."""
    slack = slack_of(factor)
    if slack is None:
        return None
    for index in slack.indices:
        size = slack + index.expr + 1
        if index in free and is_size(size) and all(map(fitting.never_negative, (size, index.size - size))):
            return index, size
    return None
