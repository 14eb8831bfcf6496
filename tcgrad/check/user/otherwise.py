"""Arguments that lie otherwise in memory, or are next to others, and whether the same is found for them."""

from __future__ import annotations

import numpy as np

from tcgrad.evaluate import Array
from tcgrad.records import dataclass

# By so many roundings of the largest element may what is found differ where memory is read in another order, or by so
# many times what it differs by where every argument is off by one rounding.
_ANOTHER_ORDER = 2.0**9


@dataclass(frozen=True)
class Otherwise:
    """What is not the same for such arguments: that, in words, and what was ``found``, if anything was."""

    message: str
    found: Array | None = None


def with_gaps(array: Array) -> Array:
    """A copy whose first axis is the innermost in memory, and between whose elements others lie."""
    made = np.zeros((*array.shape[::-1], 2), array.dtype)[..., 0].T
    made[...] = array
    return made


def nudged(array: Array, unit: float) -> Array:
    """Numbers next to some, ``unit`` times their size away, on either side in turn; integers stay what they are."""
    if array.dtype.kind != "f":
        return np.array(array)
    return np.asarray(array * (1 + np.resize(np.array([unit, -unit], array.dtype), array.shape)))


def is_near(found: Array, right: Array, unit: float, beside: Array | None = None) -> bool:
    """Whether two arrays differ by no more than the order of operations explains.

    unit: how far apart the numbers next to 1 are that they were worked out with.
    beside: what is found for arguments that are ``nudged``.
    """
    if found.shape != right.shape:
        return False
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(right), initial=0, where=np.isfinite(right)))
        off = unit * largest
        if beside is not None and beside.shape == right.shape:
            moved = np.abs(beside - right)
            off = max(off, float(np.max(moved, initial=0, where=np.isfinite(moved))))
    return np.allclose(found, right, rtol=0, atol=_ANOTHER_ORDER * off, equal_nan=True)
