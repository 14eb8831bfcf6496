"""Factors of a product that stand for less together: choices, signs and absolute values, divisors and sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Const, Expr, Iverson, Mul, Pow, Where
from tcgrad.ir.traversal import factors_of, free_indices, product_of
from tcgrad.simplify.powers import as_power, has_power, is_division
from tcgrad.simplify.rules.guarding import guards_kept


class _Choice(NamedTuple):
    """``where(c, f, 0)`` or ``where(c, 0, f)``: the condition on which ``f`` is chosen."""

    condition: Expr
    chosen: Expr

    @property
    def conditions(self) -> frozenset[Expr]:
        """What has to hold for ``f`` to be chosen."""
        return frozenset(factors_of(self.condition))


def may_be_joined(expr: Mul) -> bool:
    """Whether something in a product may go because of what stands beside it: choices, brackets, signs, divisors."""
    kinds = set(map(type, expr.factors))
    if Where in kinds or Iverson in kinds:
        return True
    return signs_joined(expr) is not expr or divisor_cancelled(expr) is not expr


def choices_joined(expr: Mul) -> Expr:
    """``where(c, f, 0) where(c, g, 0) = where(c, f g, 0)`` and ``where(c, f, 0) [c] = where(c, f, 0)``

    Where something else than ``f`` needs the guard, ``where(c, f, 0) [c] = f [c]``; and what it divides by
    is left out as a whole, ``where(c, f/u, 0) [c]/u^2 = where(c, f/u^3, 0)``.
    """
    choices: dict[Expr, _Choice] = {}
    for factor in expr.factors:
        match factor:
            case Where(condition=condition, then=then, otherwise=otherwise) if otherwise == ZERO:
                choices[factor] = _Choice(condition, then)
            case Where(condition=Iverson() as condition, then=then, otherwise=otherwise) if then == ZERO:
                choices[factor] = _Choice(condition.opposite, otherwise)
    if not choices:
        return expr
    said_again = frozenset().union(*(choice.conditions for choice in choices.values()))
    rest = [factor for factor in expr.factors if factor not in said_again]
    needed = guards_kept(expr.factors, [factor for factor in rest if factor not in choices])
    resolved = {factor: choice.chosen for factor, choice in choices.items() if choice.conditions.issubset(needed)}
    for factor, choice in choices.items():
        if factor not in resolved and choice.conditions.issubset(expr.factors):
            more = [other for other in rest if other not in choices and _divides_as_well(other, choice)]
            if more:
                whole = Where(choice.condition, Mul((choice.chosen, *more)), ZERO)
                return product_of([*(other for other in [*rest, *needed] if other not in (factor, *more)), whole])
    groups = _on_one_condition(factor for factor in expr.factors if factor not in resolved)
    joined = {factor for group in groups for factor in group}
    kept = [resolved.get(factor, factor) for factor in [*rest, *needed] if factor not in joined]
    made = [Where(group[0].condition, Mul(tuple([choice.then for choice in group])), ZERO) for group in groups]
    return product_of([*kept, *made]) if resolved or len(kept) < len(expr.factors) else expr


def _divides_as_well(factor: Expr, choice: _Choice) -> bool:
    """Whether a factor divides by what is divided by in a choice, along all indices of its condition."""
    if not is_division(factor) or not set(free_indices(choice.condition)).issubset(free_indices(factor)):
        return False
    return any(is_division(other) and other.base == factor.base for other in factors_of(choice.chosen))


def _on_one_condition(factors: Iterable[Expr]) -> list[list[Where]]:
    """The choices between something and 0 that are made on the same condition as others."""
    groups: dict[Expr, list[Where]] = {}
    for factor in factors:
        if isinstance(factor, Where) and factor.otherwise == ZERO:
            groups.setdefault(factor.condition, []).append(factor)
    return [group for group in groups.values() if len(group) > 1]


def signs_joined(expr: Mul) -> Mul:
    """``sign(a) abs(a)^n = a^n`` for odd ``n``: the derivative of ``log(abs(a))`` is ``1/a``. For any other ``n > 1``
    it is ``a abs(a)^(n - 1)``.
    """
    for place, factor in enumerate(expr.factors) if Call in map(type, expr.factors) else ():
        if not (isinstance(factor, Call) and factor.function.name == "sign"):
            continue
        for other, power_of in enumerate(expr.factors):
            match as_power(power_of):
                case Call(function=function, arguments=(argument,)) as size, Const(value=n) if (
                    function.name == "abs" and (argument,) == factor.arguments
                ):
                    if n.denominator == 1 and n % 2:
                        return _with_factors(expr, {place: ONE, other: Pow(argument, Const(n))})
                    if n > 1:
                        return _with_factors(expr, {place: argument, other: Pow(size, Const(n - 1))})
    return expr


def divisor_cancelled(expr: Mul) -> Expr:
    """``(r + r^2) / r = 1 + r``: what is divided by and is a factor of every term of a sum."""
    if Add not in map(type, expr.factors):
        return expr
    sums = [(place, factor) for place, factor in enumerate(expr.factors) if isinstance(factor, Add)]
    for place, divisor in enumerate(expr.factors):
        if not is_division(divisor):
            continue
        base = divisor.base
        for other, factor in sums:
            if all(_has_factor(term, base) for term in factor.terms):
                terms = Add(tuple([Mul((term, Pow(base, MINUS_ONE))) for term in factor.terms]))
                return _with_factors(expr, {place: Mul((base, divisor)), other: terms})
    return expr


def _has_factor(term: Expr, base: Expr) -> bool:
    """Whether at least the first power of a base can be taken out of a term."""
    sums = (factor for factor in factors_of(term) if isinstance(factor, Add))
    return has_power(term, base) or any(all(_has_factor(part, base) for part in each.terms) for each in sums)


def _with_factors(expr: Mul, changed: Mapping[int, Expr]) -> Mul:
    """A product with other factors at some places; not simplified."""
    return Mul(tuple([changed.get(place, factor) for place, factor in enumerate(expr.factors)]))
