"""Special functions in every floating-point type: SciPy's where it has them, series in what is wider than double."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import comb, factorial
from typing import Any

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array
from tcgrad.evaluate.arrays.numbers import number, pi
from tcgrad.evaluate.functions.error_functions import erf_near_zero, erfc_of_positive

# Above this the asymptotic series of the gamma family are exact to quadruple precision with _TERMS terms.
_LARGE = 18
_TERMS = 24

# The factorials of higher orders are no numbers in quadruple precision: nothing is told of these.
_HIGHEST_ORDER = 1500

# Below this the error function has a short series, and above it is no small difference.
_SMALL = 0.5


def _is_wide(a: Array) -> bool:
    return a.dtype == np.longdouble and np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant


def _scipy(name: str) -> Callable[..., Any]:
    from scipy import special

    function: Callable[..., Any] = getattr(special, name)
    return function


def erf(a: Array) -> Array:
    if not _is_wide(a):
        return np.asarray(_scipy("erf")(a))
    size = np.abs(a)
    return np.where(
        size < _SMALL, erf_near_zero(np.clip(a, -_SMALL, _SMALL)), np.sign(a) * (1 - erfc_of_positive(size))
    )


def erfc(a: Array) -> Array:
    if not _is_wide(a):
        return np.asarray(_scipy("erfc")(a))
    of_size = erfc_of_positive(np.abs(a))
    return np.where(a < 0, 2 - of_size, of_size)


def lgamma(a: Array) -> Array:
    if not _is_wide(a):
        return np.asarray(_scipy("loggamma" if np.iscomplexobj(a) else "gammaln")(a))
    shifted, steps = _shift(a)
    product = np.ones_like(a)
    for step in steps:
        product = product * np.where(step > 0, step, 1)
    half_log_tau = np.log(2 * pi(a.dtype)) / 2
    value = (shifted - a.dtype.type(0.5)) * np.log(shifted) - shifted + half_log_tau
    value = value + _series(shifted, lambda k: _bernoulli(2 * k) / (2 * k * (2 * k - 1)), 1)
    return np.where(a > 0, value - np.log(product), np.nan)


def digamma(a: Array) -> Array:
    if not _is_wide(a):
        return np.asarray(_scipy("digamma")(a))
    shifted, steps = _shift(a)
    value = np.log(shifted) - 1 / (2 * shifted) - _series(shifted, lambda k: _bernoulli(2 * k) / (2 * k), 2)
    for step in steps:
        value = value - np.where(step > 0, 1 / step, 0)
    return np.where(a > 0, value, np.nan)


def polygamma(order: Array, a: Array) -> Array:
    if not _is_wide(a):
        return np.asarray(_scipy("polygamma")(order, a))
    order, a = np.broadcast_arrays(order, a)
    result = np.full(a.shape, np.nan, a.dtype)
    for n in np.unique(order[np.isin(order, np.arange(_HIGHEST_ORDER + 1))]):
        here = order == n
        result[here] = _polygamma(int(n), a[here]) if n else digamma(a[here])
    return result


def _polygamma(n: int, a: Array) -> Array:
    """ψ⁽ⁿ⁾(a) for n ≥ 1 by its asymptotic series, after steps up by ψ⁽ⁿ⁾(a) = ψ⁽ⁿ⁾(a+1) + (−1)ⁿ⁺¹ n!/aⁿ⁺¹."""
    shifted, steps = _shift(a)
    value = factorial(n - 1) / shifted**n + factorial(n) / (2 * shifted ** (n + 1))
    value = value + _series(shifted, lambda k: _bernoulli(2 * k) * factorial(2 * k + n - 1) / factorial(2 * k), n + 2)
    for step in steps:
        value = value + np.where(step > 0, factorial(n) / step ** (n + 1), 0)
    return np.where(a > 0, (-1) ** (n + 1) * value, np.nan)


def _shift(a: Array) -> tuple[Array, list[Array]]:
    """A value of at least _LARGE that is ``a`` plus a whole number, and the values stepped over, 0 for no step."""
    count = np.maximum(0, np.ceil(_LARGE - np.where(a > 0, a, 1)))
    steps = [np.where(n < count, a + n, 0) for n in range(int(count.max(initial=0)))]
    return np.where(a > 0, a, 1) + count, steps


def _series(x: Array, coefficient: Callable[[int], Fraction], power: int) -> Array:
    """Σ coefficient(k)/x^(2(k−1)+power) for k from 1."""
    total = np.zeros_like(x)
    for k in range(_TERMS, 0, -1):
        total = total / (x * x) + number(coefficient(k), x.dtype)
    return np.asarray(total / x**power)


@cache
def _bernoulli(n: int) -> Fraction:
    if n == 0:
        return Fraction(1)
    return -sum((comb(n + 1, k) * _bernoulli(k) for k in range(n)), Fraction(0)) / (n + 1)
