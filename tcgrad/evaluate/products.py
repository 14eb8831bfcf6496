"""Sums of products of arrays whose axes carry indices."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from math import prod, sqrt
from typing import Any, NamedTuple

import numpy as np

from tcgrad.evaluate.complex_steps import point_of
from tcgrad.evaluate.context import Array, Context, Labelled, union
from tcgrad.evaluate.numbers import number
from tcgrad.evaluate.parts import absolute, is_finite, together
from tcgrad.ir.indices import Index
from tcgrad.records import dataclass, replace

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


@dataclass(frozen=True)
class Factor:
    """A factor of a product.

    divisor: what one divides by that is a reciprocal or a fraction.
    numerator: that of a fraction.
    """

    value: Labelled
    divisor: Labelled | None = None
    numerator: Fraction | None = None


def in_turn(factors: Sequence[Factor], context: Context) -> Labelled:
    """The product with one division for each divisor: ``k/49`` is 1 for ``k = 49``, ``k*(1/49)`` is not.

    Fractions are divided at the end.
    """
    values, divisors = [each.value for each in factors], [each.divisor for each in factors if each.divisor is not None]
    if not divisors:
        return multiply(values, context)
    axes = union([*values, *divisors])
    first, *others = factors
    result: Any = 1
    if first.divisor is None:
        result, factors = first.value.aligned(axes), others
    last: list[Any] = []
    for each in factors:
        if each.divisor is None:
            result = result * each.value.aligned(axes)
        elif each.numerator is None:
            result = result / each.divisor.aligned(axes)
        else:
            result = result * number(each.numerator, context.dtype)
            last.append(each.divisor.aligned(axes))
    for below in last:
        result = result / below
    return Labelled(np.asarray(result, context.dtype), axes)


def multiplied_out(product: Labelled, factors: Sequence[Labelled], context: Context) -> Labelled:
    """``product`` with the size of its terms, if some of its ``factors`` are sums."""
    if all(factor.terms is None for factor in factors):
        return product
    return replace(product, terms=multiply(sizes_of(factors), context))


def sizes_of(values: Sequence[Labelled]) -> list[Labelled]:
    """How large the values are, or what they are when they are multiplied out."""
    return [Labelled(absolute(each.array), each.axes) if each.terms is None else each.terms for each in values]


def settled_product(product: Labelled, values: Sequence[Labelled], context: Context) -> Labelled:
    """The product of ``values`` as an operation's result. The size of a real one is the product of the sizes."""
    is_complex = product.array.dtype.kind == "c"
    magnitude = (lambda: multiply(sizes_of(values), context)) if is_complex else None

    def zeros() -> Labelled:
        """Where a factor is 0."""
        return zeros_of(conjunction([Labelled(each.array != 0, each.axes) for each in values]))

    return context.settle(product, magnitude, zeros=zeros)


def zeros_of(value: Labelled) -> Labelled:
    """Where a value is 0."""
    return Labelled(np.asarray(value.array == 0), value.axes)


def conjunction(conditions: Sequence[Labelled]) -> Labelled:
    """Where all of the conditions hold, over the union of their indices."""
    axes = union(conditions)
    result = np.ones((), bool)
    for each in conditions:
        result = result & each.aligned(axes)
    return Labelled(result, axes)


def with_zeros(each: Labelled, guards: Sequence[Labelled]) -> Labelled:
    """``each`` with what is not finite replaced by 0 where a guard is 0."""
    if not guards or is_finite(each.array):
        return each
    holds = conjunction(guards)
    axes = union([each, holds])
    return Labelled(np.where(holds.aligned(axes), each.aligned(axes), each.array.dtype.type(0)), axes)


class _Plan(NamedTuple):
    """How arrays with certain axes are contracted.

    axes: all of them. kept: those that are not summed over. absent: what is summed over, and none depends on.
    """

    axes: tuple[Index, ...]
    kept: tuple[Index, ...]
    absent: tuple[Index, ...]


@lru_cache(maxsize=2**12)
def _plan(each: tuple[tuple[Index, ...], ...], bound: tuple[Index, ...]) -> _Plan:
    axes = tuple(dict.fromkeys(chain(*each)))
    kept = tuple(index for index in axes if index not in bound)
    return _Plan(axes, kept, tuple(index for index in bound if index not in axes))


def contract(values: Sequence[Labelled], bound: tuple[Index, ...], context: Context) -> Labelled:
    """The product of ``values`` summed over ``bound``; an index on which none depends multiplies by its size."""
    axes, kept, absent = _plan(tuple([each.axes for each in values]), bound)
    arrays = [each for each in values if each.axes]
    summed = _in_parts(arrays, axes, kept, context) if arrays else np.ones((), context.dtype)
    for each in values:
        summed = summed if each.axes else np.asarray(summed * each.array)
    repeats = prod(context.shape(absent)) if absent else 1
    return Labelled(summed if repeats == 1 else np.asarray(summed * summed.dtype.type(repeats)), kept)


