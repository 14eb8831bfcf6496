"""Guards that say again what a delta beside them says: ``delta(q, p+1) [p < N-1] = delta(q, p+1)`` for ``q < N``."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.guards import slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Delta, Expr
from tcgrad.ir.ranges import is_nonnegative


def implied_guards(factors: Sequence[Expr]) -> list[Expr]:
    """The factors of a product that are 1 wherever its deltas are not 0."""
    slacks = [(factor, slack) for factor in factors if (slack := slack_of(factor)) is not None]
    deltas = [factor for factor in factors if isinstance(factor, Delta)] if slacks else []
    return [factor for factor, slack in slacks if any(_follows(slack, delta) for delta in deltas)]


def _follows(slack: Integer, delta: Delta) -> bool:
    """Whether ``slack`` is at least 0 where a delta is not 0."""
    if delta.left.as_index is None and delta.right.as_index is None:
        gap = delta.left - delta.right
        return is_nonnegative(slack - gap) or is_nonnegative(slack + gap)
    return any(_follows_at(slack, *pair) for pair in _equal(delta))


def _equal(delta: Delta) -> list[tuple[Index, Integer]]:
    """An index and what it is where a delta is not 0."""
    sides = ((delta.left, delta.right), (delta.right, delta.left))
    return [(index, other) for side, other in sides if (index := side.as_index) is not None and other.as_index is None]


def _follows_at(slack: Integer, index: Index, value: Integer) -> bool:
    """Whether ``slack`` is at least 0 where an index has a value, which is in its range then."""
    if index in slack.indices:
        return is_nonnegative(slack.substitute({index: value}))
    return is_nonnegative(slack - value) or is_nonnegative(slack - (index.size - 1 - value))
