"""Sums of products of arrays whose axes carry indices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from math import prod, sqrt
from string import ascii_letters
from typing import NamedTuple

import numpy as np

from tcgrad.evaluate.arrays.labelled import Array, Labelled
from tcgrad.evaluate.arrays.parts import together
from tcgrad.evaluate.complex_steps import point_of
from tcgrad.evaluate.context import Context
from tcgrad.evaluate.products.broadcast import sizes_of, zeros_of
from tcgrad.ir.indices import Index

# From this many multiplications on, a path of pairwise contractions is worth its search.
_WORTH_PLANNING = 2**13

# For these types `matmul` is a plain loop; einsum's own is faster where it runs over neighbours in memory.
_WITHOUT_BLAS = [np.dtype(kind) for kind in (np.longdouble, np.clongdouble) if np.finfo(kind).nmant > 52]


# The axes of some arrays, and their lengths.
_Axes = tuple[tuple[Index, ...], ...]
_Shapes = tuple[tuple[int, ...], ...]


class _Plan(NamedTuple):
    """How arrays with certain axes are contracted.

    kept: the indices that are not summed over. absent: what is summed over, and none depends on.
    """

    kept: tuple[Index, ...]
    absent: tuple[Index, ...]


@lru_cache(maxsize=2**12)
def _plan(each: tuple[tuple[Index, ...], ...], bound: tuple[Index, ...]) -> _Plan:
    axes = tuple(dict.fromkeys(chain(*each)))
    kept = tuple(index for index in axes if index not in bound)
    return _Plan(kept, tuple(index for index in bound if index not in axes))


def contract(values: Sequence[Labelled], bound: tuple[Index, ...], context: Context) -> Labelled:
    """The product of ``values`` summed over ``bound``; an index on which none depends multiplies by its size."""
    kept, absent = _plan(tuple([each.axes for each in values]), bound)
    arrays = _without_repeats([each for each in values if each.axes])
    summed = _in_parts(arrays, kept, context) if arrays else np.ones((), context.dtype)
    for each in values:
        summed = summed if each.axes else np.asarray(summed * each.array)
    repeats = prod(context.shape(absent)) if absent else 1
    return Labelled(summed if repeats == 1 else np.asarray(summed * summed.dtype.type(repeats)), kept)


def _without_repeats(values: list[Labelled]) -> list[Labelled]:
    """Arrays without the axes of length 1 along which others are longer: these stand for the same all along."""
    if not any(1 in each.array.shape for each in values):
        return values
    longer = {index for each in values for index, length in zip(each.axes, each.array.shape, strict=True) if length > 1}
    return [_without_axes(each, longer) if 1 in each.array.shape else each for each in values]


def _without_axes(value: Labelled, longer: Collection[Index]) -> Labelled:
    lengths = enumerate(zip(value.axes, value.array.shape, strict=True))
    gone = tuple(axis for axis, (index, length) in lengths if length == 1 and index in longer)
    left = tuple(index for axis, index in enumerate(value.axes) if axis not in gone)
    return Labelled(value.array.squeeze(gone), left) if gone else value


def settled_contraction(
    operands: Sequence[Labelled], bound: tuple[Index, ...], context: Context, *, are_whole: bool = False
) -> Labelled:
    """`contract` as an operation's result; are_whole: whether all terms are whole numbers."""
    result, noise = contract(operands, bound, context), context.noise
    if noise is None or (are_whole and noise.keeps(result.array)):
        return result

    def magnitude() -> Labelled:
        return contract(sizes_of([noise.moved(each) for each in operands]), bound, context)

    def zeros() -> Labelled:
        """A sum is exact where there is nothing to be summed, even of what the terms are made of."""
        there = [Labelled(np.asarray(size.array != 0, size.array.dtype), size.axes) for size in sizes_of(operands)]
        return zeros_of(contract(there, bound, context))

    # Errors of a long sum add up: in the worst case one by one, mostly like the root of their number.
    terms = prod(context.shape(bound))
    return context.settle(result, magnitude, max(1.0, sqrt(terms) / 4), zeros)


