"""Whether a read stays inside its tensor for all values of the indices that count."""

from __future__ import annotations

import itertools
from math import prod

from tcgrad.ir.indices import Integer
from tcgrad.language.ranges.bounds import Ranges, interval
from tcgrad.language.ranges.slots import Guards

_ENUMERATED = 20_000
"""How many combinations of index values are tried where interval arithmetic cannot show that a read is inside."""


def is_at_least_zero(condition: Integer, guards: Guards, ranges: Ranges) -> bool:
    """Whether ``condition`` is at least 0 wherever ``guards`` hold; False also where that cannot be found out."""
    for expr in (condition, *(condition - guard for guard in guards.bounds(ranges))):
        values = interval(expr, ranges)
        if values is not None and values.low.value >= 0:
            return True
    return _never_negative(condition, guards, ranges)


def _never_negative(condition: Integer, guards: Guards, ranges: Ranges) -> bool:
    """Try all values of the indices, where they are not too many."""
    near = _near(condition, guards)
    exprs = (condition, *near.at_least_zero, *near.not_zero)
    indices = tuple(dict.fromkeys(index for expr in exprs for index in expr.indices))
    if any(index not in ranges for index in indices) or any(expr.gathers for expr in exprs):
        return False
    values = [range(ranges[index].low.value, ranges[index].high.value + 1) for index in indices]
    if prod(len(each) for each in values) > _ENUMERATED:
        return False
    places = (dict(zip(indices, combination, strict=True)) for combination in itertools.product(*values))
    return all(condition.evaluate(at) >= 0 or not near.hold(at) for at in places)


def _near(condition: Integer, guards: Guards) -> Guards:
    """The guards that share an index with the condition, or with one that does, and those of sizes alone.

    The others say nothing about it.
    """
    known, before = set(condition.indices), -1
    exprs = (*guards.at_least_zero, *guards.not_zero)
    while before < len(known):
        before = len(known)
        known.update(index for expr in exprs if known.intersection(expr.indices) for index in expr.indices)
    at_least_zero, not_zero = (
        tuple(expr for expr in group if not expr.indices or known.intersection(expr.indices))
        for group in (guards.at_least_zero, guards.not_zero)
    )
    return Guards(at_least_zero, not_zero)
