"""Exponents: how often one goes into another, ``(S^a)^b = S^(a b)``, and whether one is a whole number."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Component, Const, Expr, IndexValue, Mul, Pow
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, terms_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost


def times_in(given: Expr, wanted: Expr) -> Expr | None:
    """How often an exponent goes into another one; None where its power does not stand for a power of the whole."""
    if not isinstance(given, Const) or not isinstance(wanted, Const):
        return None if isinstance(wanted, Const) else _symbolic_ratio(given, wanted)
    times = given.value / wanted.value if wanted.value else ZERO.value
    if times.denominator != 1 or not times or (times < 0 and wanted.value.denominator == 1):
        return None
    return Const(times)


def _symbolic_ratio(given: Expr, wanted: Expr) -> Expr | None:
    """``given/wanted`` if that is no longer than ``given`` and has no divisor, which might be 0.

    ``(S^a)^b = S^(a b)`` for every S only if ``b`` is whole. Where ``a`` is known not to be, S cannot be negative.
    """
    terms = terms_of(given)
    ratio = simplify(Add((ZERO, *(Mul((term, Pow(wanted, MINUS_ONE))) for term in terms))))
    if _divides(ratio) or not (is_whole(ratio) or is_whole(wanted) is False):
        return None
    return ratio if cost(ratio) <= max(cost(given), 1) else None


def _divides(exponent: Expr) -> bool:
    return any(isinstance(part, Pow) and part.exponent == MINUS_ONE for part in walk(exponent))


def is_whole(exponent: Expr) -> bool | None:
    """Whether an exponent is a whole number, as a size and an integer are; None where that cannot be told."""
    value = _value(exponent)
    if value is not None:
        return value.denominator == 1
    match exponent:
        case IndexValue():
            return True
        case Component(tensor=tensor):
            return True if not tensor.is_real else None
        case Add() | Mul():
            return True if all(map(is_whole, children(exponent))) else None
        case _:
            return None


def _value(exponent: Expr) -> Fraction | None:
    """The value of what consists of numbers and constants with their operations."""
    match exponent:
        case Const(value=value) | Component(tensor=Tensor(value=Fraction() as value)):
            return value
        case Pow(base=base, exponent=Const(value=n)) if n.denominator == 1:
            inner = _value(base)
            return inner ** int(n) if inner else None
        case Add() | Mul():
            values = [value for part in children(exponent) if (value := _value(part)) is not None]
            if len(values) < len(children(exponent)):
                return None
            return sum(values, Fraction(0)) if isinstance(exponent, Add) else prod(values, start=Fraction(1))
        case _:
            return None
