"""Real, complex and dual numbers in arrays: what decides a branch, and what rounding errors are in proportion to."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array

_REAL = np.frompyfunc(lambda entry: entry.real, 1, 1)


def real(array: Array) -> Array:
    """What a branch is decided by: of complex numbers the real part, of dual ones the number without its slope."""
    if array.dtype == np.object_:
        return np.asarray(_REAL(array), object)
    return np.asarray(array.real) if array.dtype.kind == "c" else array


def is_finite(array: Array) -> bool:
    """Whether all numbers are finite; among exact ones it is NaN, of reads outside a tensor, that is not."""
    if array.dtype == np.object_:
        return all(not isinstance(each, float) or math.isfinite(each) for each in real(array).flat)
    return bool(np.isfinite(array).all())


def signs(array: Array) -> Array:
    """-1, 0 or 1 for each real number; of exact ones, among which `numpy.sign` knows no NaN, 0 where there is one."""
    # Of arrays without axes NumPy makes numbers, and exact numbers are none of NumPy's.
    array = np.asarray(array)
    if array.dtype == np.object_:
        return np.asarray(np.subtract(array > 0, array < 0, dtype=int))
    return np.asarray(np.sign(array))


def absolute(array: Array) -> Array:
    """The absolute values; of complex numbers those of either part, as the parts of a complex number.

    Where imaginary parts are tiny, sums and products of these bound the terms that either part is made of.
    """
    if array.dtype.kind != "c":
        return np.asarray(np.abs(array))
    made = np.empty(array.shape, array.dtype)
    np.abs(pairs(array), out=pairs(made))
    return made


def pairs(array: Array) -> Array:
    """Complex numbers as real ones, the same in memory: with a last axis of the two parts."""
    return array[..., None].view(array.real.dtype)


def together(real_part: Array, imaginary: Array, dtype: np.dtype[Any]) -> Array:
    """A complex array of the two parts."""
    made = np.empty(np.broadcast(real_part, imaginary).shape, dtype)
    made.real, made.imag = real_part, imaginary
    return made


def undefined_where(outside: Array, array: Array) -> Array:
    """Complex numbers but for those at places where there is no real one, both of whose parts are NaN."""
    return np.where(outside, array.dtype.type(complex(math.nan, math.nan)), array) if np.any(outside) else array
