"""Weighted sums of what is taken relative to its mean: ``sum_j a w (u - sum_m a u) = sum_j a u (w - sum_m a w)``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Expr, IndexSum, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import children, factors_of, free_indices, product_of
from tcgrad.simplify import simplify
from tcgrad.simplify.powers import negated


def holds_mean(expr: Expr, *, summed: bool = False) -> bool:
    """Whether something relative to a sum stands in a sum, not in a function's argument.

    summed: whether the expression itself stands in a sum.
    """
    match expr:
        case IndexSum(body=body):
            return holds_mean(body, summed=True)
        case Add(terms=terms) if summed and len(terms) == 2:
            is_one = any(isinstance(factor, IndexSum) for term in terms for factor in factors_of(term))
            return is_one or any(holds_mean(term, summed=True) for term in terms)
        case Add() | Mul():
            return any(holds_mean(part, summed=summed) for part in children(expr))
        case _:
            return False


def recentred(whole: IndexSum) -> Iterator[Expr]:
    """A sum with another one of its factors relative to its mean: a definition may be that mean.

    whole: simplified; the results are not.
    """
    factors = factors_of(whole.body)
    for place, factor in enumerate(factors):
        if isinstance(factor, Add) and len(factor.terms) == 2:
            others = [*factors[:place], *factors[place + 1 :]]
            for own, mean in (factor.terms, factor.terms[::-1]):
                for index in whole.indices:
                    weights = _weights(own, mean, index, others)
                    rest = [other for other in others if other not in weights and index in free_indices(other)]
                    if weights and rest:
                        beside = [other for other in others if other not in weights and other not in rest]
                        centred = _relative(product_of(rest), weights, index)
                        yield IndexSum(whole.indices, Mul((ONE, *beside, *weights, own, centred)))


def _weights(own: Expr, mean: Expr, index: Index, others: Sequence[Expr]) -> list[Expr]:
    """Those of some factors by which ``mean = -sum_m weights own`` over ``m`` for ``index``; none if it is not that."""
    if index in free_indices(mean):
        return []
    for place, factor in enumerate(factors_of(mean)):
        if isinstance(factor, IndexSum) and len(factor.indices) == 1 and factor.indices[0].size == index.size:
            summand = substitute(factor.body, {factor.indices[0]: index.expr})
            held = factors_of(simplify(summand))
            weights = [other for other in others if other in held]
            beside = [*factors_of(mean)[:place], *factors_of(mean)[place + 1 :]]
            if weights and simplify(negated(Mul((summand, ONE, *beside)))) == simplify(Mul((own, *weights))):
                return weights
    return []


def _relative(part: Expr, weights: Sequence[Expr], index: Index) -> Expr:
    """``w - sum_m a w``"""
    other = index.fresh()
    mean = IndexSum((other,), substitute(Mul((part, *weights)), {index: other.expr}))
    return Add((part, Mul((MINUS_ONE, mean))))
