"""Two sums as one: ``sum_j a[p,j] x[j] + sum_i a[i,p] x[i] = sum_i (a[p,i] + a[i,p]) x[i]``, where that is shorter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Component, Const, Expr, IndexSum, Iverson, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, free_indices, product_of, terms_of
from tcgrad.records import dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import add_of, as_power, scaled, scaled_sum, split_coefficient
from tcgrad.simplify.rules.common import take_out
from tcgrad.simplify.shapes import names, shape
from tcgrad.simplify.shorter.regroup import regroup

_MOST_SUMS = 8  # in one sum of terms; each is compared with the others
_MOST_BOUND = 3


@dataclass(frozen=True)
class _Total:
    """A term ``number * outside * sum_indices body``.

    sums: how many sums it is of, multiplied.
    moved: whether something stands in the body that could stand before it, and does not move freely.
    """

    number: Fraction
    outside: tuple[Expr, ...]
    indices: tuple[Index, ...]
    body: Expr
    sums: int = 1
    moved: bool = False

    @classmethod
    def of(cls, term: Expr) -> _Total | None:
        """A term that is a product with sums in it, these as one; None for any other."""
        number, rest = split_coefficient(term)
        factors = factors_of(rest)
        sums = [factor for factor in factors if isinstance(factor, IndexSum)]
        indices = tuple(index for each in sums for index in each.indices)
        if not 0 < len(set(indices)) == len(indices) <= _MOST_BOUND:
            return None
        outside = tuple(factor for factor in factors if not isinstance(factor, IndexSum))
        return cls(number, outside, indices, product_of([each.body for each in sums]), len(sums))


def with_sums_merged(expr: Add) -> Expr:
    """Two sums before which the same stands are one, if that is shorter and nothing moves into it but brackets and
    what the other sum is worked out for anyway: ``sum_i a[i] x[i] - c sum_i a[i] y[i] = sum_i a[i] (x[i] - c y[i])``,
    and for every ``q`` it is ``sum_i a[i] x[i,q] - c[q] sum_i a[i] y[i] = sum_i a[i] (x[i,q] - c[q] y[i])``.

    One may be a product of sums: ``sum_ij a[i] a[j] c[i,j] - (sum_i a[i] b[i]) (sum_j a[j] b[j])`` is
    ``sum_ij a[i] a[j] (c[i,j] - b[i] b[j])``. One may be over more indices: ``sum_cd a[c] b[d] - sum_c a[c] y[c]`` is
    ``sum_c a[c] (sum_d b[d] - y[c])``. Anything moves where what is left are two values of one tensor:
    ``sum_i a[i] g[i] - g[p] sum_i a[i]`` is ``sum_i a[i] (g[i] - g[p])``. Of several the two that save most are first.
    """
    totals = {place: total for place, term in enumerate(expr.terms) if (total := _Total.of(term)) is not None}
    if not 1 < len(totals) <= _MOST_SUMS:
        return expr
    best: tuple[Expr, int, int] | None = None
    most = 0
    for first, second in _pairs(list(totals)):
        if totals[first].sums > 1 and totals[second].sums > 1:
            continue  # these stand as well apart
        merged = _merged(totals[first], totals[second])
        saved = 0 if merged is None else cost(expr.terms[first]) + cost(expr.terms[second]) - cost(merged)
        if merged is not None and saved > most:
            best, most = (merged, first, second), saved
    if best is None:
        return expr
    merged, first, second = best
    others = [term for place, term in enumerate(expr.terms) if place not in (first, second)]
    return with_sums_merged(Add((*others[:first], merged, *others[first:]))) if others else merged


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
    if not all(number for number, _ in products):  # 0 beside the others, as delta[i,0] is beside [i >= 1]
        return expr
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
    """The shortest sum of both; None where they stay two."""
    if len(left.indices) > len(right.indices):
        left, right = right, left
    if any(index in free_indices(left.body) for index in right.indices if index not in left.indices):
        return None
    both = _with_rest_inside(left, right)
    if both is None:
        return None
    choices = permutations(right.indices, len(left.indices))
    found = [merged for choice in choices if (merged := _one_sum(*both, choice)) is not None]
    return min(found, key=cost, default=None)


def _with_rest_inside(left: _Total, right: _Total) -> tuple[_Total, _Total] | None:
    """The totals with what stands before one of them alone in its body; None where that does not pay."""
    called = names((*left.outside, *right.outside))
    first, second = called[: len(left.outside)], called[len(left.outside) :]
    if Counter(first) == Counter(second):
        return left, right
    if Counter(name for name in first if name in second) != Counter(name for name in second if name in first):
        return None
    alone = [factor for factor, name in zip(left.outside, first, strict=True) if name not in second]
    beside = [factor for factor, name in zip(right.outside, second, strict=True) if name not in first]
    if not _may_move(alone, right) or not _may_move(beside, left) or not _may_share(left, right):
        return None
    return _taken_inside(left, alone, right), _taken_inside(right, beside, left)


def _may_share(left: _Total, right: _Total) -> bool:
    """Whether the bodies may have a factor in common: without one hardly anything is saved where components move."""
    inside = [{shape(as_power(factor)[0]) for factor in factors_of(total.body)} for total in (left, right)]
    return not inside[0].isdisjoint(inside[1])


def _may_move(alone: Sequence[Expr], other: _Total) -> bool:
    """Whether nothing moves but what moves freely, or one component that meets another one of its tensor."""
    rest = [factor for factor in alone if not _moves_freely(factor, other)]
    return not rest or (len(rest) == 1 and bool(_meeting(rest[0], other)))


def _meeting(factor: Expr, other: _Total) -> list[Component]:
    """The components of the tensor of a factor among those of a total's body."""
    tensor = factor.tensor if isinstance(factor, Component) else None
    parts = factors_of(other.body)
    return [part for part in parts if isinstance(part, Component) and part.tensor == tensor]


