"""The signs of a module's Python numbers and how large they are, as far as sizes of any length leave them.

Python raises an exception where NumPy makes inf or nan: for a division by 0, for the root of what is negative, for a
power that no float holds. A branch that is not taken, or what a condition that does not hold multiplies, must not.
"""

from __future__ import annotations

from fractions import Fraction
from math import log2, prod

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.operations import Apply, Leaf, Number, Plus, Power, Size, Sqrt, Times
from tcgrad.emit.sizes.fitting import Fitting

_MOST_BITS = 1000  # of what a float holds
_SIZE_BITS = 63  # of an axis


def is_never_zero(node: Node, fitting: Fitting) -> bool:
    """Whether a Python number can be divided by."""
    return bool(_value(node)) or _least(node, fitting) == 1


def has_root(node: Node, fitting: Fitting) -> bool:
    """Whether a Python number is never below 0."""
    return _least(node, fitting) is not None


def has_power(base: Node, exponent: Node, fitting: Fitting) -> bool:
    """Whether a power of a Python number is a real number that a float holds."""
    least = _least(base, fitting)
    is_real = least == 1 or (least == 0 and _least(exponent, fitting) == 1)
    return is_real and _is_held(base, exponent, fitting)


def _is_held(base: Node, exponent: Node, fitting: Fitting) -> bool:
    """Whether a power of a number that is not below 0 is small enough for a float."""
    power = _value(exponent)
    if power is None:
        value = _value(base)
        return value is not None and value <= 1 and _least(exponent, fitting) is not None
    bits = _bits(base)
    return bits is not None and bits * abs(power) < _MOST_BITS


def _bits(node: Node) -> float | None:
    """At least the magnitude of a number's binary logarithm, if the number is made of terms and factors above 0."""
    value = _value(node)
    if value is not None:
        return abs(log2(value)) if value else 0
    parts = [_bits(argument) for argument in node.arguments]
    known = [bits for bits in parts if bits is not None]
    match node.operation:
        case Number(None):
            return 2
        case Size():
            return _SIZE_BITS
        case _ if len(known) < len(parts):
            return None
        case Plus():
            return max(known) + len(known)
        case Times():
            return sum(known)
        case Sqrt():
            return known[0]
        case _:
            return None


def _least(node: Node, fitting: Fitting) -> int | None:
    """1 for a number that is above 0, 0 for one that is not below it, None for any other."""
    value = _value(node)
    if value is not None:
        return None if value < 0 else int(value > 0)
    parts = [_least(argument, fitting) for argument in node.arguments]
    match node.operation:
        case Number(None):
            return 1
        case Size(size):
            return 1 if fitting.never_negative(size - 1) else 0 if fitting.never_negative(size) else None
        case Apply(function) if function.name == "exp":
            return 1
        case _ if None in parts:
            return None
        case Plus(signs):
            return max(part for part in parts if part is not None) if min(signs) > 0 else None
        case Times(numerators):
            return min(part for part in parts if part is not None) if 0 not in parts[numerators:] else None
        case Sqrt():
            return parts[0]
        case Power():
            return parts[0] or None
        case _:
            return None


def _value(node: Node) -> Fraction | None:
    """The value of what is made of literals and constants by addition, multiplication and division."""
    values = [_value(argument) for argument in node.arguments]
    found = [value for value in values if value is not None]
    match node.operation:
        case Number(value):
            return value
        case Leaf(tensor):
            return tensor.value
        case _ if len(found) < len(values):
            return None
        case Plus(signs):
            return sum((sign * value for sign, value in zip(signs, found, strict=True)), Fraction(0))
        case Times(numerators):
            divisor = prod(found[numerators:])
            return Fraction(prod(found[:numerators])) / divisor if divisor else None
        case _:
            return None
