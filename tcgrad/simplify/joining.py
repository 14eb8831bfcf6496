"""Factors of a product that stand for less together: choices, signs and absolute values, divisors and sums."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Const, Expr, Iverson, Mul, Pow, Where
from tcgrad.ir.traversal import factors_of, product_of
from tcgrad.simplify.guarding import guards_kept
from tcgrad.simplify.powers import as_power, is_division
from tcgrad.simplify.shapes import are_equal


def choices_joined(expr: Mul) -> Expr:
    """``where(c, f, 0) where(c, g, 0) = where(c, f g, 0)`` and ``where(c, f, 0) [c] = where(c, f, 0)``

    Where something else than ``f`` needs the guard, ``where(c, f, 0) [c] = f [c]``.
    """
    chosen: dict[Expr, list[Where]] = {}
    said: dict[Where, frozenset[Expr]] = {}
    for factor in expr.factors:
        match factor:
            case Where() if factor.otherwise == ZERO:
                chosen.setdefault(factor.condition, []).append(factor)
                said[factor] = frozenset(factors_of(factor.condition))
            case Where(condition=Iverson() as condition) if factor.then == ZERO:
                said[factor] = frozenset([condition.opposite])
    if not said:
        return expr
    again = frozenset().union(*said.values())
    rest = [factor for factor in expr.factors if factor not in again]
    needed = guards_kept(expr.factors, [factor for factor in rest if factor not in said])
    resolved = {each: _chosen(each) for each, conditions in said.items() if conditions <= set(needed)}
    joined = {condition: parts for condition, parts in chosen.items() if len(parts) > 1 and parts[0] not in resolved}
    kept = [
        resolved[factor] if isinstance(factor, Where) and factor in resolved else factor
        for factor in [*rest, *needed]
        if not any(factor in parts for parts in joined.values())
    ]
    made = [Where(c, Mul(tuple(part.then for part in parts)), ZERO) for c, parts in joined.items()]
    return product_of([*kept, *made]) if resolved or len(kept) < len(expr.factors) else expr


def _chosen(expr: Where) -> Expr:
    """The branch that is not 0."""
    return expr.then if expr.otherwise == ZERO else expr.otherwise


def signs_joined(expr: Mul) -> Mul:
    """``sign(a) abs(a)^n = a^n`` for odd ``n``: the derivative of ``log(abs(a))`` is ``1/a``."""
    for place, factor in enumerate(expr.factors):
        if not (isinstance(factor, Call) and factor.function.name == "sign"):
            continue
        for other, power_of in enumerate(expr.factors):
            match as_power(power_of):
                case Call(function=function, arguments=arguments), Const(value=n) if (
                    function.name == "abs" and arguments == factor.arguments and n.denominator == 1 and n % 2
                ):
                    return _with_factors(expr, {place: ONE, other: Pow(arguments[0], Const(n))})
    return expr


def divisor_cancelled(expr: Mul) -> Expr:
    """``(r + r^2) / r = 1 + r``: what is divided by and is a factor of every term of a sum."""
    sums = [(place, factor) for place, factor in enumerate(expr.factors) if isinstance(factor, Add)]
    for place, divisor in enumerate(expr.factors) if sums else ():
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
    for factor in factors_of(term):
        own, exponent = as_power(factor)
        if isinstance(exponent, Const) and exponent.value >= 1 and are_equal(own, base):
            return True
        if isinstance(factor, Add) and all(_has_factor(part, base) for part in factor.terms):
            return True
    return False


def _with_factors(expr: Mul, changed: Mapping[int, Expr]) -> Mul:
    """A product with other factors at some places; not simplified."""
    return Mul(tuple([changed.get(place, factor) for place, factor in enumerate(expr.factors)]))
