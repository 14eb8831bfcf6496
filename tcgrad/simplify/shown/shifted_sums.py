"""Sums that a shift of their index rids of guards: ``sum_i [0 <= i - p < N] f(i) = sum_n f(n + p)`` over ``n < N``."""

from __future__ import annotations

from tcgrad.ir.guards import slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, Expr, IndexSum, Mul
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of
from tcgrad.simplify import simplify


def with_guards_shifted_away(whole: IndexSum) -> Expr:
    """The sum by an index that runs over what two guards let through, where that is always in the range of the old one;
    the very same where there are no such guards.
    """
    factors = factors_of(whole.body)
    slacks = [(factor, slack) for factor in factors if (slack := slack_of(factor)) is not None]
    for low, above in slacks if len(slacks) > 1 else ():
        for high, below in slacks:
            index = _shifted_index(whole, above, below)
            if index is not None:
                old, new = index
                inside = Mul((ONE, *(factor for factor in factors if factor not in (low, high))))
                moved = substitute(inside, {old: new.expr + old.expr - above})
                kept = tuple(new if each is old else each for each in whole.indices)
                return simplify(IndexSum(kept, moved))
    return whole


def _shifted_index(whole: IndexSum, above: Integer, below: Integer) -> tuple[Index, Index] | None:
    """The index to be shifted and the one in its place, for ``above = i - e`` and ``below = N - 1 - (i - e)``."""
    size = above + below + 1
    for old in whole.indices if not size.indices and is_nonnegative(size) else ():
        coefficient = above.coefficient(old)
        if coefficient is not None and coefficient.as_number == 1:
            new = Index(old.name, size)
            place = new.expr + old.expr - above
            if is_nonnegative(place) and is_nonnegative(old.size - 1 - place):
                return old, new
    return None
