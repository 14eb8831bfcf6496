"""The order in which the operands of a product with sums are combined, two at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# Dynamic programming looks at 3^n / 2 pairs of subsets: about a millisecond for seven operands.
_OPTIMAL_UP_TO = 7


Tree = int | tuple["Tree", "Tree"]


def contraction_tree(
    operands: Sequence[int], kept: int, sizes: Sequence[int], known: Callable[[int], int | None] | None = None
) -> Tree:
    """Which operands to combine: a leaf is a set of operands (one, or a known product), as a bit mask.

    operands: the indices of each as a bit mask.
    kept: the indices of the result, as a bit mask; the others are summed where they occur last.
    sizes: the size of each index, by bit number.
    known: the cost of the product of a set of operands that need not be computed; None if it must be.

    The cost of a step is its number of multiplications plus the size of its result; the tree is optimal
    for few operands and greedy beyond.
    """
    if len(operands) == 1:
        return 1
    if len(operands) == 2:
        return 3 if known is not None and known(3) == 0 else (1, 2)
    volume = _Volume(sizes)
    if len(operands) <= _OPTIMAL_UP_TO:
        return _optimal(operands, kept, volume, known)
    return _greedy(operands, kept, volume)


class _Volume(dict[int, int]):
    """The product of the sizes of a set of indices, kept once it is known."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__({0: 1})
        self._sizes = sizes

    def __missing__(self, mask: int) -> int:
        low = mask & -mask
        value = self[mask] = self[mask ^ low] * self._sizes[low.bit_length() - 1]
        return value

    def of_step(self, left: int, right: int) -> int:
        """The cost of one multiplication; a little more where both arguments are broadcast."""
        union = left | right
        return self[union] + (union not in (left, right))


def _optimal(operands: Sequence[int], kept: int, volume: _Volume, known: Callable[[int], int | None] | None) -> Tree:
    whole = (1 << len(operands)) - 1
    live = _live(operands, kept)
    best: dict[int, tuple[int, int]] = {1 << k: (0, 0) for k in range(len(operands))}  # subset -> cost, right part
    for subset in range(1, whole + 1):
        if subset in best:
            continue
        cost_known = known(subset) if known else None
        if cost_known == 0:
            best[subset] = 0, 0
            continue
        # At equal cost the operands are taken from left to right: the smallest, last right part wins.
        cost, _, right = min(
            (
                best[subset ^ right][0] + best[right][0] + volume.of_step(live[subset ^ right], live[right]),
                right.bit_count(),
                -right,
            )
            for right in _right_parts(subset)
        )
        cost += volume[live[subset]]
        best[subset] = (cost, -right) if cost_known is None or cost < cost_known else (cost_known, 0)
    return _tree(whole, best)


def _live(operands: Sequence[int], kept: int) -> list[int]:
    """For each subset of the operands the indices that its product keeps."""
    count = len(operands)
    union = [0] * (1 << count)
    for subset in range(1, 1 << count):
        low = subset & -subset
        union[subset] = union[subset ^ low] | operands[low.bit_length() - 1]
    last = len(union) - 1
    return [union[subset] & (kept | union[last ^ subset]) for subset in range(last + 1)]


def _right_parts(subset: int) -> Iterator[int]:
    """The non-empty subsets that leave the lowest element out."""
    rest = subset & (subset - 1)
    part = rest
    while part:
        yield part
        part = (part - 1) & rest


def _tree(subset: int, best: dict[int, tuple[int, int]]) -> Tree:
    right = best[subset][1]
    return (_tree(subset ^ right, best), _tree(right, best)) if right else subset


def _greedy(operands: Sequence[int], kept: int, volume: _Volume) -> Tree:
    """Take the pair whose result grows least over its arguments; at a tie the cheapest, then the first."""
    alive = dict(enumerate(operands))
    trees: dict[int, Tree] = {k: 1 << k for k in range(len(operands))}
    for made in range(len(operands), 2 * len(operands) - 1):
        twice, thrice = _repeated(alive.values())

        def step(i: int, j: int, twice: int = twice, thrice: int = thrice) -> tuple[int, int, int, int, int]:
            left, right = alive[i], alive[j]
            result = (left | right) & (kept | thrice | (twice & ~(left & right)))
            return volume[result] - volume[left] - volume[right], volume[left | right], i, j, result

        _, _, i, j, result = min(step(i, j) for i, j in _first_pairs(alive))
        del alive[i], alive[j]
        alive[made] = result
        trees[made] = trees.pop(i), trees.pop(j)
    return trees.popitem()[1]


def _first_pairs(alive: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """For every two sets of indices the first two operands that have them: all other such pairs cost the same."""
    places: dict[int, list[int]] = {}
    for place, mask in alive.items():
        places.setdefault(mask, []).append(place)
    yield from ((first, second) for first, second, *_ in (own for own in places.values() if len(own) > 1))
    yield from itertools.combinations(sorted(own[0] for own in places.values()), 2)


def _repeated(masks: Iterable[int]) -> tuple[int, int]:
    """The indices that occur in at least two and in at least three of the operands."""
    once = twice = thrice = 0
    for mask in masks:
        thrice |= twice & mask
        twice |= once & mask
        once |= mask
    return twice, thrice
