"""Floating-point types: what they are called and how wide they are."""

from __future__ import annotations

from functools import cache
from math import frexp, ldexp
from typing import Any

import numpy as np


@cache
def unit_roundoff(dtype: np.dtype[Any]) -> float:
    """Half the distance from 1 to the next number."""
    return float(np.finfo(dtype).eps) / 2


def power_below(number: float, dtype: np.dtype[Any]) -> Any:
    """The largest power of two that is no larger than a positive number, in a type."""
    return dtype.type(ldexp(1, frexp(number)[1] - 1))


def lost_when_squared(dtype: np.dtype[Any]) -> Any:
    """A power of two in a type, the square of which is 0 there: a complex step by it leaves equal numbers equal."""
    return np.ldexp(dtype.type(1), int(0.6 * np.finfo(dtype).minexp))


@cache
def is_fine(dtype: np.dtype[Any]) -> bool:
    """Whether rounding makes random numbers equal by no chance that is worth a thought."""
    return unit_roundoff(dtype) <= unit_roundoff(np.dtype(np.float64))


@cache
def type_name(dtype: np.dtype[Any]) -> str:
    """What the command line calls the type; NumPy's own name of longdouble depends on the machine."""
    return "longdouble" if dtype == np.longdouble and is_longdouble_wider() else dtype.name


@cache
def is_longdouble_wider() -> bool:
    return bool(np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant)
