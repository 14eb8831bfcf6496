"""Exponentials that conditions leave out, evaluated without overflow: ``[j < i] exp(u) = exp(where(j < i, u, -inf))``.

Where the condition does not hold, ``exp(u)`` may overflow, and infinity times 0 is not a number. A component of a
boolean tensor is such a condition too.
"""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.nodes import Call, Component, Expr, Iverson, Mul
from tcgrad.ir.traversal import factors_of, free_indices, map_children, product_of, sorts_in, walk
from tcgrad.simplify.calls import opposite
from tcgrad.simplify.exponentials.sums import Exponential
from tcgrad.simplify.rules.guarding import gaps_in
from tcgrad.simplify.signs import is_never_negative


def left_out(expr: Expr) -> Expr:
    """The expression with the conditions beside exponentials in their exponents, where that makes no array larger.

    An exponent that is seen not to be positive needs none.
    """
    sorts = sorts_in(expr)
    if "exp" not in sorts or sorts.isdisjoint((Iverson, Component)):
        return expr
    made = map_children(expr, left_out)
    return _left_out(made) if isinstance(made, Mul) else made


def _left_out(product: Mul) -> Expr:
    factors = list(factors_of(product))
    for place, factor in enumerate(factors):
        if not isinstance(factor, Call) or factor.function.name != "exp":
            continue
        (exponent,) = factor.arguments
        along = set(free_indices(exponent))
        conditions = [each for each in factors if _is_condition(each) and along.issuperset(free_indices(each))]
        held = set(walk(exponent)) if conditions else set()
        conditions = [each for each in conditions if each not in held]
        if conditions and not is_never_negative(opposite(exponent)):
            brackets = [each for each in conditions if isinstance(each, Iverson)]
            masks = [each for each in conditions if not isinstance(each, Iverson)]
            factors[place] = Exponential(exponent, tuple(brackets), tuple(masks)).alone
            others = [each for n, each in enumerate(factors) if n != place and each not in conditions]
            gone = [each for each in conditions if not _is_needed(each, others)]
            return product_of([each for each in factors if each not in gone])
    return product


def _is_condition(factor: Expr) -> bool:
    return isinstance(factor, Iverson) or (isinstance(factor, Component) and factor.tensor.dtype == "bool")


def _is_needed(condition: Expr, others: Sequence[Expr]) -> bool:
    """Whether another factor need not exist where a condition does not hold."""
    along = free_indices(condition)
    return any(gap.issuperset(along) for other in others for gap in gaps_in(other))
