"""Sums of matrix expressions: like terms merged, common scalars and common outer factors of products taken out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from math import gcd
from operator import and_

from tcgrad.notation.matrix import Identity, Kron, MatMul, Matrix, Ones, Scale, Shape, Sum
from tcgrad.notation.matrix_binomials import with_binomials
from tcgrad.notation.matrix_building import diagonal_matrix, kronecker, product
from tcgrad.notation.matrix_negation import lowered, negated
from tcgrad.notation.matrix_scaling import counted, ordered, powers, scaled, unscaled, zeros
from tcgrad.notation.matrix_shape import common_shape, shape
from tcgrad.records import dataclass


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
    parts = [unscaled(term) for term in (matrix.terms if isinstance(matrix, Sum) else ())]
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
    terms = _with_fewer_minuses(_grouped(with_binomials(_as_one_kronecker(_with_kroneckers_joined(terms)))))
    if len(terms) == 1:
        return scaled(terms[0])
    common = _common_scalars(terms)
    terms = [unscaled(part) for term in terms for part in _flat(scaled(_without(term, common)))]
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


def _with_fewer_minuses(terms: list[Scale]) -> list[Scale]:
    """``a + A (1 - y)`` for ``a - A (y - 1)``."""
    return [_lifted(term) if term.coefficient < 0 else term for term in terms]


def _as_one_kronecker(terms: list[Scale]) -> list[Scale]:
    """``(I + A) ⊗ (I + B)`` for ``I + A ⊗ (I + B) + I ⊗ B``; the same terms where that leaves more than one."""
    sides = [(shape(kron.sides[0])[0], shape(kron.sides[1])[0]) for kron in map(_Kronecker.of, terms) if kron]
    if len(terms) < 3 or len(sides) != len(terms) - 1:
        return terms
    left, right = sides[0]
    if left is None or right is None:
        return terms
    whole = Kron(Identity(left), Identity(right))
    split = [replace(term, body=whole) if isinstance(term.body, Identity) else _lifted(term) for term in terms]
    joined = _with_kroneckers_joined(split)
    return joined if len(joined) == 1 else terms


def _lifted(term: Scale) -> Scale:
    """``-(I - A) ⊗ B`` for ``(A - I) ⊗ B``."""
    turned = None if term.body is None else negated(term.body)
    fewer = turned is not None and term.body is not None and lowered(turned) < lowered(term.body)
    return replace(term, coefficient=-term.coefficient, body=turned) if fewer else term


def _with_kroneckers_joined(terms: list[Scale]) -> list[Scale]:
    """``(A + c B) ⊗ C`` for ``A ⊗ C + c B ⊗ C``, and the same of right factors; around them stands the same."""
    split = [_Kronecker.of(term) for term in terms]
    for place, own in enumerate(split):
        for side in (0, 1) if own else ():
            alike = {n: other for n, other in enumerate(split) if own and other and own.shares(other, side)}
            if own and len(alike) > 1:
                total = add(scaled(kron.sides[1 - side], (replace(terms[n], body=None),)) for n, kron in alike.items())
                joined = unscaled(own.with_side(1 - side, total))
                rest = [joined if n == place else term for n, term in enumerate(terms) if n == place or n not in alike]
                return _with_kroneckers_joined(rest)
    return terms


@dataclass(frozen=True)
class _Kronecker:
    """A product with one Kronecker product in it: its two sides, and what stands before and behind it."""

    head: tuple[Matrix, ...]
    sides: tuple[Matrix, Matrix]
    tail: tuple[Matrix, ...]

    @classmethod
    def of(cls, term: Scale) -> _Kronecker | None:
        """None for any other term."""
        chain = _chain(term) or ((term.body,) if term.body is not None else ())
        places = [n for n, factor in enumerate(chain) if isinstance(factor, Kron)]
        kron = chain[places[0]] if len(places) == 1 else None
        if not isinstance(kron, Kron):
            return None
        return cls(chain[: places[0]], (kron.left, kron.right), chain[places[0] + 1 :])

    def shares(self, other: _Kronecker, side: int) -> bool:
        """Whether the two differ in the other side at most, and their other sides have one shape."""
        around = (self.head, self.tail, self.sides[side]) == (other.head, other.tail, other.sides[side])
        return around and shape(self.sides[1 - side]) == shape(other.sides[1 - side])

    def with_side(self, side: int, value: Matrix) -> Matrix:
        """The product with another value at one of the sides."""
        left, right = (value if n == side else own for n, own in enumerate(self.sides))
        return product(*self.head, kronecker(left, right), *self.tail)


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
