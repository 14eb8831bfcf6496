"""Powers with exact exponents."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from tcgrad.evaluate.context import Array, Context
from tcgrad.evaluate.numbers import number


def known_power(base: Array, exponent: Fraction, context: Context) -> Any:
    """``base`` to an exact rational exponent."""
    if exponent < 0:
        return number(Fraction(1), context.dtype) / known_power(base, -exponent, context)
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


def _repeated(base: Array, exponent: int) -> Any:
    result, square = base * 0 + 1, base
    while exponent:
        result = result * square if exponent & 1 else result
        square, exponent = square * square, exponent >> 1
    return result