def _in_parts(values: Sequence[Labelled], kept: tuple[Index, ...], context: Context) -> Array:
    """The contraction; where one of several complex operands is not real, that of either of its parts with the rest.

    Complex steps are of one input, and most of what it is multiplied by has no imaginary part.
    """
    if len(values) < 2 or context.dtype.kind != "c":
        return _contracted(values, kept)
    moving = [n for n, each in enumerate(values) if each.array.dtype.kind == "c" and each.array.imag.any()]
    if len(moving) != 1:
        return _contracted(values, kept)
    (place,) = moving
    moved, parts = values[place], [Labelled(each.array.real, each.axes) for each in values]

    def contracted(part: Array, own: tuple[Index, ...]) -> Labelled:
        parts[place] = Labelled(part, own)
        here = tuple(index for index in kept if any(index in each.axes for each in parts))
        return Labelled(_contracted(parts, here), here)

    point = point_of(moved.array, moved.axes, context)
    real = contracted(moved.array.real, moved.axes) if point is None else contracted(point, moved.axes[1:])
    imaginary = contracted(moved.array.imag, moved.axes)
    return together(real.aligned(kept), imaginary.array, moved.array.dtype)


def _contracted(values: Sequence[Labelled], kept: tuple[Index, ...]) -> Array:
    if len(values) == 1:
        return _summed(values[0], kept).array
    axes, shapes = tuple([each.axes for each in values]), tuple([each.array.shape for each in values])
    if _volume(axes, shapes) < _WORTH_PLANNING:
        return _einsum(values, kept)
    if len(values) > 2:
        return _in_pairs(values, _path(axes, shapes, kept))
    left, right = values
    if left.array.dtype in _WITHOUT_BLAS:
        return _einsum([_summed_last(left, kept), _summed_last(right, kept)], kept)
    return _multiplied(left.array, right.array, _matrices(axes, shapes, kept))


def _in_pairs(values: Sequence[Labelled], path: Sequence[_Step]) -> Array:
    """The contraction of many arrays, a few of them at a time."""
    left = list(values)
    for places, own in path:
        taken = [left.pop(place) for place in places]
        left.append(Labelled(_contracted(taken, own), own))
    return left[0].array


def _summed(value: Labelled, kept: tuple[Index, ...]) -> Labelled:
    """The sum of an array over the axes that are not kept."""
    gone = tuple([axis for axis, index in enumerate(value.axes) if index not in kept])
    if not gone:
        return value
    return Labelled(np.asarray(np.add.reduce(value.array, axis=gone)), tuple([i for i in value.axes if i in kept]))


@lru_cache(maxsize=2**12)
def _volume(axes: _Axes, shapes: _Shapes) -> int:
    """How many products are summed and kept."""
    return prod(_lengths(axes, shapes).values())


def _lengths(axes: _Axes, shapes: _Shapes) -> dict[Index, int]:
    return dict(zip(chain(*axes), chain(*shapes), strict=True))


def _einsum(values: Sequence[Labelled], kept: tuple[Index, ...]) -> Array:
    """In one loop over all indices."""
    subscripts = _subscripts(tuple([each.axes for each in values]), kept)
    return np.asarray(np.einsum(subscripts, *[each.array for each in values]))


@lru_cache(maxsize=2**12)
def _subscripts(axes: _Axes, kept: tuple[Index, ...]) -> str:
    """What `numpy.einsum` calls the axes of some arrays and of their contraction."""
    letter = dict(zip(dict.fromkeys(chain(*axes)), ascii_letters, strict=False))
    words = ["".join(letter[index] for index in each) for each in (*axes, kept)]
    return f"{','.join(words[:-1])}->{words[-1]}"


