"""Two sums as one: ``sum_j a[p,j] x[j] + sum_i a[i,p] x[i] = sum_i (a[p,i] + a[i,p]) x[i]``, where that is shorter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Expr, IndexSum, Mul
from tcgrad.ir.traversal import factors_of, free_indices, substitute, terms_of
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.common import take_out
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import add_of, as_power, scaled, split_coefficient
from tcgrad.simplify.shapes import names, shape

_MOST_SUMS = 8  # in one sum of terms; each is compared with the others
_MOST_BOUND = 3


@dataclass(frozen=True)
class _Total:
    """A term ``number * outside * sum_indices body``."""

    number: Fraction
    outside: tuple[Expr, ...]
    indices: tuple[Index, ...]
    body: Expr

    @classmethod
    def of(cls, term: Expr) -> _Total | None:
        """A term that is a product with one sum in it; None for any other."""
        number, rest = split_coefficient(term)
        factors = factors_of(rest)
        sums = [factor for factor in factors if isinstance(factor, IndexSum)]
        if len(sums) != 1 or len(sums[0].indices) > _MOST_BOUND:
            return None
        return cls(number, tuple(f for f in factors if f is not sums[0]), sums[0].indices, sums[0].body)


def with_sums_merged(expr: Add) -> Expr:
    """Two sums of one range before which the same stands are one, if that is shorter and nothing moves into it."""
    totals = {place: total for place, term in enumerate(expr.terms) if (total := _Total.of(term)) is not None}
    if not 1 < len(totals) <= _MOST_SUMS:
        return expr
    for first, second in _pairs(list(totals)):
        merged = _merged(totals[first], totals[second])
        if merged is not None and cost(merged) < cost(expr.terms[first]) + cost(expr.terms[second]):
            others = [term for place, term in enumerate(expr.terms) if place not in (first, second)]
            if not others:
                return merged
            whole = Add((*others[:first], merged, *others[first:]))
            return with_sums_merged(whole)
    return expr


def with_halves_merged(expr: IndexSum) -> Expr:
    """``sum_ij a[i,j] (b[i] c[j] + b[j] c[i]) = sum_ij (a[i,j] + a[j,i]) b[i] c[j]``, if that is shorter."""
    factors = factors_of(expr.body)
    place = next((n for n, factor in enumerate(factors) if isinstance(factor, Add)), None)
    terms = terms_of(factors[place]) if place is not None else ()
    if place is None or len(terms) != 2 or not 1 < len(expr.indices) <= _MOST_BOUND:
        return expr
    around = (*factors[:place], *factors[place + 1 :])
    if _are_unlike([*around, *(factor for term in terms for factor in factors_of(term))]):
        return expr  # what both have in common stands before them already
    products = [split_coefficient(simplify(Mul((*around, term)))) for term in terms]
    merged = _merged(*(_Total(number, (), expr.indices, body) for number, body in products))
    return merged if merged is not None and cost(merged) < cost(expr) else expr


def _are_unlike(factors: Sequence[Expr]) -> bool:
    """Whether no factor can be another one with other indices, whatever its power."""
    shapes = [shape(as_power(factor)[0]) for factor in factors]
    return len(set(shapes)) == len(shapes)


def _pairs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    for n, first in enumerate(places):
        for second in places[n + 1 :]:
            yield first, second


def _merged(left: _Total, right: _Total) -> Expr | None:
    """The shortest sum of both; None if what stands before them differs by more than a number."""
    if abs(left.number) != abs(right.number) or len(left.indices) != len(right.indices):
        return None
    called = names((*left.outside, *right.outside))
    if Counter(called[: len(left.outside)]) != Counter(called[len(left.outside) :]):
        return None
    if any(index in free_indices(left.body) for index in right.indices if index not in left.indices):
        return None
    found = [merged for choice in permutations(right.indices) if (merged := _one_sum(left, right, choice)) is not None]
    return min(found, key=cost, default=None)


def _one_sum(left: _Total, right: _Total, choice: tuple[Index, ...]) -> Expr | None:
    if any(own.size != other.size for own, other in zip(left.indices, choice, strict=True)):
        return None
    mapping = {other: own.expr for own, other in zip(left.indices, choice, strict=True)}
    sign = right.number / left.number
    terms = [split_coefficient(left.body), _scaled(split_coefficient(substitute(right.body, mapping)), sign)]
    common, rests = take_out(terms)
    if any(not set(left.indices) & set(free_indices(rest)) for _, rest in rests):
        return None
    both = simplify(add_of(rests))
    if not isinstance(both, Add):
        return None
    if len(both.terms) == len(rests):
        both = Add(tuple(scaled(*rest) for rest in rests))
    body = Mul((*common, both)) if common else both
    whole = IndexSum(left.indices, body)
    return scaled(left.number, Mul((*left.outside, whole))) if left.outside else scaled(left.number, whole)


def _scaled(term: tuple[Fraction, Expr], sign: Fraction) -> tuple[Fraction, Expr]:
    return term[0] * sign, term[1]
