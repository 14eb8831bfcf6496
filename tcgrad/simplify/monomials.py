"""Monomials: a coefficient times a sum, over bound indices, of a product of powers.

Every product is brought into this form, its deltas are contracted in it, and it is written back with sums as far
inside as they go. An `Add` inside a product stays closed unless it holds a delta of an index that is summed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import gcd, isqrt
from typing import NamedTuple, Protocol

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    ONE,
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.substitution import rename_binder
from tcgrad.ir.traversal import children, factors_of, integers, product_of, sorts_in
from tcgrad.simplify.signs import is_never_negative

UNIT = Fraction(1)
_CLOSED = frozenset({Component, Delta, Iverson, Call, Where, IndexReduce})  # one power each
_CLOSED_OUTSIDE = _CLOSED | {IndexSum}  # where no index is summed further out
_ZERO_OR_ONE = (Delta, Iverson)
_MOST_DIGITS = 200  # powers of numbers are worked out only while they stay short
_LARGEST_SQUARE = 10**_MOST_DIGITS


class Monomial(NamedTuple):
    """``coefficient * sum_bound prod base^exponent``; no base is a number or a product."""

    coefficient: Fraction
    bound: tuple[Index, ...] = ()
    powers: tuple[tuple[Expr, Expr], ...] = ()


class Policy(Protocol):
    """What distinguishes simplification from full expansion.

    collects: whether the common factors of a sum are taken out of it.
    """

    collects: bool

    def simplify(self, expr: Expr) -> Expr:
        """The form that children and newly made expressions are brought to."""

    def substitute(self, expr: Expr, mapping: Mapping[Index, Integer]) -> Expr:
        """An expression in that form with indices replaced, in that form again."""

    def opens(self, base: Add, exponent: Fraction, live: frozenset[Index], beside: Sequence[Expr] = ()) -> bool:
        """Whether ``base^exponent`` is multiplied out, in a product with factors ``beside`` it that is summed over the
        ``live`` indices.
        """


def monomials(expr: Expr, policy: Policy, live: frozenset[Index] = frozenset()) -> list[Monomial]:
    """An expression, its children already simplified, as a sum of monomials.

    live: the indices summed further out. Where there are none, sums that are factors stay closed: nothing
        outside of them holds one of their indices.
    """
    match expr:
        case Const():
            return [Monomial(expr.value)]
        case IndexValue():
            return [size_powers(expr.value)]
        case Mul():
            return list(map(monomial_product, product(*_parts(expr.factors, policy, live))))
        case IndexSum():
            own = rename_binder(expr) if live else expr
            inner = monomials(own.body, policy, live | frozenset(own.indices))
            return [Monomial(part.coefficient, own.indices + part.bound, part.powers) for part in inner]
        case Add() if policy.opens(expr, UNIT, live):
            # A sum over indices stays closed as a factor does: the Add may be multiplied by itself.
            return [part for term in expr.terms for part in _parts((term,), policy, live)[0]]
        case Pow(base=Add() as base, exponent=Const(value=n)) if policy.opens(base, n, live):
            return monomials(Mul((base,) * n.numerator), policy, live)
        case Pow(base=Mul() as base, exponent=Const() as n) if n.value.denominator == 1:
            return [
                monomial_product(
                    [_monomial_power(part, n, policy) for part in (monomials(f, policy)[0] for f in base.factors)]
                )
            ]
        case Pow(base=Pow() as base, exponent=Const(value=n)) if n.denominator == 1 or is_never_negative(base.base):
            return [_monomial_power(monomials(base, policy)[0], expr.exponent, policy)]
        case Pow(base=IndexValue()) | Pow(base=Const()):
            return [_monomial_power(monomials(expr.base, policy)[0], expr.exponent, policy)]
        case Pow():
            return [Monomial(UNIT, (), ((expr.base, expr.exponent),))]
        case _:
            return [Monomial(UNIT, (), ((expr, ONE),))]


def _parts(factors: Sequence[Expr], policy: Policy, live: frozenset[Index]) -> list[list[Monomial]]:
    """The monomials of the factors of a product in their order; those that are one power each are taken together."""
    closed = _CLOSED if live else _CLOSED_OUTSIDE
    parts: list[list[Monomial]] = []
    powers: list[tuple[Expr, Expr]] = []
    for factor in factors:
        if type(factor) in closed or (live and type(factor) is Add and not policy.opens(factor, UNIT, live, factors)):
            powers.append((factor, ONE))
            continue
        if powers:
            parts.append([Monomial(UNIT, (), tuple(powers))])
            powers = []
        parts.append(monomials(factor, policy, live))
    return [*parts, [Monomial(UNIT, (), tuple(powers))]] if powers else parts


def prenex(expr: IndexSum) -> IndexSum:
    """A sum with the sums that are factors of its body drawn into it: a delta may fix any of their indices."""
    factors = factors_of(expr.body)
    if IndexSum not in map(type, factors):
        return expr
    indices, flat = expr.indices, list[Expr]()
    for factor in factors:
        inner = prenex(rename_binder(factor)) if isinstance(factor, IndexSum) else factor
        if isinstance(inner, IndexSum):
            indices += inner.indices
            flat += factors_of(inner.body)
        else:
            flat.append(inner)
    return IndexSum(indices, Mul(tuple(flat)))


def monomial_product(parts: Sequence[Monomial]) -> Monomial:
    """The factors of all of them, as they stand."""
    if len(parts) == 1:
        return parts[0]
    coefficient, bound, powers = UNIT, list[Index](), list[tuple[Expr, Expr]]()
    for part in parts:
        if part.coefficient is not UNIT:
            coefficient = part.coefficient if coefficient is UNIT else coefficient * part.coefficient
        bound += part.bound
        powers += part.powers
    return Monomial(coefficient, tuple(bound), tuple(powers))


def size_powers(size: Integer) -> Monomial:
    """``3*H*W`` as a coefficient and one factor per dim; ``2 - 2*k`` as -2 times one factor that begins with ``+``."""
    if len(size.terms) != 1:
        return _primitive(size) if size.terms else Monomial(Fraction(0))
    (atoms, coefficient) = size.terms[0]
    return Monomial(Fraction(coefficient), (), tuple((IndexValue(Integer.of(atom)), ONE) for atom in atoms))


def _primitive(size: Integer) -> Monomial:
    content = gcd(*(coefficient for _, coefficient in size.terms))
    if size.terms[0][1] < 0:
        content = -content
    if content == 1:
        return Monomial(UNIT, (), ((IndexValue(size), ONE),))
    primitive = Integer(tuple((atoms, coefficient // content) for atoms, coefficient in size.terms))
    return Monomial(Fraction(content), (), ((IndexValue(primitive), ONE),))


def _monomial_power(part: Monomial, exponent: Expr, policy: Policy) -> Monomial:
    """A monomial without bound indices to a power that may go to each factor."""
    if part.bound:
        return Monomial(UNIT, (), ((unbound(part), exponent),))
    powers = tuple((base, multiply_exponents(e, exponent, policy)) for base, e in part.powers)
    if part.coefficient == 1:
        return Monomial(UNIT, (), powers)
    folded = fold_power(part.coefficient, exponent)
    if folded is not None:
        return Monomial(folded, (), powers)
    return Monomial(UNIT, (), (*powers, (Const(part.coefficient), exponent)))


def unbound(part: Monomial) -> Expr:
    """The monomial written out as it stands."""
    factors: list[Expr] = [] if part.coefficient == 1 else [Const(part.coefficient)]
    factors += [base if is_one(exponent) else Pow(base, exponent) for base, exponent in part.powers]
    body = product_of(factors)
    return IndexSum(part.bound, body) if part.bound else body


def multiply_exponents(inner: Expr, outer: Expr, policy: Policy) -> Expr:
    """The exponent of ``(b^inner)^outer``."""
    if is_one(inner) or is_one(outer):
        return outer if is_one(inner) else inner
    if isinstance(inner, Const) and isinstance(outer, Const):
        return Const(inner.value * outer.value)
    return policy.simplify(Mul((inner, outer)))


def fold_power(base: Fraction, exponent: Expr) -> Fraction | None:
    """``base^exponent`` as an exact number, where it is one and stays short; else None."""
    if not isinstance(exponent, Const) or (base == 0 and exponent.value <= 0):
        return None
    n = exponent.value
    if base in (0, 1):
        return base
    if n.denominator == 2 and base.numerator > 0:
        root = _square_root(base)
        return None if root is None else fold_power(root, Const(n * 2))
    digits = max(len(str(base.numerator)), len(str(base.denominator))) * abs(n)
    return base**n.numerator if n.denominator == 1 and digits <= _MOST_DIGITS else None


def _square_root(value: Fraction) -> Fraction | None:
    numerator, denominator = value.as_integer_ratio()
    if max(numerator, denominator) > _LARGEST_SQUARE:
        return None
    above, below = isqrt(numerator), isqrt(denominator)
    return Fraction(above, below) if above * above == numerator and below * below == denominator else None


def has_delta(expr: Expr, live: frozenset[Index]) -> bool:
    """Whether a delta of a live index is a factor of one of the terms of ``expr``, at product level."""
    if not live or Delta not in sorts_in(expr):
        return False
    return any(index in live for delta in _deltas(expr) for side in integers(delta) for index in side.indices)


def holds_delta(expr: Expr) -> bool:
    """Whether any delta is a factor of one of the terms of ``expr``, outside of sums over indices."""
    return any(True for _ in _deltas(expr, sums=False))


def _deltas(expr: Expr, *, sums: bool = True) -> Iterator[Delta]:
    match expr:
        case Delta():
            yield expr
        case Add() | Mul():
            for part in children(expr):
                yield from _deltas(part, sums=sums)
        case IndexSum() if sums:
            yield from _deltas(expr.body)


def is_one(exponent: Expr) -> bool:
    """Whether an exponent is 1; said without comparing trees."""
    return exponent is ONE or (isinstance(exponent, Const) and exponent.value == 1)


def is_zero_or_one(base: Expr) -> bool:
    """Whether the value is always 0 or 1, as of a bracket or of 1 less a bracket, so that its positive powers are
    itself.
    """
    return isinstance(base if (less := taken_from_1(base)) is None else less, _ZERO_OR_ONE)


def taken_from_1(expr: Expr) -> Expr | None:
    """``a`` of ``1 - a``; None for anything else."""
    match expr:
        case Add(terms=(Const(value=one), Mul(factors=(Const(value=minus_one), less)))):
            return less if one == 1 and minus_one == -1 else None
        case _:
            return None
