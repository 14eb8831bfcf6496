"""Floating-point types: how wide they are, and how far rounding moves a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tcgrad.check.forward import Forward, shaken
from tcgrad.evaluate import Array, Noise
from tcgrad.ir.indices import Index, Integer

_DRAWS = 6

# Rounding is simulated this much larger than it is, so that a branch near a kink is seen to be taken either way.
_AMPLIFIED = 4

# An observed error stays below about 4 times the spread; this leaves as much again, and again.
SAFETY = 16.0


def unit_roundoff(dtype: np.dtype[Any]) -> float:
    """Half the distance from 1 to the next number."""
    return float(np.finfo(dtype).eps) / 2


def type_name(dtype: np.dtype[Any]) -> str:
    """What the command line calls the type; NumPy's own name of longdouble depends on the machine."""
    return "longdouble" if dtype == np.longdouble and is_longdouble_wider() else dtype.name


def is_longdouble_wider() -> bool:
    return bool(np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant)


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that the reference for ``dtype`` is worked out in: a wider one where there is one."""
    return np.dtype(np.longdouble) if dtype.itemsize >= 8 and is_longdouble_wider() else np.dtype(np.float64)


@dataclass(frozen=True)
class Rounding:
    """How far rounding in a type may move results: random rounding of every operation, propagated by evaluation.

    unit: what is simulated; roundoff: what it stands for.
    """

    noise: Noise
    roundoff: float

    def bound(self, moved: Array, exact: Array) -> Array:
        """The bound on the error, element by element; ``moved`` has an axis of draws in front."""
        if moved.ndim == exact.ndim:
            return np.zeros(exact.shape, exact.dtype)
        spread = np.max(np.abs(moved - exact), axis=0)
        factor = SAFETY * self.roundoff / self.noise.unit
        return np.asarray(np.where(np.isnan(spread), np.inf, spread) * exact.dtype.type(factor))


def rounding(dtype: np.dtype[Any], reference: np.dtype[Any], seed: int) -> Rounding:
    """Rounding as in ``dtype``, to be simulated in arithmetic of the type ``reference``.

    Where ``reference`` is not much finer than ``dtype``, larger errors are simulated and scaled down.
    """
    roundoff = unit_roundoff(dtype)
    unit = max(_AMPLIFIED * roundoff, unit_roundoff(reference) * 2.0**20)
    # An operation that underflows is off by half the smallest number, in proportion to the simulated unit.
    floor = float(np.finfo(dtype).smallest_subnormal) * (unit / roundoff)
    batch = Index("draw", Integer.of(_DRAWS))
    return Rounding(Noise(batch, unit, floor, np.random.default_rng(seed)), roundoff)


def forward_bounds(forward: Forward, how: Rounding) -> tuple[Mapping[str, Array], Mapping[str, Array], bool]:
    """Every value under random rounding, the bounds on the errors, and whether a branch was in doubt."""
    arrays, flipped = shaken(forward, how.noise)
    bounds = {name: how.bound(arrays[name], array) for name, array in forward.context.arrays.items()}
    return arrays, bounds, bool(flipped.any())


def continued(forward: Forward, arrays: Mapping[str, Array]) -> Forward:
    """The same point with the values that are read there replaced by ``arrays``."""
    return replace(forward, context=replace(forward.context, arrays=dict(arrays)))
