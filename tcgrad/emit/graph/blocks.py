"""Where the blocks of an assembled array stand: apart, side by side, all over it."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.filling import Assemble, Block, Place, Scatter, is_whole
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.indices import Integer

# An array that is added, and where it stands.
Part = tuple[Node, Block]
_ZERO, _ONE = Integer.of(0), Integer.of(1)


def whole_first(node: Node) -> list[Part]:
    """The arrays that a node is assembled of, with their blocks."""
    blocks = node.operation.blocks if isinstance(node.operation, Assemble) else ()
    return sorted(zip(node.arguments, blocks, strict=True), key=lambda part: not is_whole(part[0], part[1], node))


def fill_all(node: Node, parts: Sequence[Part]) -> bool:
    """Whether blocks side by side along an axis are the whole array, and each is assigned."""
    if any(block.looped or isinstance(array.operation, Scatter) for array, block in parts):
        return False
    blocks = [block for _, block in parts]
    return any(_is_filled_along(axis, node, blocks) for axis in range(len(node.shape)))


def _is_filled_along(axis: int, node: Node, blocks: Sequence[Block]) -> bool:
    lengths = {block.places[axis].start: _length_along(axis, node, block) for block in blocks}
    at = _ZERO
    for _ in blocks:
        length = lengths.get(at)
        if length is None:
            return False
        at += length
    return at == node.shape[axis]


def _length_along(axis: int, node: Node, block: Block) -> Integer | None:
    """How many positions of an axis a block takes, one after the other, if it takes all of the other axes."""
    labels = [label for place in block.places for label, _ in place.steps]
    is_straight = len(set(labels)) == len(labels) and all(step == _ONE for p in block.places for _, step in p.steps)
    if not is_straight or any(len(place.steps) > 1 for place in block.places):
        return None
    lengths = [block.sizes[place.steps[0][0]] if place.steps else _ONE for place in block.places]
    takes_all = (
        other == axis or (place.steps and not place.start.terms and length == size)
        for other, (place, length, size) in enumerate(zip(block.places, lengths, node.shape, strict=True))
    )
    return lengths[axis] if all(takes_all) else None


def stand_apart(one: Block, other: Block, fitting: Fitting) -> bool:
    """Whether two blocks certainly share no position: along some axis one is at other steps than the other, or ends
    before it begins.
    """
    never_negative = fitting.never_negative
    for first, second in zip(one.places, other.places, strict=True):
        if _are_apart(first, second):
            return True
        here, there = _extent(first, one.sizes), _extent(second, other.sizes)
        if here and there and (never_negative(there[0] - here[1] - 1) or never_negative(here[0] - there[1] - 1)):
            return True
    return False


def _are_apart(one: Place, other: Place) -> bool:
    first, second = one.start.as_number, other.start.as_number
    between = (one.start - other.start).as_number if first is None or second is None else first - second
    steps = [step.as_number for place in (one, other) for _, step in place.steps]
    if between is None or None in steps:
        return False
    common = gcd(*(step for step in steps if step is not None))
    return between % common != 0 if common else between != 0


def _extent(place: Place, sizes: Sequence[Integer]) -> tuple[Integer, Integer] | None:
    """The first and the last position, if it is known in which direction the steps go."""
    low = high = place.start
    for label, step in place.steps:
        by = step.as_number
        if by is None:
            return None
        reach = (sizes[label] - 1) * by
        low, high = (low, high + reach) if by > 0 else (low + reach, high)
    return low, high
