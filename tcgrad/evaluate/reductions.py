"""Reductions over indices: of the last axis of an array."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from math import prod
from typing import Any

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array, Labelled
from tcgrad.evaluate.arrays.parts import absolute, real, together
from tcgrad.evaluate.context import Context
from tcgrad.ir.nodes import IndexReduce

# One part of so many, exactly: whole numbers divided by one another are rounded.
_share = np.frompyfunc(partial(Fraction, 1), 1, 1)


def _extreme(flat: Array, place: Callable[..., Any]) -> Array:
    """The entry of the last axis at which the real part is largest or smallest; NaN if there is one.

    Of dual numbers that attain the value the slopes are shared equally, and so are the imaginary parts of complex ones.
    """
    found = _chosen(flat, place)
    if flat.dtype.kind not in "Oc":
        return found
    attained = (real(flat) == real(found)[..., None]).astype(bool)
    if flat.dtype.kind == "c":
        shared = np.sum(flat.imag, axis=-1, where=attained) / np.sum(attained, axis=-1)
        return together(found.real, shared, flat.dtype)
    return np.asarray(np.sum(np.where(attained, flat, 0), axis=-1) * _share(np.sum(attained, axis=-1)))


def _chosen(flat: Array, place: Callable[..., Any]) -> Array:
    """The first entry of the last axis at which the real part is largest or smallest."""
    where = np.expand_dims(place(real(flat), axis=-1), -1)
    return np.asarray(np.take_along_axis(flat, where, axis=-1)[..., 0])


def _top(flat: Array) -> Array:
    """The largest entry of the last axis, which is kept; 0 where it is infinite."""
    top = np.max(real(flat), axis=-1, keepdims=True)
    return np.where(np.isfinite(top), top, 0)


def _logsumexp(flat: Array) -> Array:
    top = _top(flat)
    return np.asarray((top + np.log(np.sum(np.exp(flat - top), axis=-1, keepdims=True)))[..., 0])


_PLACES: dict[str, Callable[..., Any]] = {"max": np.argmax, "min": np.argmin}

_REDUCTIONS: dict[str, Callable[[Array], Array]] = {
    **{kind: partial(_extreme, place=place) for kind, place in _PLACES.items()},
    "prod": lambda flat: np.asarray(np.prod(flat, axis=-1)),
    "logsumexp": _logsumexp,
}


def reduced(expr: IndexReduce, body: Labelled, context: Context) -> Labelled:
    """What ``body`` is reduced to."""
    free = tuple(index for index in body.axes if index not in expr.indices)
    lengths = context.shape(expr.indices)
    spread = body.aligned((*free, *expr.indices))
    spread = np.broadcast_to(spread, (*spread.shape[: len(free)], *lengths))
    flat = spread.reshape(*spread.shape[: len(free)], prod(lengths))  # of no steps there are no elements to divide
    if context.noise is not None and expr.kind in _PLACES:
        flat = context.noise.settled(flat)
    found = Labelled(np.asarray(_REDUCTIONS[expr.kind](flat)), free)
    if expr.kind not in _PLACES:
        return context.settle(found, lambda: Labelled(_magnitude(expr.kind, found.array, flat), free), ulps=4)

    def attained(flat: Array) -> list[Array]:
        """Where the entries are that the extreme is found at."""
        extreme = _REDUCTIONS[expr.kind](flat)
        return [np.asarray(real(flat) == real(extreme)[..., None]).reshape(spread.shape)]

    lean = context.decide(attained, [flat], (*free, *expr.indices))
    return Labelled(_chosen(flat[..., :: lean.side], _PLACES[expr.kind]), free) if lean else found


def _magnitude(kind: str, value: Array, flat: Array) -> Array:
    """What the error of a reduction's ``value`` is in proportion to; ``flat`` is what was reduced.

    ``logsumexp`` adds the largest entry to a logarithm of about 1: together they may be nearly 0.
    """
    size = absolute(value)
    return np.asarray(size + np.abs(_top(flat)[..., 0]) + 1) if kind == "logsumexp" else size
