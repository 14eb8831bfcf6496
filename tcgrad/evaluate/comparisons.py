"""Comparisons of numbers, noise among them."""

from __future__ import annotations

import numpy as np

from tcgrad.evaluate.context import Context, Labelled, union
from tcgrad.evaluate.parts import real
from tcgrad.ir.nodes import HOLDS, Iverson


def compared(expr: Iverson, left: Labelled, right: Labelled, context: Context) -> Labelled:
    """Where the comparison holds. Numbers that noise has made nearly equal are equal: without it they may have been."""
    axes = union([left, right])
    first, second = real(left.aligned(axes)), real(right.aligned(axes))
    truth = np.asarray(HOLDS[expr.operator](first, second), bool)
    noise = context.noise
    if noise is not None and noise.batch in axes:
        moved = noise.unit * np.maximum(np.abs(first), np.abs(second)) + noise.floor
        near = np.abs(first - second) <= np.maximum(32 * moved, noise.near)
        truth = np.where(near, expr.operator in ("==", "<=", ">="), truth)
    return Labelled(truth, axes)
