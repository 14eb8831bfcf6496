"""What an evaluation knows: the arrays, their type, the sizes, and what is asked of it beside the values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.evaluate.abstract import SmoothFunction
from tcgrad.evaluate.arrays.labelled import Array, Kink, Labelled
from tcgrad.evaluate.arrays.noise import Noise
from tcgrad.evaluate.arrays.numbers import is_exact, number, pi
from tcgrad.evaluate.arrays.parts import real, together
from tcgrad.evaluate.sizes import resized_value
from tcgrad.ir.indices import Index, Integer
from tcgrad.records import dataclass


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
