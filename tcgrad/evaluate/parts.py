"""Real, complex and dual numbers in arrays: what decides a branch, and what rounding errors are in proportion to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


_REAL = np.frompyfunc(lambda entry: entry.real, 1, 1)


def real(array: Array) -> Array:
    """What a branch is decided by: of complex numbers the real part, of dual ones the number without its slope."""
    if array.dtype == np.object_:
        return np.asarray(_REAL(array), object)
    return np.asarray(array.real) if array.dtype.kind == "c" else array


def absolute(array: Array) -> Array:
    """The absolute values; of complex numbers those of either part, as the parts of a complex number.

    Where imaginary parts are tiny, sums and products of these bound the terms that either part is made of.
    """
    if array.dtype.kind != "c":
        return np.asarray(np.abs(array))
    return together(np.abs(array.real), np.abs(array.imag), array.dtype)


def together(real_part: Array, imaginary: Array, dtype: np.dtype[Any]) -> Array:
    """A complex array of the two parts."""
    made = np.empty(np.broadcast_shapes(real_part.shape, imaginary.shape), dtype)
    made.real, made.imag = real_part, imaginary
    return made
