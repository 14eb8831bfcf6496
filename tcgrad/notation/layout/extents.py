"""Which range the language would infer for an index that an equation sums without naming its range.

And where it would infer none: a factor that gives it one.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import ZERO, Component, Delta, Expr, IndexValue, Iverson, Pow
from tcgrad.ir.ranges import never_negative
from tcgrad.ir.reads import lone_positions, lone_sizes, positions_read
from tcgrad.ir.sizes import dims_in, with_dims
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, free_indices, walk
from tcgrad.notation.layout.factors import guard

NO_DIMS: Mapping[Dim, Integer] = {}


def size_is_read(index: Index, parts: Iterable[Expr]) -> bool:
    """Whether the index stands alone in positions of its own size, and in no other, whatever the values of the dims."""
    sizes = list(lone_sizes(index, parts))
    return bool(sizes) and all(index.size == size for size in sizes)


def stands_alone(index: Index, parts: Iterable[Expr]) -> bool:
    """Whether the index is a whole position, so that the language gives it that axis's range at most."""
    return any(True for _ in lone_sizes(index, parts))


def is_between_axes(delta: Delta) -> bool:
    """Whether it compares two indices of different sizes, as numbers: a delta that is written makes them one."""
    first, second = delta.left.as_index, delta.right.as_index
    return first is not None and second is not None and first.size.value != second.size.value


def contradicted(parts: Iterable[Expr]) -> set[Index]:
    """The indices that stand alone in positions of different sizes, which only those of a declared range may do."""
    sizes: dict[Index, int] = {}
    return {
        index
        for part in parts
        for node in walk(part)
        for index, size in lone_positions(node)
        if sizes.setdefault(index, size.value) != size.value
    }


def range_is_implied(
    index: Index, parts: Iterable[Expr], unknown: Collection[Index] = (), *, smallest: bool = False
) -> bool | None:
    """Whether the reads in ``parts`` alone give the index its size.

    unknown: other indices whose ranges are not known before, unless reads of their own tell them.
    smallest: whether of positions that contradict each other the shortest is taken to tell.

    True if they do, False if they allow more values than the index has or fewer, or contradict each other, None if they
    decide nothing. A position shared with other indices decides nothing beside one that has the index alone, or where a
    condition may keep it inside.
    """
    nodes = [node for part in parts for node in walk(part)]
    leaves = [node for node in nodes if not children(node)]
    holding = [node for node in leaves if index in free_indices(node)]
    sizes = [size.value for node in holding for own, size in lone_positions(node) if own is index]
    if sizes and min(sizes) == index.size.value:
        return smallest or max(sizes) == min(sizes)
    alone = _reads_of_its_own(index, holding)
    if sizes or any(_is_condition_on(index, node) for node in nodes):
        compound = alone
    else:
        compound = [read for node in holding for read in _compound_reads(index, node)]
    shared = {other for position, _ in compound for other in position.indices}
    untold = {other for other in unknown if other in shared and not _is_told_alone(other, leaves)}
    compound = [read for read in compound if untold.isdisjoint(read[0].indices)]
    if not sizes and not compound:
        return None
    return _is_ended(index, compound, alone or compound)


def range_is_seen(index: Index, parts: Iterable[Expr]) -> bool:
    """Whether people who know the shapes see the range of an index: it is a whole position, or all of it but a shift.

    A position shared with other indices tells them nothing.
    """
    leaves = [node for part in parts for node in walk(part) if not children(node)]
    sizes = [size for node in leaves for own, size in lone_positions(node) if own is index]
    if index.size in sizes and index.size.value == min(size.value for size in sizes):
        return True
    own = _reads_of_its_own(index, leaves)
    return _is_ended(index, own, own)


def _is_ended(
    index: Index, reads: Sequence[tuple[Integer, Integer]], deciding: Sequence[tuple[Integer, Integer]]
) -> bool:
    """Whether reads at longer positions are inside for all values of an index, and those that decide for no more."""
    last = index.size.value - 1
    if any(_leaves(index, last, position, size) for position, size in reads):
        return False
    implied = any(_leaves(index, last + 1, position, size) for position, size in deciding)
    return implied and _is_implied_elsewhere(index, deciding)


def _is_implied_elsewhere(index: Index, reads: Sequence[tuple[Integer, Integer]]) -> bool:
    """Whether the positions give the index its size with other values of the dims, too: not by chance.

    What other indices leave over for one of a size that is a number is read as it is at the spec's own sizes.
    """
    sizes = [other.size for position, _ in reads for other in (index, *position.indices)]
    if index.size.as_number is not None and any(position.indices != (index,) for position, _ in reads):
        return True
    dims = {dim.name: dim for each in (*sizes, *itertools.chain(*reads)) for dim in dims_in(each)}
    numbered = [(n, dims[name]) for n, name in enumerate(sorted(dims))]
    # One after the other, dims move by an odd number in the first case, and by numbers of which one is odd in the next.
    moved = [{dim: Integer.of(3 * dim.value + step * n + 1) for n, dim in numbered} for step in (2, 1)]
    return all(_is_implied_with(index, reads, values) for values in moved)


