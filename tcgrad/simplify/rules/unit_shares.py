"""Shares of a sum of exponentials, which add up to 1: ``sum_k exp(u - logsumexp_k(u)) = 1``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ONE, ZERO, Add, Call, Expr, IndexReduce
from tcgrad.ir.traversal import free_indices, terms_of
from tcgrad.simplify.canonical import key
from tcgrad.simplify.monomials import Monomial
from tcgrad.simplify.powers import negated, scaled, split_coefficient


def shares_summed(part: Monomial) -> Monomial | None:
    """``sum_jk f[j] exp(u[j,k] - logsumexp_k(u[j,k]) + v[j]) = sum_j f[j] exp(v[j])``; None of any other sum."""
    for place, (base, exponent) in enumerate(part.powers if part.bound else ()):
        match base:
            case Call(function, (Add(terms),)) if function.name == "exp" and exponent == ONE:
                others = (*part.powers[:place], *part.powers[place + 1 :])
                held = {index for power in others for factor in power for index in free_indices(factor)}
                for along, left in _lessened(terms, [index for index in part.bound if index not in held]):
                    bound = tuple([index for index in part.bound if index not in along])
                    return part._replace(bound=bound, powers=(*others, (Call(function, (left,)), ONE)))
    return None


def _lessened(terms: Sequence[Expr], bound: Sequence[Index]) -> Iterator[tuple[tuple[Index, ...], Expr]]:
    """Indices, and the logarithm of the sum of ``exp(terms)`` along them, where a logsumexp goes away by it."""
    for n, term in enumerate(terms):
        number, total = split_coefficient(term)
        if number <= -1 and isinstance(total, IndexReduce) and total.kind == "logsumexp":
            beside = (*terms[:n], *terms[n + 1 :], scaled(number + 1, total))
            free = [index for index in bound if index not in free_indices(total)]
            for along in combinations(free, len(total.indices)):
                left = _without(beside, total, along)
                if left is not None:
                    yield along, left


def _without(terms: Sequence[Expr], total: IndexReduce, along: Sequence[Index]) -> Expr | None:
    """Terms less ``total`` without those that it is the total of, if these are all that change along some indices."""
    moving, left = _apart(terms, along)
    summed, fixed = _apart(terms_of(total.body), total.indices)
    if not moving or key(_total(moving, along)) != key(_total(summed, total.indices)):
        return None
    return Add((ZERO, *left, *map(negated, fixed)))


def _total(terms: Sequence[Expr], along: Sequence[Index]) -> IndexReduce:
    return IndexReduce("logsumexp", tuple(along), Add((ZERO, *terms)))


def _apart(terms: Sequence[Expr], along: Sequence[Index]) -> tuple[list[Expr], list[Expr]]:
    """The terms that change along some indices, and the others."""
    moving = [term for term in terms if not set(along).isdisjoint(free_indices(term))]
    return moving, [term for term in terms if term not in moving]
