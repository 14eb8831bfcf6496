"""Brackets of one comparison that stand for less together: ``[a < b] + [b < a] = [a != b]``, ``[c] + [not c] = 1``."""

from __future__ import annotations

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
    """Like terms of a sum but for brackets that exclude each other as one term; the very same if there are none."""
    held = [place for place, (_, rest) in enumerate(terms) if _has_bracket(rest)]
    for number, place in enumerate(held):
        for other in held[number + 1 :]:
            if terms[place][0] == terms[other][0]:
                whole = _joined(terms[place][1], terms[other][1])
                if whole is not None:
                    left = [term for k, term in enumerate(terms) if k not in (place, other)]
                    return brackets_joined([*left[:place], (terms[place][0], whole), *left[place:]])
    return terms


def _has_bracket(rest: Expr) -> bool:
    return any(isinstance(factor, Iverson) for factor in factors_of(rest))


def _joined(one: Expr, other: Expr) -> Expr | None:
    """The sum of two products that differ in one bracket alone, if that is a product with another bracket or none."""
    first, second = factors_of(one), factors_of(other)
    if abs(len(first) - len(second)) > 1:
        return None
    for place, factor in enumerate(first):
        compared = _compared(factor)
        for beside, against in enumerate(map(_compared, second)):
            cases = None if compared is None or against is None else _together(compared, against)
            if compared is None or cases is None:
                continue
            rest = product_of([*first[:place], *first[place + 1 :]])
            if are_equal(rest, product_of([*second[:beside], *second[beside + 1 :]])):
                return rest if cases == _ALL else _with(rest, compared, cases)
    return None


def _compared(factor: Expr) -> _Compared | None:
    match factor:
        case Iverson():
            return factor.left, factor.right, _CASES[factor.operator]
        case Delta():
            return IndexValue(factor.left), IndexValue(factor.right), _SAME
        case _:
            return None


def _together(one: _Compared, other: _Compared) -> int | None:
    """The cases in which either holds, where that is never both."""
    left, right, cases = other
    if one[:2] == (right, left):
        cases = cases & _SAME | (_GREATER if cases & _LESS else 0) | (_LESS if cases & _GREATER else 0)
    elif one[:2] != (left, right):
        return None
    return None if one[2] & cases else one[2] | cases


def _with(rest: Expr, compared: _Compared, cases: int) -> Expr:
    return product_of([*(factors_of(rest) if rest != ONE else ()), Iverson(_OPERATORS[cases], *compared[:2])])
