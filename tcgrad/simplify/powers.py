"""Merging the powers of one base: ``x^a * x^b = x^(a+b)``, numbers folded, signs of sums taken out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm, prod
from typing import TypeGuard

from tcgrad.ir.nodes import ONE, ZERO, Add, Call, Const, Expr, IndexValue, Mul, Pow
from tcgrad.ir.traversal import factors_of, flat_factors, product_of, terms_of
from tcgrad.simplify.monomials import (
    UNIT,
    Monomial,
    Policy,
    fold_power,
    is_one,
    is_zero_or_one,
    monomial_product,
    monomials,
)
from tcgrad.simplify.order import Term, first_term, terms_in_order
from tcgrad.simplify.shapes import are_equal, names


def merge_powers(part: Monomial, policy: Policy) -> Monomial:
    """One power for each base; the policy adds symbolic exponents up."""
    coefficient, given = part.coefficient, list(part.powers)
    for place, (base, exponent) in enumerate(given):
        if type(base) is Add:
            factor, normal = _normal_base(base, exponent)
            coefficient = coefficient if factor is UNIT else coefficient * factor
            given[place] = normal, exponent
    if coefficient is not UNIT and coefficient.numerator not in (1, -1):
        coefficient, given = _without_fractions(coefficient, given)  # before powers merge: it makes bases equal
    merged = list(_merged(given, policy)) if len(given) > 1 else given
    if len(merged) < len(given) and any(_is_whole(*p) for p in merged):
        opened = [monomials(Pow(*p), policy)[0] if _is_whole(*p) else Monomial(UNIT, (), (p,)) for p in merged]
        return merge_powers(monomial_product([Monomial(coefficient, part.bound), *opened]), policy)
    powers: list[tuple[Expr, Expr]] = []
    roots: list[tuple[Const, Const]] = []
    has_product = False  # to a power that is not spread over its factors
    for base, exponent in merged:
        if exponent is ONE and type(base) is not Const:
            powers.append((base, exponent))
            continue
        folded = fold_power(base.value, exponent) if isinstance(base, Const) else None
        if folded is None and isinstance(base, Const) and isinstance(exponent, Const):
            roots.append((base, exponent))
        elif folded is not None:
            coefficient *= folded
        elif not (isinstance(exponent, Const) and exponent.value == 0):
            powers.append((base, _mask_exponent(base, exponent)))
            has_product = has_product or isinstance(base, Mul)
    for number, root in roots:
        coefficient, left = _root_of_number(coefficient, number.value, root.value)
        powers.append((number, Const(left)))
    if has_product:
        for place, (base, exponent) in enumerate(powers):
            if isinstance(base, Mul) and isinstance(exponent, Const):
                coefficient, powers = _root_beside(coefficient, powers, place)
    return Monomial(coefficient, part.bound, tuple(powers))


def _merged(powers: Sequence[tuple[Expr, Expr]], policy: Policy) -> Iterable[tuple[Expr, Expr]]:
    """The powers of equal bases as one, with their exponents added up."""
    merged: dict[int | str, tuple[Expr, Expr]] = {}
    for name, (base, exponent) in zip(names([base for base, _ in powers]), powers, strict=True):
        merged[name] = (base, _added(merged[name][1], exponent, policy) if name in merged else exponent)
    return merged.values()


def _is_whole(base: Expr, exponent: Expr) -> bool:
    """Whether a power of a power is one of its base: ``sqrt(x)^2 = x``, which other powers of ``x`` merge with."""
    return isinstance(base, Pow | Mul) and isinstance(exponent, Const) and exponent.value.denominator == 1


def _root_beside(
    coefficient: Fraction, powers: list[tuple[Expr, Expr]], place: int
) -> tuple[Fraction, list[tuple[Expr, Expr]]]:
    """``sqrt(2 pi)/(2 pi) = 1/sqrt(2 pi)``, ``x/sqrt(-x) = -sqrt(-x)``: the root of a product that is divided by as
    well, or that divides the product.
    """
    base, exponent = powers[place]
    if not isinstance(exponent, Const):
        return coefficient, powers
    number, rest = split_coefficient(base)
    inside = factors_of(rest)
    sign = 1 if exponent.value > 0 else -1
    beside = [own for own, given in powers if isinstance(given, Const) and sign * given.value <= -1]
    if not all(factor in beside for factor in inside):
        return coefficient, powers
    shifts = {**dict.fromkeys(inside, sign), base: -sign}
    shifted = [(own, _raised(given, shifts.get(own, 0))) for own, given in powers]
    return coefficient * number**sign, [(own, given) for own, given in shifted if given != ZERO]


def _raised(exponent: Expr, shift: int) -> Expr:
    return Const(exponent.value + shift) if isinstance(exponent, Const) and shift else exponent


def _root_of_number(coefficient: Fraction, base: Fraction, exponent: Fraction) -> tuple[Fraction, Fraction]:
    """A number times ``base^exponent``, in one way: ``sqrt(2)/2 = 1/sqrt(2)``, ``2/sqrt(2) = sqrt(2)``."""
    if base.denominator != 1 or base < 2:
        return coefficient, exponent
    while exponent.numerator > 0 and coefficient.denominator % base == 0:
        coefficient, exponent = coefficient * base, exponent - 1
    while exponent.numerator < 0 and coefficient.numerator % base == 0:
        coefficient, exponent = coefficient / base, exponent + 1
    return coefficient, exponent


def _without_fractions(
    coefficient: Fraction, powers: list[tuple[Expr, Expr]]
) -> tuple[Fraction, list[tuple[Expr, Expr]]]:
    """``2 (a/2 + b) = a + 2 b``"""
    cleared: list[tuple[Expr, Expr]] = []
    for base, exponent in powers:
        whole = base
        if isinstance(base, Add) and exponent is ONE:
            below = lcm(*(split_coefficient(term)[0].denominator for term in base.terms))
            if below > 1 and not coefficient.numerator % below:
                coefficient, whole = coefficient / below, scaled_sum(base, Fraction(below))
        cleared.append((whole, exponent))
    return coefficient, cleared


def _added(left: Expr, right: Expr, policy: Policy) -> Expr:
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(left.value + right.value)
    return policy.simplify(Add((left, right)))


def _mask_exponent(base: Expr, exponent: Expr) -> Expr:
    return ONE if is_zero_or_one(base) and isinstance(exponent, Const) and exponent.value.numerator > 0 else exponent


def _normal_base(base: Add, exponent: Expr) -> tuple[Fraction, Expr]:
    """A sum to a whole power with its common factor taken out: ``(2b - 2a)^3 = -8 (a - b)^3``."""
    if not isinstance(exponent, Const) or exponent.value.denominator != 1:
        return UNIT, base
    common = _content(base)
    folded = None if common is UNIT or common == 1 else fold_power(common, exponent)
    return (UNIT, base) if folded is None else (folded, scaled_sum(base, 1 / common))


def _content(base: Add) -> Fraction:
    """The number that all terms share, with the sign of the first; kept on the node once known.

    ``12 a - 6 b`` shares 6. Decimals stay where they are, unless all are the same: ``0.9 a + 0.1 b``.
    """
    known = base.known_content
    if known is None:
        terms = [split_coefficient(term) for term in base.terms]
        sizes = {UNIT if coefficient is UNIT else abs(coefficient) for coefficient, _ in terms}
        size = min(sizes)
        if len(sizes) > 1 and any(other.denominator != 1 or other % size for other in sizes):
            size = UNIT
        known = base.__dict__["known_content"] = size if first_term(terms)[0].numerator > 0 else -size
    return known


def sign(expr: Expr) -> Fraction:
    """A number whose sign turns with that of a simplified expression."""
    return _content(expr) if isinstance(expr, Add) else split_coefficient(expr)[0]


def negated(expr: Expr) -> Expr:
    """The negative of a simplified expression; simplified."""
    if isinstance(expr, Add):
        return scaled_sum(expr, -UNIT)
    coefficient, rest = split_coefficient(expr)
    return scaled(-coefficient, rest)


def split_coefficient(term: Expr) -> Term:
    """A term as a number times the rest."""
    match term:
        case Const():
            return term.value, ONE
        case Mul(factors=(Const() as number, *rest)):
            return number.value, product_of(rest)
        case _:
            return UNIT, term


def scaled(coefficient: Fraction, rest: Expr) -> Expr:
    """A number times an expression that has none."""
    if coefficient is UNIT:
        return rest
    numerator, denominator = coefficient.as_integer_ratio()
    if numerator == denominator:
        return rest
    if not numerator:
        return ZERO
    if is_one(rest):
        return Const(coefficient)
    return Mul((Const(coefficient), *(factors_of(rest))))


def scaled_sum(base: Add, factor: Fraction) -> Add:
    """Every term of a sum times a number, in the order of terms."""
    terms = [split_coefficient(term) for term in base.terms]
    return add_of([(coefficient * factor, rest) for coefficient, rest in terms])


def flattened(expr: Add) -> Add:
    """A sum of sums as one sum, so that what is collected does not depend on how it was put together."""
    if not any(map(_is_multiple_of_sum, expr.terms)):
        return expr
    terms: list[Expr] = []
    for term in expr.terms:
        coefficient, rest = numbers_out(term)
        parts = flattened(rest).terms if isinstance(rest, Add) else (rest,)
        terms += [scaled(coefficient * factor, body) for factor, body in map(split_coefficient, parts)]
    return Add(tuple(terms))


def flat_product(expr: Mul) -> Mul:
    """A product of products as one product."""
    return Mul(tuple(flat_factors(expr))) if Mul in map(type, expr.factors) else expr


def _is_multiple_of_sum(term: Expr) -> bool:
    """Whether a term, not simplified yet, is a sum or a product of numbers and one sum."""
    match term:
        case Add():
            return True
        case Mul(factors=factors):
            return Add in map(type, factors) and isinstance(numbers_out(term)[1], Add)
        case _:
            return False


def numbers_out(term: Expr) -> tuple[Fraction, Expr]:
    """A term, not simplified yet, as the product of its numbers times the rest."""
    if not isinstance(term, Mul):
        return split_coefficient(term)
    if Const not in map(type, term.factors):
        return UNIT, product_of(term.factors)
    number = prod((factor.value for factor in term.factors if isinstance(factor, Const)), start=UNIT)
    rest = tuple(factor for factor in term.factors if not isinstance(factor, Const))
    return number, product_of(rest)


def add_of(terms: list[Term]) -> Add:
    """The sum of the terms, ordered."""
    return Add(tuple([scaled(coefficient, rest) for coefficient, rest in terms_in_order(terms)]))


def power(base: Expr, exponent: Expr) -> Expr:
    """``base^exponent``, the first power being the base itself."""
    return base if exponent is ONE or is_one(exponent) else Pow(base, exponent)


def as_power(factor: Expr) -> tuple[Expr, Expr]:
    """Base and exponent of a factor."""
    match factor:
        case Pow():
            return factor.base, factor.exponent
        case _:
            return factor, ONE


def has_power(term: Expr, base: Expr) -> bool:
    """Whether at least the first power of a base is a factor of a term."""
    for own, exponent in map(as_power, factors_of(term)):
        if are_equal(own, base) and isinstance(exponent, Const) and exponent.value >= 1:
            return True
    return False


def is_division(expr: Expr) -> TypeGuard[Pow]:
    """Whether an expression is a power by a negative number."""
    return isinstance(expr, Pow) and isinstance(expr.exponent, Const) and expr.exponent.value.numerator < 0


def exponential_without_logarithms(exponential: Call) -> Expr | None:
    """``exp(u - log(N)) = exp(u)/N`` for numbers and sizes; None where none is added. To be simplified."""
    powers, others = list[Expr](), list[Term]()
    (exponent,) = exponential.arguments
    for number, rest in map(split_coefficient, terms_of(exponent)):
        match rest:
            case Call(function=function, arguments=(Const() | IndexValue() as size,)) if function.name == "log":
                powers.append(Pow(size, Const(number)))
            case _:
                others.append((number, rest))
    return Mul((*powers, Call(exponential.function, (add_of(others),)))) if powers and others else None
