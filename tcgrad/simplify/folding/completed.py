"""Sums that leave one place out, beside what stands there: ``f(i) + sum_(j != i) f(j) = sum_j f(j)``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, Add, Const, Expr, IndexSum, IndexValue, Iverson, Mul, Where
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, product_of
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.powers import split_coefficient


def with_sums_completed(terms: Sequence[Expr]) -> Expr | None:
    """The sum of simplified terms with a sum completed by one of them; None where none is.

    ``1 + sum_j exp(s[i,j] - s[i,i]) [j != i]`` is ``sum_j exp(s[i,j] - s[i,i])``.
    """
    for place, term in enumerate(terms):
        for whole, missing in _completions(term):
            rest = [*terms[:place], *terms[place + 1 :]]
            found = next((other for other in rest if key(other) == key(missing)), None)
            if found is not None:
                rest.remove(found)
                return Add((*rest, whole)) if rest else whole
    return None


def _completions(term: Expr) -> Iterator[tuple[Expr, Expr]]:
    """A term whose sum leaves one place out without that condition, and what stands at the place; both simplified."""
    coefficient, rest = split_coefficient(term)
    factors = factors_of(rest)
    for total in factors:
        if not isinstance(total, IndexSum):
            continue
        around = (Const(coefficient), *(factor for factor in factors if factor is not total))
        inner = factors_of(total.body)
        for number, factor in enumerate(inner):
            condition, value = _conditional(factor)
            for index, place in _left_out(condition, total.indices):
                body = product_of([*inner[:number], value, *inner[number + 1 :]])
                kept = tuple(other for other in total.indices if other is not index)
                there = substitute(body, {index: place})
                missing = IndexSum(kept, there) if kept else there
                yield simplify(Mul((*around, IndexSum(total.indices, body)))), simplify(Mul((*around, missing)))


def _conditional(factor: Expr) -> tuple[Expr, Expr]:
    """The condition where a factor is not 0, and what it is there; any other one is what it is where it is not 0."""
    match factor:
        case Iverson():
            return factor, ONE
        case Where(Iverson(operator="==") as condition, Const(value=0), value):
            return Iverson("!=", condition.left, condition.right), value
        case Where(condition, value, Const(value=0)):
            return condition, value
        case _:
            return factor, factor


def _left_out(condition: Expr, indices: Sequence[Index]) -> Iterator[tuple[Index, Integer]]:
    """The index of a sum that a condition keeps from one place in its range, and that place."""
    match condition:
        case Iverson("!=", IndexValue(value=left), IndexValue(value=right)):
            for own, place in ((left, right), (right, left)):
                other = place.as_index
                yield from ((i, place) for i in indices if own == i.expr and other is not None and other.size == i.size)
        case _:
            pass
