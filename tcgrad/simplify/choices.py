"""Choices with 0 as brackets: ``where(c, a f, 0) = a where(c, f, 0)``, and ``[c] a`` where nothing but ``a`` is chosen.

That holds for every ``a`` that has a value, and a number of its size, whether the condition holds or not.
"""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.ir.nodes import ONE, ZERO, Expr, Iverson, Mul, Where
from tcgrad.ir.traversal import factors_of, map_children, product_of


def with_factors_out(expr: Expr, is_certain: Callable[[Expr], bool]) -> Expr:
    """The expression with the certain factors of what is chosen, or is 0, before the choice; to be simplified.

    is_certain: whether an expression has a value everywhere that does not overflow.
    """
    made = map_children(expr, lambda part: with_factors_out(part, is_certain))
    match made:
        case Where(condition=condition, then=then, otherwise=otherwise) if otherwise == ZERO:
            return _factors_out(condition, then, is_certain)
        case Where(condition=Iverson() as condition, then=then, otherwise=otherwise) if then == ZERO:
            return _factors_out(condition.opposite, otherwise, is_certain)
        case _:
            return made


def _factors_out(condition: Expr, chosen: Expr, is_certain: Callable[[Expr], bool]) -> Expr:
    certain = [factor for factor in factors_of(chosen) if is_certain(factor)]
    left = [factor for factor in factors_of(chosen) if factor not in certain]
    rest = Where(condition, product_of(left), ZERO) if left else condition
    return Mul((ONE, *certain, rest))
