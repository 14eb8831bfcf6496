"""Reductions of the last axis of an array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tcgrad.evaluate.context import Array
from tcgrad.evaluate.parts import real


def _extreme(flat: Array, place: Callable[..., Any]) -> Array:
    """The entry of the last axis at which the real part is largest or smallest; NaN if there is one.

    Of dual numbers that attain the value the slopes are shared equally.
    """
    where = np.expand_dims(place(real(flat), axis=-1), -1)
    found = np.take_along_axis(flat, where, axis=-1)
    if flat.dtype != np.object_:
        return np.asarray(found[..., 0])
    attained = (real(flat) == real(found)).astype(bool)
    return np.asarray(np.sum(np.where(attained, flat, 0), axis=-1) / np.sum(attained, axis=-1).astype(object))


def _logsumexp(flat: Array) -> Array:
    top = np.max(real(flat), axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    return np.asarray((top + np.log(np.sum(np.exp(flat - top), axis=-1, keepdims=True)))[..., 0])


REDUCTIONS: dict[str, Callable[[Array], Array]] = {
    "max": lambda flat: _extreme(flat, np.argmax),
    "min": lambda flat: _extreme(flat, np.argmin),
    "prod": lambda flat: np.asarray(np.prod(flat, axis=-1)),
    "logsumexp": _logsumexp,
}
