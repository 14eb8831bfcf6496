"""Brackets of one comparison that stand for less together.

``[a < b] + [b < a] = [a != b]``, ``[a < b] + [a >= b] = 1``, ``[a != b] - [a < b] = [a > b]``,
``[i%2 == 0] + [i%2 == 1] = 1``
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tcgrad.ir.indices import Remainder
from tcgrad.ir.nodes import ONE, ComparisonOperator, Delta, Expr, IndexValue, Iverson
from tcgrad.ir.traversal import factors_of, product_of
from tcgrad.simplify.order import Term
from tcgrad.simplify.shapes import are_equal

# What a comparison holds for: that the left side is less, the same, greater.
_LESS, _SAME, _GREATER = 1, 2, 4
_CASES: dict[ComparisonOperator, int] = {
    "<": _LESS,
    "<=": _LESS | _SAME,
    "==": _SAME,
    "!=": _LESS | _GREATER,
    ">=": _SAME | _GREATER,
    ">": _GREATER,
}
_OPERATORS = {cases: operator for operator, cases in _CASES.items()}
_ALL = _LESS | _SAME | _GREATER

_Compared = tuple[Expr, Expr, int]  # two sides, and the cases that it holds for


def brackets_joined(terms: list[Term]) -> list[Term]:
    """Like terms of a sum but for their brackets as one term, where that has one bracket or none; the very same if
    there are none.
    """
    if sum(map(_has_bracket, terms)) < 2:
        return terms
    joined: list[Term] = []
    for term in terms:
        _join(joined, term, len(joined))
    joined = _with_residues_joined(joined)
    return joined if len(joined) < len(terms) else terms


def _join(terms: list[Term], term: Term, at: int) -> None:
    """Put a term among others at a place; at that of the first with which it is one, joined to it."""
    for place, other in enumerate(terms) if _has_bracket(term) else ():
        whole = _joined(other, term) if _has_bracket(other) else None
        if whole is not None:
            del terms[place]
            if whole[0]:
                _join(terms, whole, place)
            return
    terms.insert(at, term)


def _with_residues_joined(terms: list[Term]) -> list[Term]:
    """``sum_r a [i%n == r] = a``, where there is a term for every residue."""
    found = [(place, number, *own) for place, (number, product) in enumerate(terms) for own in _residues(product)]
    for _, number, divided, _, rest in found:
        places = {
            residue: place
            for place, own, against, residue, left in found
            if own == number and against == divided and are_equal(left, rest)
        }
        if len(places) == divided.divisor.as_number:
            kept, *gone = sorted(places.values())
            made = [(number, rest) if place == kept else term for place, term in enumerate(terms)]
            return _with_residues_joined([term for place, term in enumerate(made) if place not in gone])
    return terms


def _residues(product: Expr) -> Iterator[tuple[Remainder, int, Expr]]:
    """Each ``[i%n == r]`` of a product, as ``i%n`` and ``r``, and what is left of it."""
    factors = factors_of(product)
    for place, factor in enumerate(factors):
        match factor:
            case Iverson("==", IndexValue(left), IndexValue(right)):
                divided, residue = left.as_remainder, right.as_number
                if divided is not None and residue is not None:
                    yield divided, residue, _without(factors, place)
            case _:
                pass


def _has_bracket(term: Term) -> bool:
    """Brackets are the last factors of a product."""
    return isinstance(factors_of(term[1])[-1], Iverson)


def _joined(one: Term, other: Term) -> Term | None:
    """The sum of two products that differ in one bracket alone, if that is a product with another bracket or none."""
    (number, first), (beside, second) = one, other
    if abs(number.numerator) != abs(beside.numerator) or number.denominator != beside.denominator:
        return None
    factors, others = factors_of(first), factors_of(second)
    if abs(len(factors) - len(others)) > 1:
        return None
    brackets = list(_brackets(others))
    for place, compared in _brackets(factors):
        for at, against in brackets:
            cases = _on_same_sides(compared, against)
            if cases is None:
                continue
            rest = _without(factors, place)
            if not are_equal(rest, _without(others, at)):
                continue
            if number == beside and not compared[2] & cases:
                return number, _with(rest, compared, compared[2] | cases)
            if number == -beside and compared[2] == cases:
                return Fraction(0), rest
            if number == -beside and compared[2] | cases == max(compared[2], cases, key=int.bit_count):
                sign = number if compared[2] & ~cases else beside
                return sign, _with(rest, compared, compared[2] ^ cases)
    return None


def _brackets(factors: Sequence[Expr]) -> Iterator[tuple[int, _Compared]]:
    """Each bracket or delta of a product, with its place."""
    for place, factor in enumerate(factors):
        match factor:
            case Iverson():
                yield place, (factor.left, factor.right, _CASES[factor.operator])
            case Delta():
                yield place, (IndexValue(factor.left), IndexValue(factor.right), _SAME)


def _without(factors: Sequence[Expr], place: int) -> Expr:
    """What is left of a product without the factor at a place."""
    return product_of([*factors[:place], *factors[place + 1 :]])


def _on_same_sides(one: _Compared, other: _Compared) -> int | None:
    """The cases of the second, for the sides of the first; None where it compares something else."""
    left, right, cases = other
    if one[:2] == (left, right):
        return cases
    if one[:2] == (right, left):
        return cases & _SAME | (_GREATER if cases & _LESS else 0) | (_LESS if cases & _GREATER else 0)
    return None


def _with(rest: Expr, compared: _Compared, cases: int) -> Expr:
    if cases == _ALL:
        return rest
    return product_of([*(factors_of(rest) if rest != ONE else ()), Iverson(_OPERATORS[cases], *compared[:2])])