class _Step(NamedTuple):
    """Some of many arrays are taken out, contracted, and put at the end.

    places: of these, the last first. kept: the indices that are not summed over.
    """

    places: tuple[int, ...]
    kept: tuple[Index, ...]


@lru_cache(maxsize=2**8)
def _path(axes: _Axes, shapes: _Shapes, kept: tuple[Index, ...]) -> list[_Step]:
    """In which order arrays of certain shapes are contracted: the search takes longer than many a contraction."""
    dummies = [np.broadcast_to(np.zeros(()), shape) for shape in shapes]
    # The limit keeps the planner from giving up where an intermediate is larger than the operands.
    found = np.einsum_path(_subscripts(axes, kept), *dummies, optimize=("greedy", 2**28))[0][1:]
    left, path = list(axes), []
    for places in found:
        last_first = tuple(sorted(places, reverse=True))
        taken = [left.pop(place) for place in last_first]
        wanted = {*kept, *chain(*left)}
        own = tuple(index for index in dict.fromkeys(chain(*taken)) if index in wanted) if left else kept
        path.append(_Step(last_first, own))
        left.append(own)
    return path


def _summed_last(value: Labelled, kept: tuple[Index, ...]) -> Labelled:
    """The array with the axes that are summed over side by side in memory."""
    axes = [index for index in value.axes if index in kept]
    axes += sorted((index for index in value.axes if index not in kept), key=lambda index: index.serial)
    return Labelled(np.asarray(value.aligned(axes), order="C"), tuple(axes))


class _Matrix(NamedTuple):
    """How an array becomes matrices: the axes that are summed over are gone, the others stand in an order, and some
    of them together.
    """

    gone: tuple[int, ...]
    order: tuple[int, ...]
    shape: tuple[int, ...]

    def of(self, array: Array) -> Array:
        left = np.add.reduce(array, axis=self.gone) if self.gone else array
        return np.asarray(left.transpose(self.order).reshape(self.shape))


class _Matrices(NamedTuple):
    """How two arrays become matrices, and the product of these the contraction: of a shape, with its axes in an order.

    is_plain: the inner length is 1, and each entry the product of two.
    """

    left: _Matrix
    right: _Matrix
    is_plain: bool
    shape: tuple[int, ...]
    order: tuple[int, ...]


@lru_cache(maxsize=2**10)
def _matrices(axes: _Axes, shapes: _Shapes, kept: tuple[Index, ...]) -> _Matrices:
    """There is a product for each value of the indices of both that are kept; its inner length is that of the others of
    both, its rows and columns are what is kept of one alone.
    """
    both = [index for index in axes[0] if index in axes[1]]
    batch, summed = [i for i in both if i in kept], [i for i in both if i not in kept]
    rows, columns = ([i for i in own if i in kept and i not in both] for own in axes)
    lengths = _lengths(axes, shapes)

    def matrix(own: tuple[Index, ...], first: list[Index], second: list[Index]) -> _Matrix:
        there = [index for index in own if index in kept or index in both]
        return _Matrix(
            tuple(axis for axis, index in enumerate(own) if index not in there),
            tuple(there.index(index) for index in (*batch, *first, *second)),
            (*(lengths[index] for index in batch), *(prod(lengths[i] for i in part) for part in (first, second))),
        )

    made = (*batch, *rows, *columns)
    return _Matrices(
        matrix(axes[0], rows, summed),
        matrix(axes[1], summed, columns),
        prod(lengths[index] for index in summed) == 1,
        tuple(lengths[index] for index in made),
        tuple(made.index(index) for index in kept),
    )


def _multiplied(left: Array, right: Array, how: _Matrices) -> Array:
    """The contraction of two arrays as products of matrices."""
    multiply = np.multiply if how.is_plain else np.matmul
    product = multiply(how.left.of(left), how.right.of(right))
    return np.asarray(product.reshape(how.shape).transpose(how.order))
