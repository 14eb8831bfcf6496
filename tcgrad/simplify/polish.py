"""What makes a formula shorter to read and would only make code slower: the last steps before it is printed.

``sum_j a[p,j] x[j] + sum_i a[i,p] x[i]`` is one sum, ``sqrt(2) sqrt(pi)`` one root, ``exp(x)^2`` is ``exp(2 x)``, and
``[x - c > 0]`` is ``[x > c]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, prod

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import (
    MIRRORED,
    ONE,
    ZERO,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexSum,
    Iverson,
    Mul,
    Pow,
)
from tcgrad.ir.traversal import (
    factors_of,
    map_children,
    product_of,
    rename_binder,
    tensors_read,
)
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.joined_ranges import with_ranges_joined
from tcgrad.simplify.lookups import with_looked_up
from tcgrad.simplify.merged_sums import with_halves_merged, with_sums_merged
from tcgrad.simplify.powers import add_of, as_power, scaled, scaled_sum, split_coefficient
from tcgrad.simplify.shifted_sums import with_guards_shifted_away
from tcgrad.simplify.signs import is_positive_number


def polish(expr: Expr) -> Expr:
    """The same value, for the eye; what is made anew is simplified."""
    if isinstance(expr, Component | Const):
        return expr
    whole = map_children(expr, polish)
    match whole:
        case Add():
            joined = with_ranges_joined(whole, polish)
            merged = with_sums_merged(joined) if isinstance(joined, Add) else joined
            return _with_divisor_out(merged) if isinstance(merged, Add) else merged
        case Mul():
            flat = _with_one_number([part for factor in whole.factors for part in factors_of(factor)])
            if not isinstance(flat, Mul):
                return flat
            return _with_exponentials_joined(_with_roots_joined(with_looked_up(flat)))
        case IndexSum():
            shifted = with_guards_shifted_away(whole)
            return with_halves_merged(shifted) if isinstance(shifted, IndexSum) else shifted
        case Iverson():
            return _with_terms_apart(whole)
        case Pow(base=Call() as base, exponent=Const(value=n)) if base.function.name == "exp" and n > 1:
            return Call(base.function, (simplify(Mul((whole.exponent, *base.arguments))),))
        case _:
            return whole


# Numbers


def _with_divisor_out(expr: Add) -> Expr:
    """``a/2 + b/2 - c/4 = (a + b - c/2)/2``, if that is shorter."""
    numbers = [split_coefficient(term)[0] for term in expr.terms]
    divisor = gcd(*(number.denominator for number in numbers))
    if divisor == 1 or any(abs(number.numerator) != 1 for number in numbers):
        return expr
    made = scaled(Fraction(1, divisor), scaled_sum(expr, Fraction(divisor)))
    return made if cost(made) < cost(expr) else expr


def _with_one_number(factors: Sequence[Expr]) -> Expr:
    """``a 1/2 (b + c) = 1/2 a (b + c)``"""
    numbers = [factor.value for factor in factors if isinstance(factor, Const)]
    rest = product_of([factor for factor in factors if not isinstance(factor, Const)])
    return scaled(prod(numbers, start=Fraction(1)), rest)


# Roots


def _with_roots_joined(expr: Mul) -> Expr:
    """``sqrt(2) sqrt(pi) = sqrt(2 pi)``: numbers and sizes are positive."""
    roots: dict[Fraction, list[Expr]] = {}
    for factor in expr.factors:
        match factor:
            case Pow(base=base, exponent=Const(value=n)) if n.denominator != 1 and is_positive_number(base):
                roots.setdefault(n, []).append(base)
    joined = {exponent: bases for exponent, bases in roots.items() if len(bases) > 1}
    if not joined:
        return expr
    gone = [base for bases in joined.values() for base in bases]
    kept = [factor for factor in expr.factors if not (isinstance(factor, Pow) and factor.base in gone)]
    made = [Pow(simplify(Mul(tuple(bases))), Const(exponent)) for exponent, bases in joined.items()]
    return Mul((*kept, *made)) if kept or len(made) > 1 else made[0]


# Exponentials


def _with_exponentials_joined(expr: Expr) -> Expr:
    """``exp(a) exp(b)^-1 = exp(a - b)``, where one of them stands in a sum too."""
    factors = _with_exponentials_moved_in(factors_of(expr))
    powers = [(n, exponent) for n, factor in enumerate(factors) if (exponent := _exponent(factor)) is not None]
    if len(powers) < 2:
        return expr if factors is factors_of(expr) else product_of(factors)
    places = [n for n, _ in powers]
    joined = Call(FUNCTIONS["exp"], (simplify(Add(tuple(exponent for _, exponent in powers))),))
    kept = [factor for n, factor in enumerate(factors) if n not in places[1:]]
    kept[places[0]] = joined
    return product_of(kept)


def _with_exponentials_moved_in(factors: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """``exp(a) sum_i exp(b[i]) = sum_i exp(a + b[i])``"""
    outside = [factor for factor in factors if _exponent(factor) is not None]
    for place, factor in enumerate(factors if outside else ()):
        if isinstance(factor, IndexSum) and any(_exponent(part) is not None for part in factors_of(factor.body)):
            whole = rename_binder(factor)
            body = _with_exponentials_joined(Mul((*outside, *factors_of(whole.body))))
            return tuple(
                IndexSum(whole.indices, body) if n == place else other
                for n, other in enumerate(factors)
                if other not in outside
            )
    return factors


def _exponent(factor: Expr) -> Expr | None:
    """``n a`` of ``exp(a)^n``; None of anything else."""
    if not isinstance(factor, Call | Pow):
        return None
    base, exponent = as_power(factor)
    is_exponential = isinstance(base, Call) and base.function.name == "exp" and isinstance(exponent, Const)
    return Mul((exponent, base.arguments[0])) if isinstance(base, Call) and is_exponential else None


# Brackets


def _with_terms_apart(expr: Iverson) -> Expr:
    """``[a - b > 0]`` as ``[a > b]``, ``[-a - b > 0]`` as ``[-a > b]``; ``[a + b > 0]`` as it is."""
    if expr.right != ZERO or not isinstance(expr.left, Add) or not tensors_read(expr.left):
        return expr
    terms = [split_coefficient(term) for term in expr.left.terms]
    positive = [term for term in terms if term[0] > 0]
    if len(positive) == len(terms) and all(rest is not ONE for _, rest in terms):
        return expr
    left = positive if positive and len(positive) < len(terms) else terms[:1]
    right = [(-number, rest) for number, rest in terms if (number, rest) not in left]
    made = Iverson(expr.operator, _sum(left), _sum(right))
    swapped = Iverson(MIRRORED[expr.operator], _sum(right), _sum(left))
    return swapped if isinstance(made.left, Const) else min((made, expr), key=cost)


def _sum(terms: list[tuple[Fraction, Expr]]) -> Expr:
    return scaled(*terms[0]) if len(terms) == 1 else add_of(terms)
