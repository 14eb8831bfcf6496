"""Arrays that carry the indices of their axes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from tcgrad.ir.indices import Index, Integer
from tcgrad.records import dataclass

Array = NDArray[Any]


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
