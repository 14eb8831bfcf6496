"""Exponents: how often one goes into another, ``(S^a)^b = S^(a b)``."""

from __future__ import annotations

from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import terms_of, walk
from tcgrad.ir.whole import is_whole
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost


def times_in(given: Expr, wanted: Expr, *, signed: bool = True) -> Expr | None:
    """How often an exponent goes into another one; None where its power does not stand for a power of the whole.

    signed: whether the base may be negative.
    """
    if not isinstance(given, Const) or not isinstance(wanted, Const):
        return None if isinstance(wanted, Const) else _symbolic_ratio(given, wanted, signed=signed)
    times = given.value / wanted.value if wanted.value else ZERO.value
    if times.denominator != 1 or not times or (times < 0 and wanted.value.denominator == 1):
        return None
    return Const(times)


def _symbolic_ratio(given: Expr, wanted: Expr, *, signed: bool) -> Expr | None:
    """``given/wanted`` if that is no longer than ``given`` and has no divisor, which might be 0.

    ``(S^a)^b = S^(a b)`` for every S only if ``b`` is whole; for one that is not negative it holds for every ``b``.
    Where ``a`` is known not to be whole, S cannot be negative.
    """
    terms = terms_of(given)
    ratio = simplify(Add((ZERO, *(Mul((term, Pow(wanted, MINUS_ONE))) for term in terms))))
    if _divides(ratio) or (signed and not (is_whole(ratio) or is_whole(wanted) is False)):
        return None
    return ratio if cost(ratio) <= max(cost(given), 1) else None


def _divides(exponent: Expr) -> bool:
    return any(isinstance(part, Pow) and part.exponent == MINUS_ONE for part in walk(exponent))