def _taken_inside(total: _Total, alone: Sequence[Expr], other: _Total) -> _Total:
    """A total with some of what stands before it in its body, to be one with another total."""
    if not alone:
        return total
    kept = tuple(factor for factor in total.outside if not any(factor is own for own in alone))
    moved = not all(_moves_freely(factor, other) for factor in alone)
    return replace(total, outside=kept, body=simplify(Mul((*alone, *factors_of(total.body)))), moved=moved)


def _moves_freely(factor: Expr, other: _Total) -> bool:
    """Whether a factor is a bracket or a scalar, or a power of a component all of whose indices the other total has."""
    base, exponent = as_power(factor)
    if isinstance(base, Iverson):
        return True
    if not isinstance(base, Component) or not isinstance(exponent, Const):
        return False
    return not base.indices or set(free_indices(base)) <= set(free_indices(other.body)).difference(other.indices)


def _are_of_one_tensor(exprs: Sequence[Expr]) -> bool:
    read = [expr.tensor for expr in exprs if isinstance(expr, Component)]
    return len(read) == len(exprs) and len(set(read)) == 1


def _one_sum(left: _Total, right: _Total, choice: tuple[Index, ...]) -> Expr | None:
    if any(own.size != other.size for own, other in zip(left.indices, choice, strict=True)):
        return None
    # Both may bind one and the same index, which stands for something else in either.
    others = {
        index: index.fresh() if index in left.indices else index for index in right.indices if index not in choice
    }
    moved = {**dict(zip(choice, left.indices, strict=True)), **others}
    more = tuple(others.values())
    body = simplify(substitute(right.body, {index: to.expr for index, to in moved.items()}))
    number = min(left.number, right.number, key=abs)
    ratios = left.number / number, right.number / number
    if any(ratio.denominator != 1 for ratio in ratios):
        return None
    own, inner = split_coefficient(left.body), split_coefficient(simplify(IndexSum(more, body)) if more else body)
    terms = [(own[0] * ratios[0], own[1]), (inner[0] * ratios[1], inner[1])]
    common, rests = take_out(terms)
    if (left.moved or right.moved) and not _are_of_one_tensor([rest for _, rest in rests]):
        return None
    both = simplify(add_of(rests))
    if both == ZERO:
        return None
    if isinstance(both, Add) and len(both.terms) == len(rests) and not any(isinstance(rest, Add) for _, rest in rests):
        both = Add(tuple(scaled(*rest) for rest in rests))
    if number < 0 and isinstance(both, Add) and any(split_coefficient(term)[0] < 0 for term in both.terms):
        number, both = -number, scaled_sum(both, Fraction(-1))
    body = product_of([*common, *factors_of(both)])
    if not isinstance(both, Add):
        body = simplify(body)
    elif len(both.terms) == 2:  # of more it would hide that they are alike
        shorter = min(both, regroup(list(map(split_coefficient, both.terms))), key=cost)
        body = product_of([*common, *factors_of(shorter)])
    whole = IndexSum(left.indices, body)
    return scaled(number, Mul((*left.outside, whole))) if left.outside else scaled(number, whole)
