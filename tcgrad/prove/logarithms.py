"""Logarithms of products as sums, where what is multiplied is known to be positive.

Where a formula has a value, what it takes the logarithm of is positive: beside ``log(a) - log(b)``, ``log(a/b)`` is the
same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tcgrad.ir.nodes import Add, Call, Const, Expr, Mul
from tcgrad.ir.traversal import factors_of, map_children, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.powers import as_power


def arguments_of_logarithms(exprs: Iterable[Expr]) -> frozenset[str]:
    """The keys of what stands in logarithms."""
    calls = (part for expr in exprs for part in walk(expr) if isinstance(part, Call) and part.function.name == "log")
    return frozenset(key(simplify(call.arguments[0])) for call in calls)


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
