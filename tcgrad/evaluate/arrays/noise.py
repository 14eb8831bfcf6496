"""Rounding made visible: random errors of the size that rounding has, in many draws at once."""

from __future__ import annotations

from math import ceil, inf, log2

import numpy as np
from numpy.typing import NDArray

from tcgrad.evaluate.arrays.labelled import Array, Labelled, union
from tcgrad.evaluate.arrays.overflow import quietly
from tcgrad.evaluate.arrays.parts import pairs, together
from tcgrad.ir.indices import Index
from tcgrad.records import cached_property, dataclass

# Numbers of few digits are multiples of this; and of what is so many times that by which they may be off.
_SHORTEST, _APART = 2.0**-6, 2**6


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
        to be ``none``.
        """
        largest = np.asarray(np.abs(size))
        # Twice as much, for what is drawn is between -1/2 and 1/2.
        largest *= 2 * ulps * self.unit
        largest += 2 * ulps * self.floor
        errors = self.random.random(out.shape)
        errors -= 0.5
        errors *= largest
        if none is not None:
            np.copyto(errors, 0, where=none)
        if np.isinf(largest.max(initial=0)):
            np.copyto(errors, 0, where=np.isinf(base))  # what overflows, or divides by 0, does so without errors too
        np.add(base, errors, out=out)

    def keeps(self, array: Array) -> bool:
        """Whether whole numbers are so small that none of their digits is lost, in whatever order they come about."""
        return bool(np.abs(array).max(initial=0) * self.unit <= 1)

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
        as many as ``order``.
        """
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
