"""Roots of factors as the root of their product, where the factors are known not to be negative.

Where a formula has a value, what it takes a root of is not negative: ``sqrt(s - 1) sqrt(s + 1)`` is ``sqrt(s^2 - 1)``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tcgrad.ir.nodes import ONE, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import factors_of, map_children, product_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.expand import expand
from tcgrad.simplify.shorter.denominators import joined


def bases_of_roots(exprs: Iterable[Expr]) -> frozenset[str]:
    """The keys of what roots are taken of."""
    powers = (part for expr in exprs for part in walk(simplify(expr)) if isinstance(part, Pow))
    return frozenset(key(part.base) for part in powers if _is_root(part))


def with_roots_joined(expr: Expr, not_negative: Collection[str]) -> Expr:
    """``a^n b^n = (a b)^n`` for broken ``n``, where both have keys among those that are not negative.

    What the roots are of is expanded.
    """
    made = map_children(expr, lambda part: with_roots_joined(part, not_negative))
    rest: list[Expr] = []
    roots: dict[Const, list[Expr]] = {}
    for factor in factors_of(made):
        match factor:
            case Pow(base=base, exponent=Const() as exponent) if _is_root(factor) and key(base) in not_negative:
                roots.setdefault(exponent, []).append(base)
            case Pow(base=base, exponent=Const() as exponent) if _is_root(factor):
                rest.append(Pow(expand(base), exponent))
            case _:
                rest.append(factor)
    joined = [Pow(expand(Mul((ONE, *bases))), exponent) for exponent, bases in roots.items()]
    return product_of([*rest, *joined])


def with_roots_split(expr: Expr) -> Expr:
    """``(1 + a^2/b^2)^n = (b^2 + a^2)^n (b^2)^-n`` for broken ``n``: a square below the bar is positive."""
    made = map_children(expr, with_roots_split)
    if not isinstance(made, Pow) or not _is_root(made):
        return made
    factors = factors_of(joined(made.base) or made.base)
    squares = [factor for factor in factors if _is_square_below(factor)]
    rest = Mul((ONE, *(factor for factor in factors if factor not in squares)))
    return Mul((Pow(simplify(rest), made.exponent), *(Pow(square, made.exponent) for square in squares)))


def _is_square_below(expr: Expr) -> bool:
    match expr:
        case Pow(exponent=Const(value=n)):
            return n < 0 and n.denominator == 1 and n % 2 == 0
        case _:
            return False


def _is_root(part: Pow) -> bool:
    return isinstance(part.exponent, Const) and part.exponent.value.denominator > 1
