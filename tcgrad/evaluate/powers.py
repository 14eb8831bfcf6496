"""Powers with exact exponents, and with those that are whole numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from tcgrad.evaluate.context import Array, Context, Labelled
from tcgrad.evaluate.numbers import number
from tcgrad.evaluate.parts import real
from tcgrad.evaluate.products import zeros_of


def known_power(base: Array, exponent: Fraction, context: Context) -> Any:
    """``base`` to an exact rational exponent."""
    if exponent < 0:
        return 1 / known_power(base, -exponent, context)
    if exponent == 1:
        return base
    if exponent == 2:
        return base * base
    if exponent.denominator == 1 and context.dtype.kind in "cO":
        return _repeated(base, int(exponent))
    if context.dtype == np.object_:
        raise TypeError("roots have no exact values")
    if exponent.denominator == 2:
        root = np.sqrt(base)
        return root if exponent.numerator == 1 else root ** root.dtype.type(exponent.numerator)
    return np.power(base, number(exponent, context.dtype))


def raised(base: Labelled, exponent: Fraction, context: Context) -> Labelled:
    """`known_power` as an operation's result."""
    known = known_power(base.array, exponent, context)
    # Complex numbers are multiplied again and again, and their errors add up.
    ulps = max(1.0, abs(float(exponent)) / 2) if context.dtype.kind == "c" else 1.0
    return context.settle(Labelled(np.asarray(known), base.axes), ulps=ulps, zeros=lambda: zeros_of(base))


def whole_powers(base: Array, exponents: Array) -> Array:
    """``base`` to whole numbers: ``(-b)^n = (-1)^n b^n`` keeps away from where a complex power would turn round."""
    negative = real(base) < 0
    odd = np.remainder(real(exponents), 2) == 1
    raised = np.power(np.where(negative, -base, base), exponents)
    return np.asarray(np.where(negative & odd, -raised, raised), raised.dtype)


def _repeated(base: Array, exponent: int) -> Any:
    result, square = base * 0 + 1, base
    while exponent:
        result = result * square if exponent & 1 else result
        square, exponent = square * square, exponent >> 1
    return result
