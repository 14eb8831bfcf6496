"""Logarithms of products as sums, where what is multiplied is known to be positive.

Where a formula has a value, what it takes the logarithm of is positive: beside ``log(a) - log(b)``, ``log(a/b)`` is the
same. Of ``log(s/(1 - s))`` both parts are positive: they have one sign, and their sum is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Call, Const, Expr, Mul
from tcgrad.ir.traversal import factors_of, map_children, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.powers import as_power


def arguments_of_logarithms(exprs: Iterable[Expr]) -> frozenset[str]:
    """The keys of what stands in logarithms, and of the shares of a whole that do as a product or a quotient."""
    calls = (part for expr in exprs for part in walk(expr) if isinstance(part, Call) and part.function.name == "log")
    arguments = [simplify(call.arguments[0]) for call in calls]
    return frozenset(key(each) for argument in arguments for each in (argument, *_shares(argument)))


def _shares(argument: Expr) -> tuple[Expr, ...]:
    """The two of which something positive is the product or the quotient, if they add up to a positive number."""
    powers = [as_power(factor) for factor in factors_of(argument)]
    bases = tuple(base for base, _ in powers)
    if len(powers) != 2 or not all(exponent in {ONE, MINUS_ONE} for _, exponent in powers):
        return ()
    whole = simplify(Add(bases))
    return bases if isinstance(whole, Const) and whole.value > 0 else ()


def with_logarithms_apart(expr: Expr, positive: Collection[str]) -> Expr:
    """``log(a/b) = log(a) - log(b)``, where both have keys among those that are positive; not simplified."""
    made = map_children(expr, lambda part: with_logarithms_apart(part, positive))
    if not isinstance(made, Call) or made.function.name != "log":
        return made
    factors = [as_power(factor) for factor in factors_of(simplify(made.arguments[0]))]
    if len(factors) < 2 or not all(_is_positive(base, positive) for base, _ in factors):
        return made
    return Add(tuple(Mul((exponent, Call(made.function, (base,)))) for base, exponent in factors))


def _is_positive(base: Expr, positive: Collection[str]) -> bool:
    return base.value > 0 if isinstance(base, Const) else key(base) in positive
