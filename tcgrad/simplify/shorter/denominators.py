"""Fractions in sums brought over one denominator: ``a/b + c = (a + c b)/b``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Component, Const, Expr, IndexSum, IndexValue, Mul, Pow
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of, free_indices, product_of, sorts_in, terms_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import as_power, is_division, power, scaled_sum, sign, split_coefficient
from tcgrad.simplify.rules.guarding import may_be_outside
from tcgrad.simplify.shapes import are_equal, names
from tcgrad.simplify.shorter.regroup import regroup
from tcgrad.simplify.shorter.spread import divisors, opened, spread_out
from tcgrad.simplify.signs import is_positive

_MOST_ABOVE = 8  # terms of a numerator over a common denominator


def cleared(expr: Expr) -> Expr | None:
    """``a (b/c + d)^-1 = a c (b + d c)^-1``; None if there is no fraction in what is divided by."""
    if Pow not in sorts_in(expr):
        return None
    match expr:
        case Mul():
            return _in_factors(expr, cleared)
        case IndexSum():
            body = cleared(expr.body)
            return None if body is None else IndexSum(expr.indices, body)
        case Pow(base=Add() as base, exponent=Const(value=n)) if n.denominator == 1 and n < 0:
            inner = _over_common_denominator(base)
            return None if inner is None else Pow(simplify(inner), expr.exponent)
        case _:
            return None


def joined(expr: Expr) -> Expr | None:
    """The expression with every sum of fractions in it as one fraction; None if there is none."""
    if Pow not in sorts_in(expr):
        return None
    match expr:
        case Add():
            return _over_common_denominator(expr)
        case Mul():
            return _in_factors(expr, joined)
        case Pow(base=Add() as base, exponent=Const(value=n)) if n.denominator == 1:
            inner = _over_common_denominator(base)
            return None if inner is None else Pow(simplify(inner), expr.exponent)
        case _:
            return None


def leaves_poles(expr: Expr, made: Expr) -> bool:
    """Whether an expression whose fractions have been joined divides by a sum whose numerator may be 0 where it is.

    For ``y = 1`` nothing is divided by ``1 - p`` in ``(1 - y)/(1 - p) - y/p``. In ``(1 - y/p)/(1 - p)`` it is, and in
    the derivatives of this, of which what is large near ``p = 1`` has to cancel then.
    """
    sums = _sums_in_factors(expr)
    poles = _poles(sums[0]) if len(sums) == 1 else ()
    left = divisors(made) if poles else ()
    return any(are_equal(base, other) for base in poles for other in left)


def may_lose_poles(expr: Expr) -> bool:
    """Whether sums stand beside fractions by a sum, as ``1 - b`` beside those by ``1 - p = (1 - a)(1 - b)``."""
    sums = _sums_in_factors(expr)
    return len(sums) > 1 and any(map(_poles, sums))


def _sums_in_factors(expr: Expr) -> list[Add]:
    """The sums that `joined` brings over one denominator."""
    bases = [factor.base if isinstance(factor, Pow) else factor for factor in factors_of(expr)]
    return [base for base in bases if isinstance(base, Add)]


def _poles(expr: Add) -> list[Add]:
    """The sums that some terms divide by, where what is above may be 0 and other terms divide by something else."""
    below = [base for base, _ in _lowest_powers(expr)]
    above = [factor for term in expr.terms for factor in factors_of(term) if not is_division(factor)]
    if len(below) < 2 or all(isinstance(factor, Const | IndexValue) or factor in below for factor in above):
        return []
    return [base for base in below if isinstance(base, Add) and not is_positive(base, ())]


def with_fractions_joined(expr: Add) -> Iterator[Expr]:
    """``v/(v - n)^2 + c`` for ``1/(v - n) + n/(v - n)^2 + c``: those terms of a sum multiplied out that divide by one
    sum as one fraction, beside the others.
    """
    sums = [base for base in divisors(expr) if isinstance(base, Add)]
    if len(sums) == len(set(sums)):
        return
    terms = list(map(simplify, opened(expr) or ()))
    below = [[base for factor in factors_of(term) if (base := _sum_below(factor)) is not None] for term in terms]
    for base in dict.fromkeys(base for bases in below for base in bases):
        inside = [term for term, bases in zip(terms, below, strict=True) if base in bases]
        whole = _over_common_denominator(Add(tuple(inside))) if 1 < len(inside) < len(terms) else None
        if whole is not None:
            rest = [split_coefficient(term) for term, bases in zip(terms, below, strict=True) if base not in bases]
            yield Add((simplify(whole), regroup(rest)))


def with_divisors_alike(expr: Mul) -> Iterator[Expr]:
    """``m/(m + n)/(1 + n/m) = 1/(1 + n/m)^2``: what another divisor is over one denominator, by that one."""
    divisors = [(factor, base) for factor in expr.factors if (base := _sum_below(factor)) is not None]
    for _, own in divisors if len(divisors) > 1 else ():
        inner = _over_common_denominator(own)
        above, *below = factors_of(inner) if inner is not None else (own,)
        for divisor, base in divisors:
            if base is not own and are_equal(base, simplify(above)):
                rest = [factor for factor in expr.factors if factor is not divisor]
                _, n = as_power(divisor)
                yield Mul((*rest, power(own, n), *(power(power(part, MINUS_ONE), n) for part in below)))


def _sum_below(factor: Expr) -> Add | None:
    """The sum by a whole power of which a factor divides."""
    match factor:
        case Pow(base=Add() as base, exponent=Const(value=n)) if n < 0 and n.denominator == 1:
            return base
        case _:
            return None


def numerator(expr: Expr) -> Expr:
    """Where this is 0, so is a simplified expression without guards: of ``x (a/b + d)`` it is ``a + b d``.

    Left out are factors that are 0 at single points at most: the inputs, and what is positive or divided by.
    """
    own = _seldom_zero_left_out(expr)
    below = _lowest_powers(own) if isinstance(own, Add) else ()
    if below:
        raised = [power(base, Const(-exponent)) for base, exponent in below]
        own = _seldom_zero_left_out(simplify(Add(tuple([Mul((term, *raised)) for term in terms_of(own)]))))
    return scaled_sum(own, 1 / sign(own)) if isinstance(own, Add) else own


def _seldom_zero_left_out(expr: Expr) -> Expr:
    return product_of([factor for factor in factors_of(expr) if not _is_seldom_zero(factor)])


def _is_seldom_zero(factor: Expr) -> bool:
    """Whether a factor is 0 at single points at most."""
    base, _ = as_power(factor)
    if isinstance(base, Component) and base.tensor.role is Role.INPUT:
        return base.tensor.is_real and not base.tensor.zero_outside
    return factor != ZERO and (is_division(factor) or is_positive(base, ()) or isinstance(factor, Const))


def _in_factors(expr: Mul, change: Callable[[Expr], Expr | None]) -> Expr | None:
    """A product with those factors changed that can be; None if there is none."""
    made = [change(factor) for factor in expr.factors]
    if all(part is None for part in made):
        return None
    return Mul(tuple(old if new is None else new for old, new in zip(expr.factors, made, strict=True)))


def _over_common_denominator(expr: Add) -> Expr | None:
    """``a/b + c = (a + c b)/b``, the numerator multiplied out and regrouped, or as it is where that is shorter."""
    below = _lowest_powers(expr)
    if not below or _may_vanish(expr, [base for base, _ in below]):
        return None
    raised = [power(base, Const(-exponent)) for base, exponent in below]
    closed = [simplify(Mul((term, *raised))) for term in expr.terms]
    terms: list[Expr] = []
    for term in closed:
        spread = spread_out(term)
        if spread is None:
            return None
        terms += spread
        if len(terms) > _MOST_ABOVE:
            return None
    whole = simplify(Add(tuple(simplify(term) for term in terms)))
    opened = simplify(regroup([split_coefficient(term) for term in terms_of(whole)]))
    above = min(opened, simplify(Add(tuple(closed))), key=cost)
    return Mul((above, *(power(base, Const(exponent)) for base, exponent in below)))


def _may_vanish(expr: Add, bases: Sequence[Expr]) -> bool:
    """Whether a guard in a term may leave out where a base is 0, as ``[i != j]/(x[i] - x[j])``, or where there is none,
    as ``[i > 0]/x[i-1]``: other terms are there.

    A base of one index that is there is 0 for some inputs at most.
    """
    inside = [set(free_indices(base)) for base in bases if len(free_indices(base)) > 1 or may_be_outside(base)]
    guards = [set(free_indices(node)) for term in expr.terms for node in walk(term) if is_guard(node)]
    return any(not base.isdisjoint(guard) for base in inside for guard in guards)


def _lowest_powers(expr: Add) -> list[tuple[Expr, Fraction]]:
    """The bases that are divided by in some term, with their lowest powers; sizes stay where they are."""
    pairs = [
        (factor.base, factor.exponent.value)
        for term in expr.terms
        for factor in factors_of(term)
        if isinstance(factor, Pow) and isinstance(factor.exponent, Const) and not isinstance(factor.base, IndexValue)
        if factor.exponent.value.numerator < 0 and factor.exponent.value.denominator == 1
    ]
    lowest: dict[int | str, tuple[Expr, Fraction]] = {}
    for name, (base, exponent) in zip(names([base for base, _ in pairs]), pairs, strict=True):
        if name not in lowest or exponent < lowest[name][1]:
            lowest[name] = (base, exponent)
    return list(lowest.values())
