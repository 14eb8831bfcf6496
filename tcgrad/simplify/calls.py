"""Calls of functions by name, and what idioms are made of: exponentials, differences, powers of numbers."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Const, Expr, Mul, Pow
from tcgrad.simplify import simplify
from tcgrad.simplify.monomials import UNIT


def call(name: str, argument: Expr) -> Expr:
    return Call(FUNCTIONS[name], (simplify(argument),))


def is_call(expr: Expr, name: str) -> bool:
    return isinstance(expr, Call) and expr.function.name == name


def argument_of(expr: Expr, name: str) -> Expr | None:
    """What a call of a function of one argument is of; None for anything else."""
    return expr.arguments[0] if isinstance(expr, Call) and expr.function.name == name else None


def opposite(expr: Expr) -> Expr:
    return Mul((MINUS_ONE, expr))


def minus(left: Expr, right: Expr) -> Expr:
    return Add((left, opposite(right)))


def exponent_of(term: Expr) -> Expr | None:
    """``u`` where the term is ``exp(u)``, ``n u`` where it is ``exp(u)^n``; 0 where it is 1."""
    base, number = as_number_power(term)
    if isinstance(base, Call) and is_call(base, "exp"):
        (exponent,) = base.arguments
        return exponent if number == 1 else simplify(Mul((Const(number), exponent)))
    return ZERO if term == ONE else None


def two_exponents(base: Expr) -> tuple[Expr, Expr] | None:
    """``u`` and ``v`` where the base is ``exp(u) + exp(v)``, one of which may be ``exp(0)``."""
    if not isinstance(base, Add) or len(base.terms) != 2:
        return None
    first, second = map(exponent_of, base.terms)
    return None if first is None or second is None else (first, second)


def as_number_power(factor: Expr) -> tuple[Expr, Fraction]:
    if isinstance(factor, Pow) and isinstance(factor.exponent, Const):
        return factor.base, factor.exponent.value
    return factor, UNIT


def abs_of(argument: Expr) -> Expr:
    return Call(FUNCTIONS["abs"], (argument,))
