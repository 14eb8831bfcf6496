"""Brackets of comparisons that follow each other, as one bracket of a chain."""

from __future__ import annotations

from tcgrad.ir.nodes import MIRRORED
from tcgrad.notation.layout.trees import Bracket, Comparison, Shown


def join(left: Shown, right: Shown) -> Shown | None:
    """``[a < b]*[b < c]`` as ``[a < b < c]``, ``[b < c]*[b > a]`` too."""
    if not isinstance(left, Bracket) or not isinstance(right, Bracket):
        return None
    first, second = left.condition, right.condition
    if {*first.operators, *second.operators} <= _CHAINS[first.operators[0]] and first.operands[-1] == second.operands[
        0
    ]:
        return Bracket(_chain(first, second))
    low, high = _upwards(first), _upwards(second)
    if low is None or high is None:
        return None
    if high.operands[-1] == low.operands[0]:
        low, high = high, low
    return Bracket(_chain(low, high)) if low.operands[-1] == high.operands[0] else None


_CHAINS = {
    "<": {"<", "<="}, "<=": {"<", "<="}, ">": {">", ">="}, ">=": {">", ">="}, "==": {"=="}, "!=": set[str](),
}  # fmt: skip


def _chain(first: Comparison, second: Comparison) -> Comparison:
    return Comparison(first.operands + second.operands[1:], first.operators + second.operators)


def _upwards(comparison: Comparison) -> Comparison | None:
    """The comparison with ``<`` and ``<=`` alone; None if it is none of order."""
    if {*comparison.operators} <= _CHAINS[">"]:
        flipped = tuple(MIRRORED[operator] for operator in reversed(comparison.operators))
        return Comparison(comparison.operands[::-1], flipped)
    return comparison if {*comparison.operators} <= _CHAINS["<"] else None
