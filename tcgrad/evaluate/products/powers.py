"""Powers with exact exponents, and with those that are whole numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array, Labelled, union
from tcgrad.evaluate.arrays.numbers import number
from tcgrad.evaluate.arrays.parts import real, signs, undefined_where
from tcgrad.evaluate.context import Context, Evaluator
from tcgrad.evaluate.products.broadcast import Factor, zeros_of
from tcgrad.records import replace


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
        result = root if exponent.numerator == 1 else root ** root.dtype.type(exponent.numerator)
    else:
        result = np.power(base, number(exponent, context.dtype))
    if exponent.denominator == 1 or not np.iscomplexobj(result):
        return result
    return undefined_where(real(base) < 0, result)


def _raised(base: Labelled, exponent: Fraction, context: Context) -> Labelled:
    """`known_power` as an operation's result."""
    known = known_power(base.array, exponent, context)
    # Complex numbers are multiplied again and again, and their errors add up.
    ulps = max(1.0, abs(float(exponent)) / 2) if context.dtype.kind == "c" else 1.0
    return context.settle(Labelled(np.asarray(known), base.axes), ulps=ulps, zeros=lambda: zeros_of(base))


def known_power_of(base_of: Evaluator, exponent: Fraction) -> Evaluator:
    """`known_power` of what an evaluator works out."""
    has_branches = exponent < 0 or exponent.denominator != 1

    def evaluate(context: Context) -> Labelled:
        base = base_of(context)
        if has_branches:
            _decide(base, context)
        return _raised(base, exponent, context)

    return evaluate


def reciprocal_of(base_of: Evaluator, exponent: Fraction) -> Callable[[Context], Factor]:
    """A power with a positive exponent, to be divided by."""
    is_base = exponent == 1

    def evaluate(context: Context) -> Factor:
        base = base_of(context)
        _decide(base, context)
        divisor = base if is_base else _raised(base, exponent, context)
        return Factor(Labelled(np.asarray(1 / divisor.array), divisor.axes), divisor)

    return evaluate


def power_of(base_of: Evaluator, exponent_of: Evaluator, *, is_whole: bool) -> Evaluator:
    """A power whose exponent is worked out as well.

    is_whole: whether it is a whole number, and exact.
    """
    raise_to = _whole_powers if is_whole else _powers

    def evaluate(context: Context) -> Labelled:
        base = base_of(context)
        _decide(base, context)
        exponent = exponent_of(replace(context, noise=None) if is_whole else context)
        axes = union([base, exponent])
        result = raise_to(base.aligned(axes), exponent.aligned(axes))
        return context.settle(Labelled(np.asarray(result), axes), ulps=4, zeros=lambda: zeros_of(base))

    return evaluate


def _decide(base: Labelled, context: Context) -> None:
    """On either side of 0 a power is another branch."""
    context.decide(lambda array: [signs(real(array))], [base.array], base.axes, Labelled)


def _powers(base: Array, exponents: Array) -> Array:
    """A negative number has whole powers alone."""
    raised = np.asarray(np.power(base, exponents))
    if not np.iscomplexobj(raised):
        return raised
    return undefined_where((real(base) < 0) & (np.remainder(real(exponents), 1) != 0), raised)


def _whole_powers(base: Array, exponents: Array) -> Array:
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
