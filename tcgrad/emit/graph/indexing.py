"""Advanced indexing, for reads and for scattered sums: which axes arrays index, and where what they become stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tcgrad.emit.graph.arrays import Axes
from tcgrad.ir.indices import Integer


def indexed_axes(positions: Sequence[Integer], sizes: Sequence[Integer]) -> tuple[bool, ...]:
    """Which axes are indexed by arrays: all but whole ones whose index occurs nowhere else."""
    occurrences = Counter(index for position in positions for index in position.indices)
    return tuple(
        p.as_index is None or occurrences[p.as_index] > 1 or p.as_index.size != size
        for p, size in zip(positions, sizes, strict=True)
    )


def array_numbers(chosen: Sequence[bool]) -> tuple[int | None, ...]:
    """For each axis the number of the array that indexes it; None for those that are not ``chosen``."""
    return tuple(sum(chosen[:k]) if is_chosen else None for k, is_chosen in enumerate(chosen))


def axes_of_indexed(positions: Sequence[Integer], chosen: Sequence[bool], common: Axes) -> Axes:
    """The axes of an array that is read at ``positions``; ``common`` are those of the arrays that index it."""
    kept = tuple(i for p, is_chosen in zip(positions, chosen, strict=True) if not is_chosen for i in p.indices)
    cut = 0 if _stands_in_front(chosen) else chosen.index(True)
    return (*kept[:cut], *common, *kept[cut:])


def _stands_in_front(chosen: Sequence[bool]) -> bool:
    """Whether the indexed axes are apart from each other: NumPy then puts what they become first."""
    first = chosen.index(True)
    return not all(chosen[first : first + sum(chosen)])
