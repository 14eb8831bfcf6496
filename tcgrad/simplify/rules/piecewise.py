"""Simplification of a choice whose condition and branches are simplified."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.ir.guards import slack_of
from tcgrad.ir.nodes import (
    ONE,
    ZERO,
    Add,
    Const,
    Delta,
    Expr,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.traversal import factors_of, map_children, product_of, terms_of
from tcgrad.simplify.canonical import key
from tcgrad.simplify.monomials import Policy, holds_delta
from tcgrad.simplify.signs import is_positive_number


def simplify_where(expr: Where, policy: Policy) -> Expr:
    """A decided condition chooses its branch; equal branches need no condition; deltas stand outside."""
    if isinstance(expr.condition, Const):
        return expr.then if expr.condition.value else expr.otherwise
    if key(expr.then) == key(expr.otherwise):
        return expr.then
    then, otherwise = _given(expr.then, expr.condition, holds=True), _given(expr.otherwise, expr.condition, holds=False)
    if then is not expr.then or otherwise is not expr.otherwise:
        return policy.simplify(Where(expr.condition, then, otherwise))
    if holds_delta(expr.then) or holds_delta(expr.otherwise):
        return _without_deltas(expr, policy)
    return _without_numbers(expr)


def _given(expr: Expr, condition: Expr, *, holds: bool) -> Expr:
    """A branch with those choices in it made that the condition makes, and without brackets that it implies."""
    if holds and any(_tells_apart(each, expr) for each in factors_of(condition)):
        return ONE
    if isinstance(expr, Where):
        if _follows(expr.condition, condition, holds=holds):
            return _given(expr.then, condition, holds=holds)
        if _follows(_opposite(expr.condition), condition, holds=holds):
            return _given(expr.otherwise, condition, holds=holds)
    return map_children(expr, lambda part: _given(part, condition, holds=holds))


def _follows(asked: Expr | None, condition: Expr, *, holds: bool) -> bool:
    """Whether a condition holds where another one does, or does not; False also where that is not seen."""
    given = factors_of(condition) if holds else [_opposite(condition)]
    return asked is not None and all(each in given for each in factors_of(asked))


def _tells_apart(condition: Expr, asked: Expr) -> bool:
    """Whether it is asked if two integers differ of which one is the smaller wherever a condition holds."""
    if not isinstance(asked, Iverson) or asked.operator != "!=":
        return False
    slack = slack_of(condition)
    above = slack_of(Iverson(">", asked.left, asked.right))
    below = slack_of(Iverson("<", asked.left, asked.right))
    if slack is None or above is None or below is None:
        return False
    return is_nonnegative(above - slack) or is_nonnegative(below - slack)


def _opposite(condition: Expr) -> Expr | None:
    """The condition that holds where a comparison does not; None for a product of several."""
    return condition.opposite if isinstance(condition, Iverson) else None


def _without_numbers(expr: Where) -> Expr:
    """``where(c, 0, 2 f/N) = 2/N where(c, 0, f)``, ``where(c, 2, 0) = 2 [c]``: no number and no size is undefined."""
    if ZERO not in (expr.then, expr.otherwise):
        return expr
    branch = expr.otherwise if expr.then == ZERO else expr.then
    numbers = [factor for factor in factors_of(branch) if _is_number(factor)]
    rest = [factor for factor in factors_of(branch) if factor not in numbers]
    condition = _opposite(expr.condition) if expr.then == ZERO else expr.condition
    if not rest and condition is not None:
        return product_of([*(factor for factor in numbers if factor != ONE), *factors_of(condition)])
    if not numbers or not rest:
        return expr
    left = product_of(rest)
    chosen = Where(expr.condition, *((ZERO, left) if expr.then == ZERO else (left, ZERO)))
    return Mul((*numbers, chosen))


def _is_number(factor: Expr) -> bool:
    base = factor.base if isinstance(factor, Pow) and isinstance(factor.exponent, Const) else factor
    return isinstance(base, Const) or (isinstance(base, IndexValue) and is_positive_number(base))


def _without_deltas(expr: Where, policy: Policy) -> Expr:
    """``where(c, delta f + g, 0) = delta where(c, f, 0) + where(c, g, 0)``, so that the delta can be contracted."""
    groups: dict[tuple[Expr, ...], tuple[list[Expr], list[Expr]]] = {}
    for branch, side in ((expr.then, 0), (expr.otherwise, 1)):
        for factors in _spread(branch):
            deltas = tuple(factor for factor in factors if isinstance(factor, Delta))
            rest = Mul((ONE, *(factor for factor in factors if not isinstance(factor, Delta))))
            groups.setdefault(deltas, ([], []))[side].append(rest)
    parts = [
        Mul((*deltas, Where(expr.condition, Add((ZERO, *then)), Add((ZERO, *otherwise)))))
        for deltas, (then, otherwise) in groups.items()
    ]
    return policy.simplify(Add(tuple(parts)))


def _spread(expr: Expr) -> Iterator[tuple[Expr, ...]]:
    """The factors of each term; a sum among them that holds a delta is multiplied out."""
    for term in terms_of(expr):
        factors = factors_of(term)
        place = next((n for n, factor in enumerate(factors) if isinstance(factor, Add) and holds_delta(factor)), None)
        if place is None:
            yield factors
            continue
        for inner in _spread(factors[place]):
            yield from _spread(Mul((ONE, *factors[:place], *inner, *factors[place + 1 :])))
