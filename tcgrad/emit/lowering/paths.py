"""The order in which the operands of a product with sums are combined, two at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

# Dynamic programming looks at 3^n / 2 pairs of subsets: a third of a millisecond for seven operands.
OPTIMAL_UP_TO = 7

Tree = int | tuple["Tree", "Tree"]
Known = tuple[tuple[int, int], ...]  # sets of operands whose product need not be computed, with what they cost


def contraction_tree(operands: Sequence[int], kept: int, sizes: Sequence[int], known: Known = ()) -> Tree:
    """Which operands to combine: a leaf is a set of operands (one, or a known product), as a bit mask.

    operands: the indices of each as a bit mask.
    kept: the indices of the result, as a bit mask; the others are summed where they occur last.
    sizes: the size of each index, by bit number.
    known: sets of operands, as bit masks in ascending order, whose product is known, with the cost of using it.

    The cost of a step is its number of multiplications plus the size of its result; the tree is optimal
    for few operands and greedy beyond.
    """
    if len(operands) == 1:
        return 1
    if len(operands) == 2:
        # Two arrays that hold the same indices are summed in step, which takes longer than the sum of their product.
        return 3 if (3, 0) in known or (operands[0] == operands[1] and known) else (1, 2)
    if len(operands) <= OPTIMAL_UP_TO:
        return _optimal(tuple(operands), kept, tuple(sizes), known)
    return _greedy(operands, kept, _Volume(sizes))


class _Volume(dict[int, int]):
    """The product of the sizes of a set of indices, kept once it is known."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__({0: 1})
        self._sizes = sizes

    def __missing__(self, mask: int) -> int:
        low = mask & -mask
        value = self[mask] = self[mask ^ low] * self._sizes[low.bit_length() - 1]
        return value


@lru_cache(maxsize=1024)
def _optimal(operands: tuple[int, ...], kept: int, sizes: tuple[int, ...], known: Known) -> Tree:
    """The best tree; kept, for the layers of a network ask for the same ones again and again."""
    volume, live, given = _Volume(sizes), _live(operands, kept), dict(known)
    costs, rights = [0] * len(live), [0] * len(live)  # of each subset, and its right part
    for subset in range(1, len(live)):
        if subset & (subset - 1) == 0 or given.get(subset) == 0:
            continue
        cost, right = _best_split(subset, costs, live, volume)
        cost += volume[live[subset]]
        if subset in given and given[subset] <= cost:
            cost, right = given[subset], 0
        costs[subset], rights[subset] = cost, right
    return _tree(len(live) - 1, rights)


def _best_split(subset: int, costs: Sequence[int], live: Sequence[int], volume: _Volume) -> tuple[int, int]:
    """The least cost of multiplying the products of two parts of a subset, and the right one of these.

    A multiplication costs a little more where both arguments are broadcast. At equal cost the operands are taken
    from left to right: the smallest, last right part wins.
    """
    rest = right = subset & (subset - 1)  # the lowest element is in the left part
    least, chosen = -1, 0
    while right:
        left = subset ^ right
        first, second = live[left], live[right]
        union = first | second
        cost = costs[left] + costs[right] + volume[union]
        if union not in (first, second):
            cost += 1
        if cost < least or least < 0 or (cost == least and right.bit_count() < chosen.bit_count()):
            least, chosen = cost, right
        right = (right - 1) & rest
    return least, chosen


def _live(operands: Sequence[int], kept: int) -> list[int]:
    """For each subset of the operands the indices that its product keeps."""
    count = len(operands)
    union = [0] * (1 << count)
    for subset in range(1, 1 << count):
        low = subset & -subset
        union[subset] = union[subset ^ low] | operands[low.bit_length() - 1]
    last = len(union) - 1
    return [union[subset] & (kept | union[last ^ subset]) for subset in range(last + 1)]


def _tree(subset: int, rights: Sequence[int]) -> Tree:
    right = rights[subset]
    return (_tree(subset ^ right, rights), _tree(right, rights)) if right else subset


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
