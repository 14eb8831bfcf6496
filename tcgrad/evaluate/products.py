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

# For these types `matmul` is a plain loop; einsum's own is faster where it runs over neighbours in memory.
_WITHOUT_BLAS = [np.dtype(kind) for kind in (np.longdouble, np.clongdouble) if np.finfo(kind).nmant > 52]


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
    lengths = {index: size for each in values for index, size in zip(each.axes, each.array.shape, strict=True)}
    planned = prod(lengths.values()) >= _WORTH_PLANNING and len(values) > 1
    if planned and len(values) == 2 and values[0].array.dtype in _WITHOUT_BLAS:
        values, planned = [_summed_last(each, kept) for each in values], False
    label = {index: n for n, index in enumerate(axes)}
    operands: list[Any] = []
    for each in values:
        operands += [each.array, [label[index] for index in each.axes]]
    # The limit keeps the planner from giving up where an intermediate is larger than the operands.
    path: Any = ("greedy", 2**28) if planned else False
    return np.asarray(np.einsum(*operands, [label[index] for index in kept], optimize=path))


def _summed_last(value: Labelled, kept: tuple[Index, ...]) -> Labelled:
    """The array with the axes that are summed over side by side in memory."""
    axes = [index for index in value.axes if index in kept]
    axes += sorted((index for index in value.axes if index not in kept), key=lambda index: index.serial)
    return Labelled(np.asarray(value.aligned(axes), order="C"), tuple(axes))


def total(values: Sequence[Labelled], context: Context) -> Labelled:
    """The sum of ``values``, over the union of the indices."""
    axes = union(values)
    result: Any = np.zeros((), context.dtype)
    for each in values:
        result = result + each.aligned(axes)
    return Labelled(np.asarray(result), axes)
