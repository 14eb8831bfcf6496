"""What makes a formula shorter to read and would only make code slower: the last steps before it is printed.

``sum_j a[p,j] x[j] + sum_i a[i,p] x[i]`` is one sum, ``sqrt(2) sqrt(pi)`` one root, ``exp(x)^2`` is ``exp(2 x)``, and
``[x - c > 0]`` is ``[x > c]``.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, permutations

from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    const,
)
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of, map_children, product_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.exponentials.joined_exponentials import with_exponentials_joined
from tcgrad.simplify.powers import flat_product, negated, numbers_out, power, scaled
from tcgrad.simplify.rules.weights import opposite_of, without_idle_weights
from tcgrad.simplify.shapes import are_equal
from tcgrad.simplify.shorter.joined_ranges import with_ranges_joined
from tcgrad.simplify.shorter.merged_sums import with_halves_merged, with_sums_merged
from tcgrad.simplify.shown.closing import with_common_out, with_divisor_inside
from tcgrad.simplify.shown.comparisons import solved
from tcgrad.simplify.shown.lookups import with_rows_looked_up
from tcgrad.simplify.shown.masks import with_masks_once
from tcgrad.simplify.shown.shifted_sums import with_guards_shifted_away
from tcgrad.simplify.signs import is_positive_number

_NUMBERED = frozenset({Mul, Const})  # of a product's factors those that hold its numbers


def polish(expr: Expr) -> Expr:
    """The same value, for the eye; what is made anew is simplified.

    Rows that are looked up are so first or last, whichever is shorter: either may make terms alike.
    """
    made, looked_up = _polished(expr), with_rows_looked_up(expr)
    if looked_up is not expr:
        made = min(_polished(looked_up), _polished(with_rows_looked_up(made)), key=cost)
    return with_masks_once(without_idle_weights(made, simplify))


def _polished(expr: Expr) -> Expr:
    if isinstance(expr, Component | Const):
        return expr
    whole = map_children(expr, _polished)
    match whole:
        case Add() if (bracket := opposite_of(whole)) is not None:
            return solved(bracket)
        case Add():
            joined = with_ranges_joined(whole, _polished)
            merged = with_sums_merged(joined) if isinstance(joined, Add) else joined
            return with_common_out(merged) if isinstance(merged, Add) else merged
        case Mul():
            flat = _with_conjugates_joined(_with_one_number(whole))
            if not isinstance(flat, Mul):
                return flat
            closed = with_divisor_inside(flat)
            if Pow in map(type, factors_of(closed)):
                closed = _with_ratios_joined(_with_ratio_of_roots(_with_roots_joined(closed)))
            return with_exponentials_joined(closed)
        case IndexSum():
            shifted = with_guards_shifted_away(whole)
            return with_halves_merged(shifted) if isinstance(shifted, IndexSum) else shifted
        case Iverson():
            return solved(whole)
        case Call(function=function, arguments=(Add(),)) if function.name == "log" and isinstance(expr, Call):
            # Of a ratio it is read as one: log((1 - p)/p), not log(1/p - 1).
            return expr if isinstance(expr.arguments[0], Mul) else whole
        case Pow(base=Call() as base, exponent=Const(value=n)) if base.function.name == "exp" and n > 1:
            return Call(base.function, (simplify(Mul((whole.exponent, *base.arguments))),))
        case _:
            return whole


def _with_one_number(expr: Mul) -> Expr:
    """``a 1/2 (b + c) = 1/2 a (b + c)``, a product in a product as one."""
    return expr if _NUMBERED.isdisjoint(map(type, expr.factors)) else scaled(*numbers_out(flat_product(expr)))


def _with_conjugates_joined(expr: Expr) -> Expr:
    """``(1 - y) (1 + y) = 1 - y^2``"""
    factors = factors_of(expr)
    sums = [(place, factor) for place, factor in enumerate(factors) if isinstance(factor, Add)]
    for (place, one), (further, other) in combinations(sums, 2):
        if len(one.terms) != 2 or not any(term in (ONE, MINUS_ONE) for term in one.terms):
            continue
        for first, second in permutations(one.terms):
            if are_equal(other, simplify(Add((first, negated(second))))):
                square = Add((Pow(first, const(2)), negated(Pow(second, const(2)))))
                rest = [factor for n, factor in enumerate(factors) if n not in (place, further)]
                return product_of([*rest, simplify(square)])
    return expr


def _with_roots_joined(expr: Expr) -> Expr:
    """``sqrt(2) sqrt(pi) = sqrt(2 pi)``: numbers and sizes are positive."""
    roots: dict[Fraction, list[Pow]] = {}
    for factor in factors_of(expr):
        match factor:
            case Pow(base=base, exponent=Const(value=n)) if n.denominator != 1 and is_positive_number(base):
                roots.setdefault(n, []).append(factor)
    joined = {exponent: parts for exponent, parts in roots.items() if len(parts) > 1}
    if not joined:
        return expr
    kept = [factor for factor in factors_of(expr) if all(factor not in parts for parts in joined.values())]
    made = [Pow(simplify(product_of([part.base for part in parts])), Const(n)) for n, parts in joined.items()]
    return Mul((*kept, *made)) if kept or len(made) > 1 else made[0]


def _with_ratio_of_roots(expr: Expr) -> Expr:
    """``sqrt(2)/sqrt(pi) = sqrt(2/pi)``; sizes and constants of the spec stay where they are."""
    roots: dict[Fraction, Pow] = {}
    for factor in factors_of(expr):
        match factor:
            case Pow(base=base, exponent=Const(value=n)) if n.denominator != 1 and _is_number(base):
                roots[n] = factor
            case _:
                pass
    for n, above in roots.items():
        if n > 0 and -n in roots:
            below = roots[-n]
            ratio = Pow(Mul((above.base, Pow(below.base, MINUS_ONE))), above.exponent)
            return product_of([*(factor for factor in factors_of(expr) if factor not in (above, below)), ratio])
    return expr


def _is_number(expr: Expr) -> bool:
    """Whether a positive number is made of numbers and pi alone."""
    is_pure = all(isinstance(part, Const | Mul | Pow) or _is_pi(part) for part in walk(expr))
    return is_pure and is_positive_number(expr)


def _is_pi(part: Expr) -> bool:
    return isinstance(part, Component) and part.tensor.role is Role.CONSTANT and part.tensor.value is None


def _with_ratios_joined(expr: Expr) -> Expr:
    """``a^2 c^-2 = (a/c)^2``; sizes stay where they are."""
    powers: dict[Fraction, list[tuple[Expr, Expr, bool]]] = {}  # each with it to the first power, and whether above
    for factor in factors_of(expr):
        match factor:
            case Pow(base=base, exponent=Const(value=n)) if n.denominator == 1 and abs(n) > 1:
                if not isinstance(base, Const | IndexValue):
                    powers.setdefault(abs(n), []).append((factor, power(base, Const(n / abs(n))), n > 0))
            case _:
                pass
    for exponent, parts in powers.items():
        gone, first_powers, are_above = zip(*parts, strict=True)
        if len(set(are_above)) == 2:
            kept = [factor for factor in factors_of(expr) if factor not in gone]
            return _with_ratios_joined(product_of([*kept, Pow(product_of(first_powers), Const(exponent))]))
    return expr
