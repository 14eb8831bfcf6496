"""Full expansion: the normal form in which equal polynomial expressions over indices are equal texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor, gcd, lcm, prod

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Call, Const, Expr, IndexReduce, IndexSum, Mul, Pow, const
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import children, factors_of, rebuild, size, terms_of
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.rules.nodes import simplify_node
from tcgrad.simplify.signs import is_positive_number

_LARGEST_POWER = 6
_LARGEST_DIVISOR = 100
_LARGEST_EXPRESSION = 20_000  # nodes; beyond, the question is left to samples
_MOST_TERMS = 2_000  # that one expansion multiplies out; as many take a good part of a second


class TooLargeError(Exception):
    """The expansion has grown past what is worth trying."""


class Expanding:
    """One expansion: products of sums are multiplied out, and ``exp`` of a sum is a product of powers of ``exp``."""

    collects = False

    def __init__(self) -> None:
        self.terms = 0

    def simplify(self, expr: Expr) -> Expr:
        """The expanded form; kept on the node.

        Raises:
            TooLargeError: if it is too large, or has too many terms on the way.
        """
        known = expr if expr.is_expanded else expr.expanded
        if known is None:
            parts = tuple(self.simplify(part) for part in children(expr))
            plain = rebuild(expr, parts)
            self.terms += _terms_multiplied(plain)
            if self.terms > _MOST_TERMS:
                raise TooLargeError
            split = _split_root(_split_exponential(plain))
            known = simplify_node(plain, self) if split is plain else self.simplify(split)
            if size(known) > _LARGEST_EXPRESSION:
                raise TooLargeError
            known.__dict__["is_expanded"] = True
            if known is not expr:
                expr.__dict__["expanded"] = known
        return known

    def substitute(self, expr: Expr, mapping: Mapping[Index, Integer]) -> Expr:
        return self.simplify(substitute(expr, mapping))

    def opens(self, base: Add, exponent: Fraction, live: frozenset[Index], beside: Sequence[Expr] = ()) -> bool:
        del base, live, beside
        return _opens(exponent)


def _opens(exponent: Fraction) -> bool:
    return exponent.denominator == 1 and 1 <= exponent <= _LARGEST_POWER


def _terms_multiplied(expr: Expr) -> int:
    """How many terms multiplying an expression out makes, before like ones are collected."""
    match expr:
        case Add():
            return len(expr.terms)
        case Mul():
            return prod(map(_terms_multiplied, expr.factors))
        case Pow(base=Add() as base, exponent=Const(value=n)) if _opens(n):
            return prod([len(base.terms)] * int(n))
        case IndexSum():
            return _terms_multiplied(expr.body)
        case _:
            return 1


def _split_exponential(expr: Expr) -> Expr:
    """``exp(a + 2 b) = exp(a) exp(b)^2``, ``exp(logsumexp_k u) = sum_k exp(u)``"""
    match expr:
        case Call(function=function, arguments=(IndexReduce(kind="logsumexp", indices=indices, body=body),)) if (
            function.name == "exp"
        ):
            return IndexSum(indices, Call(function, (body,)))
        case Call(function=function, arguments=(argument,)) if function.name == "exp":
            parts = [split_coefficient(term) for term in terms_of(argument)]
            if len(parts) == 1 and (parts[0][0] == 1 or parts[0][1] == ONE):
                return expr
            return Mul(tuple(_exponential(coefficient, rest) for coefficient, rest in parts))
        case _:
            return expr


def _exponential(coefficient: Fraction, rest: Expr) -> Expr:
    """``exp(c u)`` as ``exp(u)^c``; of a number alone as it is."""
    if rest == ONE:
        return Call(FUNCTIONS["exp"], (Const(coefficient),))
    return Pow(Call(FUNCTIONS["exp"], (rest,)), Const(coefficient))


def _split_root(expr: Expr) -> Expr:
    """``(2 H u)^(1/2) = 2^(1/2) H^(1/2) u^(1/2)`` and ``(4 u + 6 v)^(1/2) = 2^(1/2) (2 u + 3 v)^(1/2)``: numbers and
    sizes are positive. ``(12/5)^(1/2) = 2 3^(1/2) 5^(-1/2)``
    """
    match expr:
        case Pow(base=Const(value=number), exponent=Const(value=n)) if n.denominator != 1 and number > 0:
            primes = _primes(number)
            is_root = primes == [(number.numerator, 1)] and abs(n) < 1
            return expr if is_root else Mul(tuple(_root(prime, sign * n) for prime, sign in primes))
        case Pow(base=Add() | Mul() as base, exponent=Const(value=n) as exponent) if n.denominator != 1:
            positive = _shared_numbers(base)
            rest = Mul((base, *(Pow(factor, MINUS_ONE) for factor in positive)))
            return Mul((*(Pow(factor, exponent) for factor in positive), Pow(rest, exponent))) if positive else expr
        case _:
            return expr


def _root(number: int, exponent: Fraction) -> Expr:
    """A power of a number as a whole one times one with an exponent between 0 and 1."""
    whole = floor(exponent)
    return Mul((Pow(const(number), const(whole)), Pow(const(number), Const(exponent - whole))))


def _primes(number: Fraction) -> list[tuple[int, int]]:
    """``12/5`` as (2, 1), (2, 1), (3, 1), (5, -1); what has no small divisor counts as a prime."""
    primes: list[tuple[int, int]] = []
    for whole, sign in zip(number.as_integer_ratio(), (1, -1), strict=True):
        left = whole
        for divisor in range(2, _LARGEST_DIVISOR):
            while left % divisor == 0:
                left //= divisor
                primes.append((divisor, sign))
        primes += [(left, sign)] if left > 1 else []
    return primes


def _shared_numbers(base: Expr) -> list[Expr]:
    """The numbers and sizes that every term of an expanded expression is a multiple of, each positive."""
    parts = [split_coefficient(term) for term in terms_of(base)]
    numbers = [abs(coefficient) for coefficient, _ in parts]
    shared = Fraction(gcd(*(n.numerator for n in numbers)), lcm(*(n.denominator for n in numbers)))
    first, *others = [factors_of(rest) for _, rest in parts]
    sizes = [each for each in first if is_positive_number(each) and all(each in factors for factors in others)]
    return [factor for factor in (const(shared), *sizes) if factor != ONE]


def expand(expr: Expr) -> Expr:
    """The fully expanded form of an expression.

    Raises:
        TooLargeError: if it is too large, or has too many terms on the way.
    """
    return Expanding().simplify(expr)
