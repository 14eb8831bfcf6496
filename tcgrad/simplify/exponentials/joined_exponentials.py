"""Exponentials that are multiplied as one, where one of them stands in a sum or a choice too."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import (
    ONE,
    ZERO,
    Add,
    Call,
    Const,
    Expr,
    IndexSum,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.substitution import rename_binder
from tcgrad.ir.traversal import factors_of, product_of, sorts_in
from tcgrad.simplify import simplify


def with_exponentials_joined(expr: Expr) -> Expr:
    """``exp(a) exp(b)^-1 = exp(a - b)``, where one of them stands in a sum too."""
    if "exp" not in sorts_in(expr):
        return expr
    factors = _moved_in(factors_of(expr))
    powers = [(n, exponent) for n, factor in enumerate(factors) if (exponent := _exponent(factor)) is not None]
    if len(powers) < 2:
        return expr if factors is factors_of(expr) else product_of(factors)
    places = [n for n, _ in powers]
    joined = Call(FUNCTIONS["exp"], (simplify(Add(tuple(exponent for _, exponent in powers))),))
    kept = [factor for n, factor in enumerate(factors) if n not in places[1:]]
    kept[places[0]] = joined
    return product_of(kept)


def _moved_in(factors: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """``exp(a) sum_i exp(b[i]) = sum_i exp(a + b[i])``, also where the exponential is chosen against 0."""
    outside = [factor for factor in factors if _exponent(factor) is not None]
    for place, factor in enumerate(factors if outside else ()):
        made: Expr | None
        if isinstance(factor, IndexSum):
            whole = rename_binder(factor)
            body = _with_those_in(whole.body, outside)
            made = None if body is None else IndexSum(whole.indices, body)
        else:
            made = _with_those_in(factor, outside) if isinstance(factor, Where) else None
        if made is not None:
            return tuple(made if n == place else old for n, old in enumerate(factors) if old not in outside)
    return factors


def _with_those_in(body: Expr, outside: Sequence[Expr]) -> Expr | None:
    """A product with an exponential in it times others that are joined with it; None of one without."""
    factors = factors_of(body)
    if any(_exponent(part) is not None for part in factors):
        return with_exponentials_joined(Mul((*outside, *factors)))
    for place, factor in enumerate(factors):
        if isinstance(factor, Where) and ZERO in (factor.then, factor.otherwise):
            chosen = factor.otherwise if factor.then == ZERO else factor.then
            made = _with_those_in(chosen, outside)
            if made is not None:
                branches = (ZERO, made) if factor.then == ZERO else (made, ZERO)
                return product_of([*factors[:place], Where(factor.condition, *branches), *factors[place + 1 :]])
    return None


def _exponent(factor: Expr) -> Expr | None:
    """``n a`` of ``exp(a)^n``; None of anything else."""
    match factor:
        case Call(function=function, arguments=(argument,)) if function.name == "exp":
            return Mul((ONE, argument))
        case Pow(base=Call(function=function, arguments=(argument,)), exponent=Const() as n) if function.name == "exp":
            return Mul((n, argument))
        case _:
            return None
