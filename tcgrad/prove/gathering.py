"""Sums over one range as one sum: ``N - sum_i m[i]/(r + m[i]) - sum_i r/(r + m[i])`` is 0 because each summand is."""

from __future__ import annotations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Expr, IndexSum, IndexValue, Mul, Pow
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, terms_of


def summand(expr: Expr) -> Expr:
    """What an expression is the sum of, over the one range of all sums in its terms; itself, if there is no such range.

    What is no sum is one of equal parts.
    """
    whole: Index | None = None
    parts: list[Expr] = []
    equal: list[Expr] = []
    for term in terms_of(expr):
        factors = factors_of(term)
        sums = [factor for factor in factors if isinstance(factor, IndexSum)]
        if not sums:
            equal.append(term)
            continue
        own = sums[0].indices[0]
        whole = whole or own
        if len(sums) != 1 or len(sums[0].indices) != 1 or own.size != whole.size:
            return expr
        body = substitute(sums[0].body, {own: whole.expr})
        parts.append(Mul((*(factor for factor in factors if factor is not sums[0]), body)))
    if whole is None:
        return expr
    share = Pow(IndexValue(whole.size), MINUS_ONE)
    return Add((ZERO, *parts, *(Mul((term, share)) for term in equal)))
