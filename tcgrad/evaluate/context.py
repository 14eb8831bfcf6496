"""What an evaluation knows: the arrays, their type, the sizes; and arrays that carry the indices of their axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from functools import lru_cache
from math import ceil, inf, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.evaluate.abstract import SmoothFunction
from tcgrad.evaluate.numbers import is_exact, number, pi
from tcgrad.evaluate.overflow import quietly
from tcgrad.evaluate.parts import pairs, real, together
from tcgrad.evaluate.sizes import resized_value
from tcgrad.ir.indices import Index, Integer
from tcgrad.records import cached_property, dataclass

Array = NDArray[Any]

# Numbers of few digits are multiples of this; and of what is so many times that by which they may be off.
_SHORTEST, _APART = 2.0**-6, 2**6


@dataclass(frozen=True)
class Labelled:
    """An array and, for each of its axes, the index that it stands for.

    terms: under noise, for a sum, or a product with sums in it, the size of what it is multiplied out. None where that
        is the size of the array itself.
    """

    array: Array
    axes: tuple[Index, ...] = ()
    terms: Labelled | None = None

    def aligned(self, axes: Sequence[Index]) -> Array:
        """The array with its axes in the order of ``axes``, of length 1 where it does not depend on the index."""
        if self.axes == axes:
            return self.array
        order, inserted = _arrangement(self.axes, tuple(axes))
        return self.array.transpose(order)[inserted]


class Kink(Labelled):
    """What a branch was decided by, where it may meet another that has another slope."""


@lru_cache(maxsize=2**12)
def _arrangement(own: tuple[Index, ...], axes: tuple[Index, ...]) -> tuple[tuple[int, ...], tuple[slice | None, ...]]:
    """The order in which ``own`` axes stand in ``axes``, and where axes of length 1 come in between."""
    order = tuple(own.index(index) for index in axes if index in own)
    return order, tuple(slice(None) if index in own else None for index in axes)


class Batch(Index):
    """The axis of several evaluations at once. It stands first: each of them is one piece of memory."""


@lru_cache(maxsize=2**8)
def batch_of(count: int) -> Index:
    """The axis of so many evaluations at once: the same for the same number, so that arrangements are found again."""
    return Batch("batch", Integer.of(count))


def union(values: Sequence[Labelled]) -> tuple[Index, ...]:
    """The indices of all ``values``, each once, in the order of occurrence but for a batch."""
    axes = values[0].axes if values else ()
    for each in values[1:]:
        if each.axes and each.axes != axes:
            axes = _united(axes, each.axes) if axes else each.axes
    return axes


def _united(first: tuple[Index, ...], second: tuple[Index, ...]) -> tuple[Index, ...]:
    both = second + first if isinstance(second[0], Batch) else first + second
    return tuple(dict.fromkeys(both))


@dataclass(frozen=True)
class Noise:
    """Rounding made visible: every operation's result is moved by ``unit`` times its magnitude times a random sign.

    The axis ``batch`` counts independent draws. ``floor`` is the absolute error of an operation (underflow).
    near: at a point where numbers that branches are decided by are exact, those that differ by no more are equal.
    still: so many of the first draws are moved by nothing.
    largest: what is larger is infinite (overflow).
    leaves_short: results that have half the digits that the unit leaves them are exact, as those of whole numbers are
        in whatever order; and no others are equal.
    """

    batch: Index
    unit: float
    floor: float
    random: np.random.Generator
    near: float = 0.0
    still: int = 0
    largest: float = inf
    leaves_short: bool = False

    def settled(self, array: Array) -> Array:
        """Numbers near to a whole one, or to a fraction of few digits, are that: without the noise they were."""
        if not self.near or array.dtype.kind not in "fc":
            return array
        if array.dtype.kind == "c":
            return together(self.settled(array.real), array.imag, array.dtype)
        # Far enough apart that few are near to one by chance.
        apart = min(1.0, max(_SHORTEST, 2.0 ** ceil(log2(_APART * self.near))))
        short = np.round(array / apart) * apart
        return np.where(np.abs(array - short) <= self.near, short, array)

    def move(self, value: Labelled, magnitude: Labelled, ulps: float, exact: Labelled | None = None) -> Labelled:
        """``value`` with its own error of ``ulps`` units of its ``magnitude``, drawn anew for each element.

        exact: where there is no error.
        """
        axes = union([value, magnitude])
        if axes[:1] != (self.batch,):
            axes = (self.batch, *[index for index in axes if index is not self.batch])
        base, size = value.aligned(axes), magnitude.aligned(axes)
        made = np.empty((self.count, *map(max, base.shape[1:], size.shape[1:])), value.array.dtype)
        made[: self.still] = base[: self.still]
        moved, base, size = made[self.still :], self._drawn(base), self._drawn(size)
        none = None if exact is None else self._drawn(exact.aligned(axes))
        if self.leaves_short:
            short = self._is_short(base, size)
            none = short if none is None else none | short
        if made.dtype.kind == "c":  # either part has errors of its own
            base, size = pairs(base), pairs(size.astype(made.dtype, copy=False))
            none = None if none is None else none[..., None]
            self._add_errors(base, size, ulps, none, pairs(moved))
        else:
            self._add_errors(base, size, ulps, none, moved)
        if self.largest < inf:
            moved[np.abs(moved) > self.largest] *= inf
        return Labelled(made, axes)

    def _add_errors(self, base: Array, size: Array, ulps: float, none: Array | None, out: Array) -> None:
        """Write ``base`` with random errors of up to ``ulps`` units of ``size``, or by underflow, but where there are
        to be ``none``."""
        largest = np.asarray(np.abs(size))
        # Twice as much, for what is drawn is between -1/2 and 1/2.
        largest *= 2 * ulps * self.unit
        largest += 2 * ulps * self.floor
        errors = self.random.random(out.shape)
        errors -= 0.5
        errors *= largest
        if none is not None:
            np.copyto(errors, 0, where=none)
        np.add(base, errors, out=out)

    @cached_property
    def count(self) -> int:
        """The number of draws."""
        return self.batch.size.value

    def unmoved(self, array: Array, axis: int) -> Array:
        """For each draw that which nothing moves, or for all of them if that is one; ``axis`` is that of the draws."""
        first = array[(*(slice(None),) * axis, slice(self.still))]
        return first if self.still == 1 else np.concatenate([first] * (self.count // self.still), axis)

    def is_odd(self, axis: int, order: int) -> NDArray[np.bool_]:
        """For each draw whether it is one of every two, beginning with the first that is moved, along one ``axis`` of
        as many as ``order``."""
        odd = np.arange(self.count) // self.still % 2 == 1
        return np.asarray(odd).reshape(*(1,) * axis, -1, *(1,) * (order - axis - 1))

    def opposed(self, array: Array, axis: int) -> Array:
        """The same with the opposite errors, where these are finite."""
        if array.shape[axis] == 1:
            return array
        with quietly():
            opposite = 2 * self.unmoved(array, axis) - array
        return np.where(np.isfinite(opposite), opposite, array)

    def _is_short(self, array: Array, size: Array) -> NDArray[np.bool_]:
        """Where real numbers have half the digits that the unit leaves to what is of a size."""
        _, exponent = np.frexp(np.sqrt(self.unit) * np.abs(size))
        return np.asarray(np.ldexp(array, -exponent) % 1 == 0)

    def _drawn(self, array: Array) -> Array:
        """The draws of an array that are moved, if it has all of them."""
        return array[self.still :] if len(array) == self.count else array

    def moved(self, value: Labelled) -> Labelled:
        """A value without the draws that nothing moves."""
        if not self.still or self.batch not in value.axes:
            return value
        axes = (self.batch, *[index for index in value.axes if index is not self.batch])
        terms = None if value.terms is None else self.moved(value.terms)
        return Labelled(self._drawn(value.aligned(axes)), axes, terms)


@dataclass(frozen=True)
class Lean:
    """How one decision is made otherwise than the language says where branches meet, all else being as it is.

    place: which decision, in the order in which ``branches`` takes them.
    side: 1 or -1: of two numbers that are equal the first is the larger, or the smaller one; of several that attain an
        extreme the first, or the last one does so alone.
    """

    place: int
    side: int

    def told_apart(self, array: Array) -> Array:
        """Real or complex numbers that are nearly the same, and equal no others that they were equal to."""
        beside = np.nextafter(real(array), self.side * np.inf)
        return together(beside, array.imag, array.dtype) if array.dtype.kind == "c" else beside


@dataclass(frozen=True)
class Context:
    """What an evaluation knows.

    arrays: by the tensors' names; one axis more than the tensor's order stands for ``batch`` and is the first.
    sizes: values of dims that replace the dims' own.
    positions: indices that take these values only, instead of their whole range.
    origins: for a tensor under construction the axis that starts at a negative position, and that position.
    branches: takes what every branch was decided by: two evaluations that agree in it took the same branches.
    lean: one decision that is made otherwise: the slopes, which imaginary parts are, show what comes of it.
    ties: is not empty once numbers that are equal but for rounding were compared under noise, and taken for equal.
    calls: within one statement, the values of functions at whole tensors, each with the tensor's array.
    """

    arrays: dict[str, Array]
    dtype: np.dtype[Any]
    sizes: Mapping[str, int] = field(default_factory=dict)
    functions: Mapping[str, SmoothFunction] = field(default_factory=dict)
    positions: Mapping[Index, NDArray[np.int64]] = field(default_factory=dict)
    origins: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    batch: Index | None = None
    noise: Noise | None = None
    branches: list[Labelled] | None = None
    lean: Lean | None = None
    ties: list[bool] = field(default_factory=list)
    calls: dict[tuple[str, str], tuple[Array, Array]] = field(default_factory=dict)

    def decide(
        self,
        by: Callable[..., Iterable[Array]],
        given: Sequence[Array],
        axes: tuple[Index, ...],
        kind: type[Labelled] = Kink,
    ) -> Lean | None:
        """Keep a record, if one is asked for, of which branch is taken where: of what ``by`` makes of ``given`` arrays
        -> how the decision is to be made, if otherwise.

        Under noise an error is as likely as its opposite: what takes another branch by either is recorded with it.
        """
        if self.branches is None:
            return None
        first, lean = len(self.branches), self.lean
        decisions, noise = by(*given), self.noise
        if noise is not None and noise.still and noise.batch in axes:
            axis = axes.index(noise.batch)
            opposite = by(*(noise.opposed(each, axis) for each in given))
            decisions = [
                np.where(other == noise.unmoved(own, axis), own, other)
                for own, other in zip(decisions, opposite, strict=True)
            ]
        self.branches.extend(kind(each, axes) for each in decisions)
        return lean if lean and first <= lean.place < len(self.branches) else None

    def size(self, size: Integer) -> int:
        """The value of a size under ``sizes``."""
        if not self.sizes:
            return size.value
        known = size.as_number
        return resized_value(size, tuple(self.sizes.items())) if known is None else known

    def length(self, index: Index) -> int:
        """How many values ``index`` takes."""
        chosen = self.positions.get(index) if self.positions else None
        return self.size(index.size) if chosen is None else len(chosen)

    def range(self, index: Index) -> NDArray[np.int64]:
        """The values that ``index`` takes."""
        chosen = self.positions.get(index)
        return np.arange(self.size(index.size)) if chosen is None else chosen

    def shape(self, axes: Sequence[Index]) -> tuple[int, ...]:
        if self.positions or self.sizes:
            return tuple([self.length(index) for index in axes])
        return _own_lengths(tuple(axes))

    def settle(
        self,
        value: Labelled,
        magnitude: Callable[[], Labelled] | None = None,
        ulps: float = 1.0,
        zeros: Callable[[], Labelled] | None = None,
    ) -> Labelled:
        """The result of one operation: as it is, or moved by the noise in proportion to its magnitude.

        zeros: where a result of 0 is exact and no underflow, as booleans with axes among those of ``value``.
        """
        if self.noise is None:
            return value
        exact = None
        if zeros is not None and not value.array.all():
            explained = zeros()
            nothing = np.asarray((value.array == 0) & explained.aligned(value.axes))
            exact = Labelled(nothing, value.axes) if nothing.any() else None
        return self.noise.move(value, value if magnitude is None else magnitude(), ulps, exact)

    def number(self, value: Fraction | None) -> Labelled:
        """``value``, or π for None; moved by the noise where a narrow type rounds it."""
        rounded = pi(self.dtype) if value is None else number(value, self.dtype)
        result = Labelled(np.asarray(rounded, self.dtype))
        exact = value is not None and is_exact(value, np.dtype(np.float16))
        return result if exact else self.settle(result)


@lru_cache(maxsize=2**12)
def _own_lengths(axes: tuple[Index, ...]) -> tuple[int, ...]:
    """How many values indices take at the sizes that they were made with."""
    return tuple([index.size.value for index in axes])


# What works a value out in a context.
Evaluator = Callable[[Context], Labelled]
