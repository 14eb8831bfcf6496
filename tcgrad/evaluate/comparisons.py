"""Comparisons of numbers, noise among them."""

from __future__ import annotations

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array, Labelled, union
from tcgrad.evaluate.arrays.noise import Noise
from tcgrad.evaluate.arrays.parts import real
from tcgrad.evaluate.context import Context
from tcgrad.ir.nodes import HOLDS, Iverson

_UNITS = 32  # what is computed in different ways may differ by so many errors of one operation


def compared(expr: Iverson, left: Labelled, right: Labelled, context: Context) -> Labelled:
    """Where a comparison holds, a branch. Numbers nearly equal under noise are equal if they are without it; under that
    which leaves short numbers alone they are equal, or either is the larger one.
    """
    axes, noise = union([left, right]), context.noise

    def holds(first: Array, second: Array) -> list[Array]:
        truth = np.asarray(HOLDS[expr.operator](first, second), bool)
        if noise is None or noise.batch not in axes:
            return [truth]
        apart, size = np.abs(first - second), np.maximum(np.abs(first), np.abs(second))
        near = apart <= np.maximum(_UNITS * (noise.unit * size + noise.floor), noise.near)
        axis = axes.index(noise.batch)
        if noise.leaves_short:
            return [np.where(near & (apart != 0) & noise.is_odd(axis, truth.ndim), ~noise.unmoved(truth, axis), truth)]
        near &= _equal_without_noise(apart, size, noise, axis)
        settled = np.where(near, expr.operator in ("==", "<=", ">="), truth)
        context.ties.extend([True] if (settled != truth).any() else [])
        return [settled]

    sides = real(left.aligned(axes)), real(right.aligned(axes))
    lean = context.decide(holds, sides, axes)
    if lean:
        sides = lean.told_apart(sides[0]), sides[1]
    return Labelled(holds(*sides)[0], axes)


def _equal_without_noise(apart: Array, size: Array, noise: Noise, axis: int) -> Array | bool:
    """Whether numbers are equal but for their arithmetic in the draws that nothing moves, for each of the others.

    apart, size: how far the numbers are from each other, and how large they are; ``axis`` is that of the draws.
    """
    if not noise.still:
        return True
    finest = np.finfo(apart.dtype).eps if apart.dtype.kind == "f" else 0
    equal = apart <= np.maximum(_UNITS * finest * size, noise.near)
    return noise.unmoved(equal, axis)
