"""Sums of matrix expressions: like terms merged, common scalars and common outer factors of products taken out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from tcgrad.notation.matrix import MatMul, Matrix, Scale, Shape, Sum
from tcgrad.notation.matrix_building import product
from tcgrad.notation.matrix_scaling import ordered, scaled, unscaled, zeros
from tcgrad.notation.matrix_shape import common_shape, shape


def add(terms: Iterable[Matrix]) -> Matrix:
    """The sum of at least one term, all of one shape."""
    listed = [part for term in terms for part in (term.terms if isinstance(term, Sum) else (term,))]
    merged = _merge_like_terms(listed)
    if not merged:
        return zeros(_shape_of(listed))
    return scaled(merged[0]) if len(merged) == 1 else _factored(merged)


def _shape_of(terms: list[Matrix]) -> Shape:
    return common_shape(terms)


def _merge_like_terms(terms: list[Matrix]) -> list[Scale]:
    """Terms that differ by a number at most become one, at the place of the first."""
    coefficients: dict[Scale, Fraction] = {}
    for term in terms:
        scale = unscaled(term)
        key = replace(scale, coefficient=Fraction(1))
        coefficients[key] = coefficients.get(key, Fraction(0)) + (0 if _is_zero(term) else scale.coefficient)
    return [replace(key, coefficient=c) for key, c in coefficients.items() if c]


def _is_zero(term: Matrix) -> bool:
    return term == zeros(shape(term))


def _factored(terms: list[Scale]) -> Matrix:
    """``c (A + B) x`` for ``c A x + c B x``: what all terms have in common is written once."""
    terms = _grouped(terms)
    common = _common_scalars(terms)
    terms = [_without(term, common) for term in terms]
    chains = [_chain(term) for term in terms]
    head, tail = _common_ends(chains)
    cores = [
        scaled(product(*chain[len(head) : len(chain) - len(tail)]), (replace(term, body=None),))
        if head or tail
        else term
        for term, chain in zip(terms, chains, strict=True)
    ]
    total: Matrix = Sum(ordered(scaled(core) for core in cores))
    if head or tail:
        total = product(*head, add(cores), *tail)
    return scaled(total, (common,))


def _grouped(terms: list[Scale]) -> list[Scale]:
    """``(A + B) x - c x`` for ``A x + B x - c x``: some of three terms or more have scalars and a vector in common."""
    for term in terms:
        alike = [other for other in terms if _ends_alike(term, other)]
        if 1 < len(alike) < len(terms):
            rest = [other for other in terms if other not in alike]
            return _grouped([unscaled(_factored(alike)), *rest])
    return terms


def _ends_alike(first: Scale, second: Scale) -> bool:
    """Whether two products have the same scalars, the sign apart, and end with the same vector."""
    chains = _chain(first), _chain(second)
    scalars = [(abs(term.coefficient), term.factors, term.divisors) for term in (first, second)]
    ends = {chain[-1] for chain in chains if chain and shape(chain[-1])[1] is None}
    return all(chains) and len(ends) == 1 and scalars[0] == scalars[1]


def _common_scalars(terms: list[Scale]) -> Scale:
    """The scalar factors, divisors and the number that every term has, the sign if all are negative."""
    first, *rest = terms
    factors = [f for f in dict.fromkeys(first.factors) if all(f in term.factors for term in rest)]
    divisors = [d for d in dict.fromkeys(first.divisors) if all(d in term.divisors for term in rest)]
    size = abs(first.coefficient)
    number = size if all(abs(term.coefficient) == size for term in rest) else Fraction(1)
    sign = -1 if all(term.coefficient < 0 for term in terms) else 1
    return Scale(sign * number, tuple(factors), tuple(divisors))


def _without(term: Scale, common: Scale) -> Scale:
    factors, divisors = list(term.factors), list(term.divisors)
    for factor in common.factors:
        factors.remove(factor)
    for divisor in common.divisors:
        divisors.remove(divisor)
    return Scale(term.coefficient / common.coefficient, tuple(factors), tuple(divisors), term.body)


def _chain(term: Scale) -> tuple[Matrix, ...]:
    return term.body.factors if isinstance(term.body, MatMul) else ()


def _common_ends(chains: list[tuple[Matrix, ...]]) -> tuple[tuple[Matrix, ...], tuple[Matrix, ...]]:
    """The factors that all chains begin with and those that all end with; every chain keeps at least one of its own."""
    room = max(min(map(len, chains)) - 1, 0)
    first = chains[0]
    head = tail = 0
    while head < room and all(chain[head] == first[head] for chain in chains):
        head += 1
    while tail < room and all(chain[-1 - tail] == first[-1 - tail] for chain in chains):
        tail += 1
    while head + tail > room:  # Aᵀ (S - S B S) A rather than Aᵀ S (A - B S A)
        head, tail = (head - 1, tail) if head >= tail else (head, tail - 1)
    return first[:head], first[len(first) - tail :]