def _is_implied_with(index: Index, reads: Sequence[tuple[Integer, Integer]], values: Mapping[Dim, Integer]) -> bool:
    last = with_dims(index.size, values).value - 1
    ends = any(_leaves(index, last + 1, *read, values) for read in reads)
    return ends and not any(_leaves(index, last, *read, values) for read in reads)


def _is_condition_on(index: Index, node: Expr) -> bool:
    """Whether a node compares what an index stands for, such as ``[2*k + n < N]``."""
    compared = children(node) if isinstance(node, Iverson) else ()
    return any(isinstance(part, IndexValue) and index in free_indices(part) for part in compared)


def _is_told_alone(index: Index, nodes: Sequence[Expr]) -> bool:
    """Whether a position without other indices ends the range of this one."""
    if any(own is index for node in nodes for own, _ in lone_positions(node)):
        return True
    return any(_leaves(index, index.size.value, *read) for read in _reads_of_its_own(index, nodes))


def ranging_factor(index: Index, tensors: Sequence[Tensor], *, narrows: bool) -> Expr | None:
    """A factor that is 1 and reads a tensor where that gives the index its range, ``x[n]^0``; None if none does.

    Where the axis is longer it is read from behind, ``x[N+n-3]^0``, as it is at all sizes.

    narrows: whether the index is a whole position elsewhere, of more values, so that the factor may have no such one.
    """
    reads = [(tensor, axis, _spread(index, times, spare)) for tensor, axis, times, spare in _axes_for(index, tensors)]
    return next((_to_the_power_of_0(*each) for each in reads if not (narrows and each[2].as_index)), None)


def ranging_factors(index: Index, tensors: Sequence[Tensor]) -> tuple[Expr, ...]:
    """The same for all sizes: where no axis ends with the range whatever they are, a condition ends it as well."""
    axes = _axes_for(index, tensors)
    if not axes:
        return ()
    tensor, axis, times, spare = axes[0]
    if spare.as_number is not None:
        return (_to_the_power_of_0(tensor, axis, _spread(index, times, spare)),)
    return _to_the_power_of_0(tensor, axis, _spread(index, times, Integer.of(0))), guard(index)


def _axes_for(index: Index, tensors: Sequence[Tensor]) -> list[tuple[Tensor, int, int, Integer]]:
    """Axes that are long enough, if each position is read some ``times``, and what they have to ``spare`` then.

    First come those that have as much at all sizes, and those of which each position is read once.
    """
    axes = [(tensor, axis, size) for tensor in tensors for axis, size in enumerate(tensor.shape)]
    enough = [(tensor, axis, _times(index, size), size) for tensor, axis, size in axes]
    found = [(tensor, axis, times, size * times - index.size) for tensor, axis, times, size in enough]
    return sorted(found, key=lambda each: (each[3].as_number is None, each[2]))


def _times(index: Index, size: Integer) -> int:
    """How often each position of an axis is read for an index, so that there is one for each of its values.

    As few times as the spec's sizes ask for, if that is enough at others; else as many as the index has values, where
    that is a number: an axis of one position is long enough then.
    """
    fewest = -(-index.size.value // size.value)
    number = index.size.as_number
    return fewest if number is None or never_negative(size * fewest - index.size) else number


def _spread(index: Index, times: int, spare: Integer) -> Integer:
    """The position of the index on an axis of which each position is read some ``times``: ``n+2``, ``(n+1)//2``."""
    shifted = index.expr + spare
    return shifted if times == 1 else shifted // Integer.of(times)


def _to_the_power_of_0(tensor: Tensor, axis: int, position: Integer) -> Expr:
    positions = [Integer.of(0)] * tensor.order
    positions[axis] = position
    return Pow(Component(tensor, tuple(positions)), ZERO)


def _compound_reads(index: Index, node: Expr) -> Iterator[tuple[Integer, Integer]]:
    return ((e, size) for e, size in positions_read(node) if e.as_index is not index and index in e.indices)


def _reads_of_its_own(index: Index, nodes: Iterable[Expr]) -> list[tuple[Integer, Integer]]:
    """Those at positions that no other index shares."""
    return [read for node in nodes for read in _compound_reads(index, node) if read[0].indices == (index,)]


def _leaves(index: Index, value: int, position: Integer, size: Integer, dims: Mapping[Dim, Integer] = NO_DIMS) -> bool:
    """Whether ``value`` of the index reads outside, for some values of the other indices, with these sizes of dims."""
    others = [other for other in position.indices if other is not index]
    ends = [(0, with_dims(other.size, dims).value - 1) for other in others]
    moved, length = with_dims(position, dims), with_dims(size, dims).value
    for corner in itertools.product(*ends):
        values = dict(zip(others, corner, strict=True)) | {index: value}
        try:
            reached = moved.evaluate(values)
        except TypeError:  # a gathered position is known at run time only
            return False
        if not 0 <= reached < length:
            return True
    return False
