"""Exact numbers in the floating-point type that is asked for."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

PI = "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803483"


def number(value: Fraction, dtype: np.dtype[Any]) -> Any:
    """``value`` as a scalar of ``dtype``, rounded to nearest; an object dtype keeps the `Fraction`."""
    return value if dtype == np.object_ else _nearest(value.numerator, value.denominator, dtype)


@lru_cache(maxsize=2**10)
def _nearest(numerator: int, denominator: int, dtype: np.dtype[Any]) -> Any:
    if dtype in (np.dtype(np.longdouble), np.dtype(np.clongdouble)):
        # Through decimal text: an int may be larger than any double.
        return dtype.type(np.longdouble(str(numerator)) / np.longdouble(str(denominator)))
    try:
        nearest = numerator / denominator
    except OverflowError:
        nearest = np.inf if numerator > 0 else -np.inf
    return dtype.type(nearest)


def whole(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Integers or booleans as numbers of ``dtype``."""
    if dtype == np.object_:
        return np.asarray(np.vectorize(lambda entry: Fraction(int(entry)), otypes=[object])(array))
    return array.astype(dtype)


def pi(dtype: np.dtype[Any]) -> Any:
    """π as a scalar of ``dtype``.

    Raises:
        TypeError: if the dtype holds exact rational numbers.
    """
    if dtype == np.object_:
        raise TypeError("pi is not rational")
    return dtype.type(np.longdouble(PI))


def is_exact(value: Fraction, dtype: np.dtype[Any]) -> bool:
    """True if ``value`` is a number of ``dtype``."""
    if value.denominator & (value.denominator - 1):
        return False
    return abs(value.numerator).bit_length() <= np.finfo(dtype).nmant + 1
