"""Arguments that lie otherwise in memory, or are next to others, and whether the same is found for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tcgrad.evaluate import Array

# By so many roundings of the largest element may what is found differ where memory is read in another order, or by so
# many times what it differs by where every argument is off by one rounding.
_ANOTHER_ORDER = 2.0**9


def with_gaps(array: Array) -> Array:
    """A copy whose first axis is the innermost in memory, and between whose elements others lie."""
    made = np.zeros((*array.shape[::-1], 2), array.dtype)[..., 0].T
    made[...] = array
    return made


def nudged(array: Array) -> Array:
    """The numbers of a type next to some, on either side in turn; integers stay what they are."""
    if array.dtype.kind != "f":
        return np.array(array)
    sides = np.resize(np.array([np.inf, -np.inf], array.dtype), array.shape)
    return np.asarray(np.nextafter(array, sides))


def is_near(found: Array, right: Array, dtype: np.dtype[Any], beside: Array | None = None) -> bool:
    """Whether two arrays differ by no more than the order of operations in a type explains.

    beside: what is found for arguments that are ``nudged``.
    """
    if found.shape != right.shape:
        return False
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(right), initial=0, where=np.isfinite(right)))
        off = float(np.finfo(dtype).eps) * largest
        if beside is not None and beside.shape == right.shape:
            moved = np.abs(beside - right)
            off = max(off, float(np.max(moved, initial=0, where=np.isfinite(moved))))
    return np.allclose(found, right, rtol=0, atol=_ANOTHER_ORDER * off, equal_nan=True)
