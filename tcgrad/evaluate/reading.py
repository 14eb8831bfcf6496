"""Integer expressions as arrays of integers, and the components of tensors that they select."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array, Labelled, union
from tcgrad.evaluate.arrays.numbers import whole
from tcgrad.evaluate.context import Context, Evaluator
from tcgrad.ir.indices import Atom, Dim, Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import Component
from tcgrad.ir.tensors import MINUS_INFINITY, Role, Tensor

# Values of an integer expression that are remembered are no more than this.
_SMALL = 2**12

# Larger numbers times an index may be no 64-bit integers.
_LARGEST = 2**31

# What an integer tensor reads outside its range: outside every other tensor, too.
_NOWHERE = -(2**40)


def integers(expr: Integer, context: Context) -> Labelled:
    """The values of an integer expression over all values of its indices, as 64-bit integers."""
    chosen = context.positions and any(index in context.positions for index in expr.indices)
    if expr.gathers or chosen or prod(context.shape(expr.indices)) > _SMALL:
        return _worked_out(expr, context)
    return _remembered(expr, tuple(context.sizes.items()))


@lru_cache(maxsize=2**10)
def _remembered(expr: Integer, sizes: tuple[tuple[str, int], ...]) -> Labelled:
    """The same, for what depends on sizes alone, and is asked for again and again."""
    return _worked_out(expr, Context({}, np.dtype(np.int64), dict(sizes)))


def _worked_out(expr: Integer, context: Context) -> Labelled:
    total = Labelled(np.zeros((), np.int64))
    for monomial, coefficient in expr.terms:
        product = Labelled(np.full((), coefficient, np.int64 if abs(coefficient) <= _LARGEST else object))
        for atom in monomial:
            product = _combine(np.multiply, product, _atom_value(atom, context))
        total = _combine(np.add, total, product)
    return total


def _combine(operation: Any, left: Labelled, right: Labelled) -> Labelled:
    axes = union([left, right])
    return Labelled(np.asarray(operation(left.aligned(axes), right.aligned(axes))), axes)


def _atom_value(atom: Atom, context: Context) -> Labelled:
    match atom:
        case Dim():
            return Labelled(np.full((), context.sizes.get(atom.name, atom.value), np.int64))
        case Index():
            return Labelled(context.range(atom), (atom,))
        case Quotient():
            return _combine(np.floor_divide, integers(atom.dividend, context), integers(atom.divisor, context))
        case Remainder():
            rest = _combine(np.remainder, integers(atom.dividend, context), integers(atom.divisor, context))
            return Labelled(np.asarray(rest.array, np.int64), rest.axes)
        case Gather():
            return gather(atom, context)


def gather(atom: Gather, context: Context) -> Labelled:
    """The values of an integer tensor's component; far outside of any range where it is read outside its own."""
    array = context.arrays[atom.tensor.name]
    return _select(atom.tensor, array.astype(np.int64), atom.indices, context, outside=_NOWHERE)


def reader(expr: Component) -> Evaluator:
    """What reads ``tensor[indices]`` in the context's dtype.

    A read outside the tensor is 0 where the tensor says so, else NaN: whoever makes use of it finds out.
    """
    tensor = expr.tensor
    if tensor == MINUS_INFINITY:
        return lambda context: Labelled(np.asarray(-np.inf, context.dtype))
    if tensor.role is Role.CONSTANT:
        return lambda context: context.number(tensor.value)
    if tensor.role is Role.LEVI_CIVITA:
        return lambda context: _levi_civita(expr, context)
    outside = 0 if tensor.zero_outside else np.nan
    known = _plain(expr.indices)

    def read(context: Context) -> Labelled:
        array = context.arrays[tensor.name]
        if array.dtype != context.dtype:
            array = whole(array, context.dtype)
        if context.positions:
            found = _sliced(expr, array, context)
        else:
            found = None if known is None else _whole_or_beginning(tensor, known, array, context)
        return _select(tensor, array, expr.indices, context, outside) if found is None else found

    return read


