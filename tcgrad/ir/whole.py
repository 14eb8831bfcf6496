"""What is known of a number before any input is: its value, or that it is whole, as sizes and integer tensors are."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Add, Component, Const, Delta, Expr, IndexValue, Iverson, Mul, Pow
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children

_MOST_BITS = 1 << 16  # of a power that is worked out: that of numbers which no floating-point type holds need not be


def is_whole(expr: Expr) -> bool | None:
    """Whether an expression is a whole number everywhere; None where that cannot be told."""
    value = exact_value(expr)
    if value is not None:
        return value.denominator == 1
    match expr:
        case IndexValue() | Iverson() | Delta():
            return True
        case Component(tensor=tensor):
            return True if not tensor.is_real else None
        case Pow(base=base, exponent=Const(value=n)) if n.denominator == 1 and n > 0:
            return True if is_whole(base) else None
        case Add() | Mul():
            return True if all(map(is_whole, children(expr))) else None
        case _:
            return None


def exact_value(expr: Expr) -> Fraction | None:
    """The value of what consists of numbers and constants with their operations, unless its digits are too many."""
    match expr:
        case Const(value=value) | Component(tensor=Tensor(value=Fraction() as value)):
            return value
        case Pow(base=base, exponent=Const(value=n)) if n.denominator == 1:
            inner = exact_value(base)
            return inner ** int(n) if inner and abs(n) * _bits(inner) < _MOST_BITS else None
        case Add() | Mul():
            values = [known for part in children(expr) if (known := exact_value(part)) is not None]
            if len(values) < len(children(expr)):
                return None
            return sum(values, Fraction(0)) if isinstance(expr, Add) else prod(values, start=Fraction(1))
        case _:
            return None


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


def as_integer(expr: Expr) -> Integer | None:
    """The integer expression that a sum or product of sizes, indices and whole numbers is, else None."""
    match expr:
        case Const(value=value) if value.denominator == 1:
            return Integer.of(value.numerator)
        case IndexValue(value=value):
            return value
        case Add() | Mul():
            total = Integer.of(0 if isinstance(expr, Add) else 1)
            for part in map(as_integer, children(expr)):
                if part is None:
                    return None
                total = total + part if isinstance(expr, Add) else total * part
            return total
        case _:
            return None