def settled_contraction(operands: Sequence[Labelled], bound: tuple[Index, ...], context: Context) -> Labelled:
    """`contract` as an operation's result."""
    result = contract(operands, bound, context)
    if context.noise is None:
        return result

    def magnitude() -> Labelled:
        return contract(sizes_of(operands), bound, context)

    def zeros() -> Labelled:
        """A sum is exact where there is nothing to be summed, even of what the terms are made of."""
        there = [Labelled(np.asarray(size.array != 0, size.array.dtype), size.axes) for size in sizes_of(operands)]
        return zeros_of(contract(there, bound, context))

    # Errors of a long sum add up: in the worst case one by one, mostly like the root of their number.
    terms = prod(context.shape(bound))
    return context.settle(result, magnitude, max(1.0, sqrt(terms) / 4), zeros)


def _in_parts(values: Sequence[Labelled], axes: tuple[Index, ...], kept: tuple[Index, ...], context: Context) -> Array:
    """The contraction; where one of several complex operands is not real, that of either of its parts with the rest.

    Complex steps are of one input, and most of what it is multiplied by has no imaginary part.
    """
    if len(values) < 2 or context.dtype.kind != "c":
        return _einsum(values, axes, kept)
    moving = [n for n, each in enumerate(values) if each.array.dtype.kind == "c" and each.array.imag.any()]
    if len(moving) != 1:
        return _einsum(values, axes, kept)
    (place,) = moving
    moved, parts = values[place], [Labelled(each.array.real, each.axes) for each in values]

    def contracted(part: Array, own: tuple[Index, ...]) -> Labelled:
        parts[place] = Labelled(part, own)
        here = tuple(index for index in kept if any(index in each.axes for each in parts))
        return Labelled(_einsum(parts, axes, here), here)

    point = point_of(moved.array, moved.axes, context)
    real = contracted(moved.array.real, moved.axes) if point is None else contracted(point, moved.axes[1:])
    imaginary = contracted(moved.array.imag, moved.axes)
    return together(real.aligned(kept), imaginary.array, moved.array.dtype)


def _einsum(values: Sequence[Labelled], axes: tuple[Index, ...], kept: tuple[Index, ...]) -> Array:
    if len(values) == 1:
        return _summed(values[0], kept)
    planned = _volume(values) >= _WORTH_PLANNING
    if planned and len(values) == 2 and values[0].array.dtype in _WITHOUT_BLAS:
        values, planned = [_summed_last(each, kept) for each in values], False
    label = {index: n for n, index in enumerate(axes)}
    operands: list[Any] = []
    for each in values:
        operands += [each.array, [label[index] for index in each.axes]]
    result = [label[index] for index in kept]
    return np.asarray(np.einsum(*operands, result, optimize=_path(operands, result) if planned else False))


def _summed(value: Labelled, kept: tuple[Index, ...]) -> Array:
    """The sum of an array over the axes that are not kept, which are in the same order."""
    gone = tuple([axis for axis, index in enumerate(value.axes) if index not in kept])
    return np.asarray(np.add.reduce(value.array, axis=gone))


def _volume(values: Sequence[Labelled]) -> int:
    """How many products are summed and kept."""
    lengths = {index: size for each in values for index, size in zip(each.axes, each.array.shape, strict=True)}
    return prod(lengths.values())


def _path(operands: list[Any], result: list[int]) -> list[Any]:
    """In which order operands are contracted, pair by pair."""
    if len(operands) == 4:
        return ["einsum_path", (0, 1)]
    shapes = tuple([array.shape for array in operands[::2]])
    return _searched(shapes, tuple(map(tuple, operands[1::2])), tuple(result))


@lru_cache(maxsize=2**8)
def _searched(
    shapes: tuple[tuple[int, ...], ...], labels: tuple[tuple[int, ...], ...], kept: tuple[int, ...]
) -> list[Any]:
    """The path for arrays of certain shapes: searching takes longer than many a contraction."""
    operands: list[Any] = []
    for shape, own in zip(shapes, labels, strict=True):
        operands += [np.broadcast_to(np.zeros(()), shape), list(own)]
    # The limit keeps the planner from giving up where an intermediate is larger than the operands.
    path: list[Any] = np.einsum_path(*operands, list(kept), optimize=("greedy", 2**28))[0]
    return path


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
