"""What slip would explain a wrong derivative: simple changes of the right values are tried until one fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from math import isfinite, isqrt

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.mistakes.kinds import Candidate, Right, negated, transposed
from tcgrad.evaluate import Array
from tcgrad.records import dataclass

# A change fits if it leaves no more than this many tolerances, and explains all but this much of the error.
_TOLERANCES = 8.0
_UNEXPLAINED = 2.0**-4

# The unit of rounding in float32, and in proportion to it the tolerance of a type that is finer.
_SINGLE = 2.0**-24
_FAR_FINER = 2.0**-10

# A factor that is no further from 1 is none; in numbers of another size than the largest something may be wrong.
_NONE = 1e-12

# Factors that are told as fractions have denominators and numerators up to this.
_LARGEST_FACTOR = 64


@dataclass(frozen=True)
class Suspect:
    """A wrong array, the right one, and what rounding explains; all of one shape.

    sizes: the sizes of the dims, which a factor may be.
    """

    found: Array
    right: Array
    allowed: Array
    sizes: Mapping[str, int]

    def explanation(self, more: Iterable[Candidate] = ()) -> str:
        """The slip that fits, in words; empty if none does. ``more`` are further changes to be tried, with words."""
        found, right = self.found, self.right
        if not np.isfinite(found).all():
            wrong = int(np.count_nonzero(~np.isfinite(found)))
            are = "is" if wrong == 1 else "are"
            return f"{wrong} of {found.size} elements {are} not finite" if wrong < found.size else ""
        if (np.abs(found) <= self.allowed).all():
            return "is 0 everywhere"
        for text, candidate in self._candidates(more):
            if candidate.shape == right.shape and self._fits(candidate):
                return text
        return self._few() or self._coarse()

    def _candidates(self, more: Iterable[Candidate]) -> Iterator[Candidate]:
        yield from negated(Right(self.right))
        yield from self._scaled()
        yield from transposed(Right(self.right))
        yield from more
        if self.right.size > 1 and np.ptp(self.right) > 0:
            if np.ptp(self.found) > 0:  # else the constant is all that there is
                yield "is off by a constant", self.right + np.mean(self.found - self.right)
            yield "has the right values in other places", self._sorted()

    def _scaled(self) -> Iterator[Candidate]:
        """A constant factor, if there is more than one element to tell it by."""
        norm = np.sum(self.right * self.right)
        if norm > 0 and self.right.size > 1:
            factor = np.sum(self.found * self.right) / norm
            if isfinite(float(factor)) and abs(float(factor) - 1) > _NONE:
                yield describe_factor(float(factor), self.sizes), self.right * factor

    def _sorted(self) -> Array:
        """The right values in the order of the wrong ones."""
        places = np.empty(self.right.size, self.right.dtype)
        places[np.argsort(self.found, axis=None, kind="stable")] = np.sort(self.right, axis=None)
        return places.reshape(self.right.shape)

    def _fits(self, candidate: Array) -> bool:
        largest = float(np.max(np.abs(self.found - self.right)))
        allowed = min(_TOLERANCES * float(np.max(self.allowed)), _UNEXPLAINED * largest)
        return bool(np.max(np.abs(self.found - candidate)) <= allowed)

    def _few(self) -> str:
        wrong: NDArray[np.bool_] = ~(np.abs(self.found - self.right) <= self.allowed)
        number = int(np.count_nonzero(wrong))
        if self.found.size > 1 and number <= max(1, self.found.size // 4):
            return (
                f"{number} of {self.found.size} elements {'is' if number == 1 else 'are'} wrong, the others are right"
            )
        return ""

    def _coarse(self) -> str:
        """What comes of rounding to float32 in a finer type: errors that are as large beside the largest element."""
        error, largest = float(np.abs(self.found - self.right).max()), float(np.abs(self.right).max())
        is_fine = float(self.allowed.max()) <= _FAR_FINER * _SINGLE * largest
        if not is_fine or not largest or self.right.size == 1 or not _SINGLE / 8 <= error / largest <= _SINGLE * 16:
            return ""
        return "is right to single precision alone: something on the way is in float32"


def describe_factor(factor: float, sizes: Mapping[str, int]) -> str:
    """What a constant factor may come from."""
    nearest = Fraction(factor).limit_denominator(_LARGEST_FACTOR)
    root = _of_a_root(factor, sizes)
    if root:
        return root
    if abs(float(nearest) - factor) > 1e-3 * abs(factor) or abs(nearest.numerator) > _LARGEST_FACTOR:
        return f"is {factor:.6g} times the right value"
    if float(nearest) != round(factor, 12) and abs(float(nearest) - factor) > _NONE * abs(factor):
        return f"is {factor!r} times the right value" if nearest == 1 else f"is {factor:.9g} times the right value"
    named = _dims_of(max(nearest.numerator, nearest.denominator), sizes)
    if nearest.numerator == 1 and named:
        return f"is 1/{nearest.denominator} of the right value: a mean over {named} is taken for a sum"
    if nearest.denominator == 1 and named:
        return f"is {nearest} times the right value: a sum over {named} is taken for a mean"
    if nearest == Fraction(1, 2):
        return "is half of the right value: a factor 2 is missing, of a square or of a symmetric term"
    return f"is {nearest} times the right value"


def _dims_of(size: int, sizes: Mapping[str, int]) -> str:
    """The dims, or the pairs of dims, that have so many positions, in words; empty if none have."""
    single = [name for name, own in sizes.items() if own == size > 1]
    pairs = (pair for pair in combinations(sizes.items(), 2) if min(own for _, own in pair) > 1)
    double = [f"{a} and {b}" for (a, own), (b, other) in pairs if own * other == size]
    return " or ".join(single or double)


def _of_a_root(factor: float, sizes: Mapping[str, int]) -> str:
    """A factor that is the root of the size of a dim, or one over that, in words; else empty."""
    for size in dict.fromkeys(sizes.values()):
        if isqrt(size) ** 2 == size:
            continue
        for power, text in ((0.5, f"√{size} times"), (-0.5, f"1/√{size} of")):
            if abs(factor / size**power - 1) <= 1e-12:
                named = " or ".join(name for name, own in sizes.items() if own == size)
                what = "missing" if power > 0 else "one too many"
                return f"is {text} the right value: a division by the root of {named} is {what}"
    return ""


def explain_shape(found: Array, right: Array, allowed: float) -> str:
    """What slip would explain another shape: a sum that was not taken, or a transpose; empty if none does."""
    if found.ndim == right.ndim == 2 and found.shape == right.shape[::-1] and _near(found.T, right, allowed):
        return "it is the transpose"
    for number in range(1, found.ndim - right.ndim + 1):
        for axes in combinations(range(found.ndim), number):
            summed = found.sum(axis=axes)
            if summed.shape == right.shape and _near(summed, right, allowed):
                told = " and ".join(map(str, axes))
                return (
                    f"the sum over its axis {told} is missing"
                    if number == 1
                    else f"sums over its axes {told} are missing"
                )
    if found.ndim == right.ndim:
        axes = tuple(n for n, (a, b) in enumerate(zip(found.shape, right.shape, strict=True)) if a != b)
        summed = found.sum(axis=axes, keepdims=True)
        if summed.shape == right.shape and _near(summed, right, allowed):
            return _missing(axes)
    return ""


def _missing(axes: tuple[int, ...]) -> str:
    told = " and ".join(map(str, axes))
    return f"the sum over its axis {told} is missing" if len(axes) == 1 else f"sums over its axes {told} are missing"


def _near(found: Array, right: Array, allowed: float) -> bool:
    return bool(np.all(np.abs(found.astype(right.dtype) - right) <= _TOLERANCES * allowed))
