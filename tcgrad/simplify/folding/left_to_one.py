"""Products that a definition leaves to 1: ``(1 - a) (1 - b)`` is ``1 - y`` where ``y = a + (1 - a) b`` is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Expr, Mul, Pow
from tcgrad.ir.traversal import factors_of, product_of, terms_of
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.solution import Solution
from tcgrad.simplify.powers import negated, split_coefficient
from tcgrad.simplify.shorter.regroup import regroup

_MOST_TERMS = 3  # of ``a + b - a b``


def left_to_one(whole: Fact) -> Iterator[Solution]:
    """``(1 - a) (1 - b) = 1 - y`` and ``(1 - b)/(1 - y) = 1/(1 - a)`` for ``y = a + (1 - a) b``, which divides by
    nothing that the quotient does not divide by.
    """
    factors = _factors_left(terms_of(whole.body)) if whole.coefficient == 1 else ()
    if len(factors) < 2:
        return
    left = _less_than_1(whole.own)
    yield _solution(whole, product_of(factors), left)
    for place, factor in enumerate(factors):
        others = product_of([*factors[:place], *factors[place + 1 :]])
        yield _solution(whole, Mul((factor, Pow(left, MINUS_ONE))), Pow(others, MINUS_ONE))


def _solution(whole: Fact, part: Expr, meaning: Expr) -> Solution:
    return Solution(replace(whole, body=simplify(part), meaning=meaning))


def _factors_left(terms: Sequence[Expr]) -> Sequence[Expr]:
    """The factors of 1 less the sum of some terms; none where it is not seen to be a product."""
    if not 1 < len(terms) <= _MOST_TERMS:
        return ()
    for place, term in enumerate(terms):
        rest = simplify(regroup(list(map(split_coefficient, [*terms[:place], *terms[place + 1 :]]))))
        own = _less_than_1(term)
        if own == ZERO:
            return factors_of(negated(rest))
        if own in factors_of(rest):
            return own, _less_than_1(product_of([factor for factor in factors_of(rest) if factor != own]))
    return ()


def _less_than_1(expr: Expr) -> Expr:
    """What is left to 1; simplified."""
    return simplify(Add((ONE, negated(expr))))
