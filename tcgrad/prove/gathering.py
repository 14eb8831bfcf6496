"""Sums over one range as one sum: ``N - sum_i m[i]/(r + m[i]) - sum_i r/(r + m[i])`` is 0 because each summand is."""

from __future__ import annotations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Expr, IndexSum, IndexValue, Mul, Pow
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, terms_of


def summand(expr: Expr) -> Expr:
    """What an expression is the sum of, over the ranges that all sums in its terms have; itself, if there are no such
    ranges.

    What is no sum is one of equal parts.
    """
    whole: tuple[Index, ...] = ()
    parts: list[Expr] = []
    equal: list[Expr] = []
    for term in terms_of(expr):
        factors = factors_of(term)
        sums = [factor for factor in factors if isinstance(factor, IndexSum)]
        if not sums:
            equal.append(term)
            continue
        own = sums[0].indices
        whole = whole or own
        if len(sums) != 1 or [index.size for index in own] != [index.size for index in whole]:
            return expr
        body = substitute(sums[0].body, {old: new.expr for old, new in zip(own, whole, strict=True)})
        parts.append(Mul((*(factor for factor in factors if factor is not sums[0]), body)))
    if not whole:
        return expr
    shares = [Pow(IndexValue(index.size), MINUS_ONE) for index in whole]
    return Add((ZERO, *parts, *(Mul((term, *shares)) for term in equal)))