def _whole_or_beginning(tensor: Tensor, known: tuple[Index, ...], array: Array, context: Context) -> Labelled | None:
    """The array itself where the positions are different indices that run over its axes' range or a beginning of it."""
    if tensor.name in context.origins:
        return None
    lengths, extra = context.shape(known), array.ndim - len(known)
    shape = array.shape[extra:] if extra else array.shape
    labels = (context.batch, *known) if extra and context.batch is not None else known
    if lengths == shape:
        return Labelled(array, labels)
    if any(length > size for length, size in zip(lengths, shape, strict=True)):
        return None
    # The ellipsis takes a batch axis in.
    beginning: tuple[Any, ...] = (..., *map(slice, lengths))
    return Labelled(array[beginning], labels)


def _plain(positions: tuple[Integer, ...]) -> tuple[Index, ...] | None:
    """The indices that positions are, if these are plain and different."""
    indices = [position.as_index for position in positions]
    known = tuple([index for index in indices if index is not None])
    return known if len(set(known)) == len(indices) else None


def _sliced(expr: Component, array: Array, context: Context) -> Labelled | None:
    """A view of the array where every position runs over the beginning of its axis, or has a single value inside."""
    slices: list[slice] = []
    labels: list[Index] = []
    shape = array.shape[array.ndim - len(expr.indices) :]
    origin_axis, origin = context.origins.get(expr.tensor.name, (-1, 0))
    for axis, (position, size) in enumerate(zip(expr.indices, shape, strict=True)):
        index = position.as_index
        if index is not None and index not in context.positions and axis != origin_axis:
            first, last = 0, context.length(index)
        else:
            found = integers(position, context)
            if found.array.size != 1 or len(found.axes) != 1:
                return None
            (index,) = found.axes
            first = found.array.item() - (origin if axis == origin_axis else 0)
            last = first + 1
        if first < 0 or last > size:
            return None
        slices.append(slice(first, last))
        labels.append(index)
    if len(set(labels)) < len(labels):
        return None
    read: tuple[Any, ...] = (..., *slices)
    return Labelled(array[read], (*_batched(array, expr.tensor, context), *labels))


def _batched(array: Array, tensor: Tensor, context: Context) -> tuple[Index, ...]:
    return (context.batch,) if context.batch is not None and array.ndim > tensor.order else ()


def _select(tensor: Tensor, array: Array, positions: tuple[Integer, ...], context: Context, outside: Any) -> Labelled:
    """The entries of ``array`` at the given positions, ``outside`` where one is not within the array."""
    batch = _batched(array, tensor, context)
    values = [integers(position, context) for position in positions]
    axes = union(values)
    places, inside = [], np.ones((), bool)
    for axis, value in enumerate(values):
        place = value.aligned(axes)
        origin_axis, origin = context.origins.get(tensor.name, (-1, 0))
        place = place - origin if axis == origin_axis else place
        size = array.shape[axis + len(batch)]
        inside = inside & (place >= 0) & (place < size)
        places.append((place, size))
    within = bool(inside.all())
    chosen = tuple([place if within else np.clip(place, 0, max(size - 1, 0)) for place, size in places])
    read = np.asarray(array[(slice(None),) * len(batch) + chosen], array.dtype)
    if not within:
        read = np.where(inside, read, np.asarray(outside, read.dtype))
    return Labelled(read, batch + axes)


def picked(truth: Labelled, positions: Mapping[Index, Integer], context: Context) -> Labelled:
    """Truth values at other positions of some of their axes; what lies outside does not hold."""
    places = [
        integers(positions[index], context) if index in positions else Labelled(np.arange(size), (index,))
        for index, size in zip(truth.axes, truth.array.shape, strict=True)
    ]
    axes = union(places)
    aligned = [place.aligned(axes) for place in places]
    inside = np.ones((), bool)
    for place, size in zip(aligned, truth.array.shape, strict=True):
        inside = inside & (place >= 0) & (place < size)
    chosen = [np.clip(place, 0, size - 1) for place, size in zip(aligned, truth.array.shape, strict=True)]
    return Labelled(np.asarray(truth.array[tuple(chosen)] & inside, bool), axes)


def _levi_civita(expr: Component, context: Context) -> Labelled:
    """The sign of the permutation, as the product of the signs of all differences of two positions."""
    values = [integers(position, context) for position in expr.indices]
    total = Labelled(np.ones((), np.int64))
    for left, right in combinations(values, 2):
        difference = _combine(np.subtract, right, left)
        total = _combine(np.multiply, total, Labelled(np.sign(difference.array), difference.axes))
    return Labelled(whole(total.array, context.dtype), total.axes)
