"""The last touch before an expression is shown: differences the way round that the spec writes them.

``(t - y)^2`` and ``(y - t)^2`` are one to the simplifier. Where a difference stands in the spec, it is shown as it
stands there; elsewhere it takes up the minus sign in front of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from tcgrad.ir.nodes import ONE, Add, Const, Expr, IndexSum, Mul, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.traversal import children, free_indices, rebuild, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.powers import scaled, scaled_sum, split_coefficient

_MINUS = Fraction(-1)


class Presentation:
    """Knows the differences that stand in some statements."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._known = {
            _form(part)
            for statement in statements
            if isinstance(statement, Define)
            for part in _differences(statement.body)
        }

    def present(self, expr: Expr) -> Expr:
        """The same value, written for the eye; not simplified any more."""
        sign, body = self._oriented(expr)
        coefficient, rest = split_coefficient(body)
        if coefficient * sign == _MINUS:
            flipped = _flip_one(rest, self._known)
            if flipped is not None:
                return flipped
        return _times(sign, body)

    def _oriented(self, expr: Expr) -> tuple[Fraction, Expr]:
        """The expression as a sign times what is left, every difference turned as the spec has it."""
        match expr:
            case Add():
                made = Add(tuple(_times(*self._oriented(term)) for term in expr.terms))
                return self._turned(made)
            case Mul():
                parts = [self._oriented(factor) for factor in expr.factors]
                negative = sum(sign < 0 for sign, _ in parts) % 2
                return (_MINUS if negative else Fraction(1)), _product([body for _, body in parts])
            case Pow(exponent=Const(value=n)) if n.denominator == 1:
                sign, base = self._oriented(expr.base)
                return (sign if n % 2 else Fraction(1)), Pow(base, expr.exponent)
            case IndexSum():
                sign, body = self._oriented(expr.body)
                return sign, IndexSum(expr.indices, body)
            case _:
                parts_in = tuple(_times(*self._oriented(part)) for part in children(expr))
                return Fraction(1), rebuild(expr, parts_in) if parts_in else expr

    def _turned(self, base: Add) -> tuple[Fraction, Expr]:
        if not _is_mixed(base) or _form(base) in self._known:
            return Fraction(1), base
        other = scaled_sum(base, _MINUS)
        return (_MINUS, other) if _form(other) in self._known else (Fraction(1), base)


def _differences(body: Expr) -> list[Add]:
    """The sums of terms of both signs in an expression, simplified inside but turned as they stand."""
    found = []
    for part in walk(body):
        if isinstance(part, Add):
            whole = simplify(part)
            if isinstance(whole, Add) and _is_mixed(whole):
                found.append(whole)
    return found


def _is_mixed(base: Add) -> bool:
    return len({split_coefficient(term)[0] > 0 for term in base.terms}) == 2


def _form(base: Add) -> str:
    """A difference up to the names of its indices."""
    indices = free_indices(base)
    return key(base, canonical_labels(indices, base.terms)) if indices else key(base)


def _product(factors: list[Expr]) -> Expr:
    numbers = [factor.value for factor in factors if isinstance(factor, Const)]
    rest = [factor for factor in factors if not isinstance(factor, Const)]
    coefficient = Fraction(1)
    for number in numbers:
        coefficient *= number
    body = rest[0] if len(rest) == 1 else Mul(tuple(rest)) if rest else ONE
    return scaled(coefficient, body)


def _times(sign: Fraction, body: Expr) -> Expr:
    if sign == 1:
        return body
    if isinstance(body, Add):
        return scaled_sum(body, sign)
    coefficient, rest = split_coefficient(body)
    return scaled(sign * coefficient, rest)


def _flip_one(rest: Expr, known: set[str]) -> Expr | None:
    """A product with the first difference turned that the spec does not write itself; None if there is none."""
    factors = rest.factors if isinstance(rest, Mul) else (rest,)
    for place, factor in enumerate(factors):
        turned = _flip_factor(factor, known)
        if turned is not None:
            return _product([*factors[:place], turned, *factors[place + 1 :]])
    return None


def _flip_factor(factor: Expr, known: set[str]) -> Expr | None:
    match factor:
        case Add() if _is_mixed(factor) and _form(factor) not in known:
            return scaled_sum(factor, _MINUS)
        case IndexSum(body=body):
            inner = _flip_one(body, known)
            return None if inner is None else IndexSum(factor.indices, inner)
        case _:
            return None
