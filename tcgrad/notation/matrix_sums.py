"""Sums of matrix expressions: like terms merged, common scalars and common outer factors of products taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from math import gcd
from operator import and_

from tcgrad.notation.matrix import MatMul, Matrix, Ones, Scale, Shape, Sum
from tcgrad.notation.matrix_binomials import addends, with_binomials
from tcgrad.notation.matrix_building import diagonal_matrix, product
from tcgrad.notation.matrix_kroneckers import with_kroneckers_joined
from tcgrad.notation.matrix_negation import lifted
from tcgrad.notation.matrix_scaling import counted, ordered, powers, scaled, unscaled, zeros
from tcgrad.notation.matrix_shape import common_shape, shape


def add(terms: Iterable[Matrix]) -> Matrix:
    """The sum of at least one term, all of one shape."""
    listed = [part for term in terms for part in _flat(term)]
    merged = _merge_like_terms(listed)
    if not merged:
        return zeros(_shape_of(listed))
    return scaled(merged[0]) if len(merged) == 1 else _factored(merged)


def weighted(vector: Matrix, matrix: Matrix) -> Matrix:
    """``diag(v) M``; ``diag(v) (A - 1 wᵀ A)`` as ``(diag(v) - v wᵀ) A``."""
    diagonal = diagonal_matrix(vector)
    parts = [unscaled(term) for term in addends(matrix)]
    chains = [_chain(part) or (part.body,) for part in parts if part.body is not None]
    wholes = [chain for chain in chains if not isinstance(chain[0], Ones)]
    if len(wholes) != 1 or len(chains) < max(len(parts), 2):
        return product(diagonal, matrix)
    (tail,) = wholes
    cores = [chain[: len(chain) - len(tail)] for chain in chains]
    if any(core + tail != chain or len(core) == 1 for core, chain in zip(cores, chains, strict=True)):
        return product(diagonal, matrix)
    terms = [
        scaled(product(vector, *core[1:]) if core else diagonal, (replace(part, body=None),))
        for part, core in zip(parts, cores, strict=True)
    ]
    return product(add(terms), *tail)


def _flat(term: Matrix) -> tuple[Matrix, ...]:
    """The terms that a term adds where it is a sum, with a minus sign in front or none."""
    match term:
        case Sum():
            return term.terms
        case Scale(coefficient=sign, factors=(), divisors=(), body=Sum(terms=terms)) if abs(sign) == 1:
            return tuple(scaled(part, by=sign) for part in terms)
        case _:
            return (term,)


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
    common = _common_scalars(terms)
    if common != Scale(Fraction(1)):
        parts = [part for term in terms for part in _flat(scaled(_without(term, common)))]
        return scaled(add(parts), (common,))
    terms = _with_fewer_minuses(_grouped(with_binomials(with_kroneckers_joined(terms, add))))
    if len(terms) == 1:
        return scaled(terms[0])
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
    return total


def _with_fewer_minuses(terms: list[Scale]) -> list[Scale]:
    """``a + A (1 - y)`` for ``a - A (y - 1)``."""
    return [lifted(term) if term.coefficient < 0 else term for term in terms]


def _grouped(terms: list[Scale]) -> list[Scale]:
    """``(A + B) x - c x`` for ``A x + B x - c x``: some of three terms or more have scalars and a vector in common."""
    groups: dict[tuple[object, ...], list[Scale]] = {}
    for term in terms:
        chain = _chain(term)
        if chain and shape(chain[-1])[1] is None:
            groups.setdefault((abs(term.coefficient), term.factors, term.divisors, chain[-1]), []).append(term)
    for alike in groups.values():
        if 1 < len(alike) < len(terms):
            rest = [other for other in terms if other not in alike]
            return _grouped([unscaled(_factored(alike)), *rest])
    return terms


def _common_scalars(terms: list[Scale]) -> Scale:
    """The scalar factors, divisors and the number that every term has, the sign if all are negative."""
    number = _common_number([abs(term.coefficient) for term in terms])
    sign = -1 if all(term.coefficient < 0 for term in terms) else 1
    over = _common_powers([counted(term.factors) for term in terms])
    under = _common_powers([counted(term.divisors) for term in terms])
    return Scale(sign * number, powers(over), powers(under))


def _common_powers(counts: list[Counter[Matrix]]) -> Counter[Matrix]:
    """The lowest powers of what all have, where two of them at least have no higher one."""
    lowest = reduce(and_, counts)
    often = {part: [own[part] for own in counts].count(power) for part, power in lowest.items()}
    return Counter({part: power for part, power in lowest.items() if often[part] > 1})


def _common_number(numbers: list[Fraction]) -> Fraction:
    """What can be taken out of positive numbers, all whole or all parts of 1; decimals stay where they are."""
    above, below = gcd(*(n.numerator for n in numbers)), gcd(*(n.denominator for n in numbers))
    if len(set(numbers)) == 1 or all(n.denominator == 1 for n in numbers) or all(n.numerator == 1 for n in numbers):
        return Fraction(above, below)
    return Fraction(1)


def _without(term: Scale, common: Scale) -> Scale:
    factors = powers(counted(term.factors) - counted(common.factors))
    divisors = powers(counted(term.divisors) - counted(common.divisors))
    return Scale(term.coefficient / common.coefficient, factors, divisors, term.body)


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
