"""The error function and its complement in types that are wider than double."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from itertools import count
from typing import Any

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array
from tcgrad.evaluate.arrays.numbers import PI, number, pi

_MIDDLE = Decimal("3.75")  # where the series of the complement has its variable 0
_NODES = 100  # of that series: more than enough for quadruple precision
_DIGITS = 60  # with which its coefficients are worked out: the series below loses five, at _FAR
_FAR = 3  # beyond it the continued fraction is short
_STEPS = 250  # of the continued fraction: enough for 40 digits beyond _FAR
_UNDERFLOWN = 200  # the complement is 0 there in every type


def erf_near_zero(a: Array) -> Array:
    """2/√π · exp(−a²) · Σ 2ⁿ a²ⁿ⁺¹/(1·3·…·(2n+1)), all terms of one sign, for |a| ≤ 1/2."""
    double_square = 2 * a * a
    term = total = a
    for n in count(1):
        before, term = total, term * double_square / (2 * n + 1)
        total = total + term
        if np.array_equal(total, before, equal_nan=True):
            break
    return np.asarray(2 / np.sqrt(pi(a.dtype)) * np.exp(-a * a) * total)


def erfc_of_positive(a: Array) -> Array:
    """The complement for a ≥ 0: (1 + 2a) exp(a²) erfc(a) is a Chebyshev series in (a − 3.75)/(a + 3.75).

    So M. M. Shepherd and J. G. Laframboise, Math. Comp. 36 (1981), 249-253.
    """
    a = np.minimum(a, _UNDERFLOWN)
    middle = a.dtype.type(float(_MIDDLE))
    twice = 2 - 4 * middle / (a + middle)
    last = before = np.zeros_like(a)
    first, *others = _coefficients(a.dtype)
    for coefficient in reversed(others):  # Clenshaw's recurrence
        last, before = twice * last - before + coefficient, last
    return np.asarray(_exp_minus_square(a) * (twice / 2 * last - before + first) / (1 + 2 * a))


def _exp_minus_square(a: Array) -> Array:
    """exp(−a²) without the rounding error of the square: of a leading part the square is exact."""
    leading = np.round(a * 2**16) / 2**16
    return np.asarray(np.exp(-leading * leading) * np.exp(-(a - leading) * (a + leading)))


@cache
def _coefficients(dtype: np.dtype[Any]) -> list[Any]:
    """Those of the series that a number of the type can tell from 0 beside the first."""
    series = [number(Fraction(exact), dtype) for exact in _exact_coefficients()]
    least = np.finfo(dtype).eps / 8 * series[0]
    return series[: 1 + max(n for n, coefficient in enumerate(series) if abs(coefficient) > least)]


@cache
def _exact_coefficients() -> list[Decimal]:
    """By the values at the zeros of the first Chebyshev polynomial left out, where the others are orthogonal."""
    with localcontext() as context:
        context.prec = _DIGITS
        nodes = [_cosine(Decimal(PI) * (2 * k + 1) / (2 * _NODES)) for k in range(_NODES)]
        values = [_smooth(_MIDDLE * (1 + node) / (1 - node)) for node in nodes]
        polynomials, before = [Decimal(1)] * _NODES, nodes
        found = []
        for n in range(_NODES):
            found.append(sum(map(Decimal.__mul__, values, polynomials), Decimal(0)) * (2 if n else 1) / _NODES)
            polynomials, before = (
                [2 * x * last - other for x, last, other in zip(nodes, polynomials, before, strict=True)],
                polynomials,
            )
        return found


def _smooth(a: Decimal) -> Decimal:
    """(1 + 2a) exp(a²) erfc(a): for a small by the series of `erf_near_zero`, else by the continued fraction
    1/√π / (a + (1/2)/(a + (2/2)/(a + …))).
    """
    root = Decimal(PI).sqrt()
    if a < _FAR:
        term = total = a
        n = 0
        while total + term != total:
            n += 1
            term *= 2 * a * a / (2 * n + 1)
            total += term
        return (1 + 2 * a) * ((a * a).exp() - 2 / root * total)
    fraction = a
    for n in range(_STEPS, 0, -1):
        fraction = a + Decimal(n) / 2 / fraction
    return (1 + 2 * a) / root / fraction


def _cosine(angle: Decimal) -> Decimal:
    """By the series of powers."""
    term = total = Decimal(1)
    n = 0
    while total + term != total:
        n += 2
        term *= -angle * angle / (n * (n - 1))
        total += term
    return total
