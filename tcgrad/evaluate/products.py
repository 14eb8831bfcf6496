"""Sums of products of arrays whose axes carry indices."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from tcgrad.evaluate.context import Context, Labelled, union
from tcgrad.ir.indices import Index

# From this many multiplications on, a path of pairwise contractions is worth its search.
_WORTH_PLANNING = 2**13


def multiply(values: Sequence[Labelled], context: Context) -> Labelled:
    """The product, over the union of the indices."""
    if not values:
        return Labelled(np.ones((), context.dtype))
    axes = union(values)
    result: Any = values[0].aligned(axes)
    for each in values[1:]:
        result = result * each.aligned(axes)
    return Labelled(np.asarray(result, context.dtype), axes)


def conjunction(conditions: Sequence[Labelled]) -> Labelled:
    """Where all of the conditions hold, over the union of their indices."""
    axes = union(conditions)
    result = np.ones((), bool)
    for each in conditions:
        result = result & each.aligned(axes)
    return Labelled(result, axes)


def contract(values: Sequence[Labelled], bound: Sequence[Index], context: Context) -> Labelled:
    """The product of ``values`` summed over ``bound``; an index on which none depends multiplies by its size."""
    axes = union(values)
    repeats = prod(context.length(index) for index in bound if index not in axes)
    kept = tuple(index for index in axes if index not in bound)
    summed = _einsum(values, axes, kept)
    return Labelled(summed if repeats == 1 else np.asarray(summed * summed.dtype.type(repeats)), kept)


def _einsum(values: Sequence[Labelled], axes: tuple[Index, ...], kept: tuple[Index, ...]) -> Any:
    label = {index: n for n, index in enumerate(axes)}
    operands: list[Any] = []
    for each in values:
        operands += [each.array, [label[index] for index in each.axes]]
    lengths = {index: size for each in values for index, size in zip(each.axes, each.array.shape, strict=True)}
    planned = prod(lengths.values()) >= _WORTH_PLANNING and len(values) > 1
    # The limit keeps the planner from giving up where an intermediate is larger than the operands.
    path: Any = ("greedy", 2**28) if planned else False
    return np.asarray(np.einsum(*operands, [label[index] for index in kept], optimize=path))


def total(values: Sequence[Labelled], context: Context) -> Labelled:
    """The sum of ``values``, over the union of the indices."""
    axes = union(values)
    result: Any = np.zeros((), context.dtype)
    for each in values:
        result = result + each.aligned(axes)
    return Labelled(np.asarray(result), axes)
