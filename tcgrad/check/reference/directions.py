"""Directions in which an input is moved: along single elements, or along all of them at once."""

from __future__ import annotations

from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tcgrad.evaluate import Array
from tcgrad.records import dataclass

IntArray = NDArray[np.int64]

# The binary digits of entries of random directions, if the type that is checked has as many.
_DIGITS = 15


class Directions(Protocol):
    """Several directions of one tensor."""

    @property
    def moved(self) -> IntArray:
        """How many elements each direction moves."""

    def __len__(self) -> int: ...

    def take(self, chosen: IntArray) -> Array:
        """Some of the directions, with an axis of directions in front."""

    def combined(self, parts: Array) -> Array:
        """The sum of such parts of all of them."""


@dataclass(frozen=True)
class Elements:
    """Directions along single elements of a tensor, given by their flat positions; made only when taken."""

    columns: IntArray
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def moved(self) -> IntArray:
        return np.ones(len(self), np.int64)

    def __len__(self) -> int:
        return len(self.columns)

    def take(self, chosen: IntArray) -> Array:
        flat = np.zeros((len(chosen), prod(self.shape)), self.dtype)
        flat[np.arange(len(chosen)), self.columns[chosen]] = 1
        return flat.reshape(-1, *self.shape)

    def combined(self, parts: Array) -> Array:
        flat = np.zeros(prod(self.shape), self.dtype)
        flat[self.columns] = parts
        return flat.reshape(self.shape)


@dataclass(frozen=True)
class Mixed:
    """Directions that move all elements at once, with an axis of directions in front."""

    arrays: Array

    @property
    def moved(self) -> IntArray:
        return np.full(len(self), self.arrays[0].size, np.int64)

    def __len__(self) -> int:
        return len(self.arrays)

    def take(self, chosen: IntArray) -> Array:
        return np.asarray(self.arrays[chosen])

    def combined(self, parts: Array) -> Array:
        return np.asarray(parts @ self.arrays.reshape(len(self), -1)).reshape(self.arrays.shape[1:])


def random_mixture(shape: tuple[int, ...], checked: np.dtype[Any], random: np.random.Generator) -> Array:
    """Random entries of either sign between 1/2 and 1, of few digits: a step of theirs is exact, as they are in the
    type that is ``checked``.

    Entries of 1 and -1 alone would be equal at every other pair of elements, and mistakes there could cancel.
    """
    parts = 2 ** min(np.finfo(checked).nmant, _DIGITS)
    # Whole numbers from -parts/2 on and below parts/2, and a half: to draw integers takes ten times as long.
    drawn = np.floor(random.random(shape) * parts) - (parts - 1) / 2
    return np.asarray((drawn + np.copysign(parts / 2 + 0.5, drawn)) / parts)


@dataclass(frozen=True)
class Joined:
    """Directions of two kinds, one after the other."""

    first: Directions
    second: Directions

    @property
    def moved(self) -> IntArray:
        return np.concatenate([self.first.moved, self.second.moved])

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def take(self, chosen: IntArray) -> Array:
        """Some of the directions, in ascending order."""
        border = len(self.first)
        parts = self.first.take(chosen[chosen < border]), self.second.take(chosen[chosen >= border] - border)
        return np.concatenate(parts)

    def combined(self, parts: Array) -> Array:
        border = len(self.first)
        return self.first.combined(parts[:border]) + self.second.combined(parts[border:])


@dataclass(frozen=True)
class Pairs:
    """Pairs of directions: for each of them one of the input ``first`` and one of the input ``second``.

    rows, columns: which of the directions they are.
    """

    first: str
    second: str
    us: Directions
    vs: Directions
    rows: IntArray
    columns: IntArray

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: IntArray) -> tuple[Array, Array]:
        """The directions of some of the pairs."""
        return self.us.take(self.rows[chosen]), self.vs.take(self.columns[chosen])
