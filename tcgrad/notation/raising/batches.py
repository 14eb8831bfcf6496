"""Tensors of order three and more as batches of vectors and matrices: an index that runs through is held.

What is said is said for every value of a batch index that the left side has, and summed over one that it has not.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import Component, IndexSum
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import bound_indices, walk
from tcgrad.notation.matrix.negation import settled
from tcgrad.notation.raising.expressions import Raising
from tcgrad.notation.raising.form import MatrixForm
from tcgrad.notation.raising.gathers import places_in, reads_in
from tcgrad.notation.raising.refusal import Refusal

MOST_HELD = 3
MOST_TRIALS = 24


def raise_batched(
    raising: Raising, define: Define, names: Mapping[Index, str], most_held: int = MOST_HELD
) -> MatrixForm | None:
    """The form with the fewest indices held, leading axes first; None if there is none.

    names: for the free and bound indices of the definition.
    """
    for held in _choices(define, most_held)[:MOST_TRIALS]:
        form = _raise_with(raising, define, {index: Dim(names.get(index, index.name), 0) for index in held})
        if form is not None:
            return form
    return None


def _choices(define: Define, most_held: int) -> list[tuple[Index, ...]]:
    """The sets of indices that bring everything down to order two, first the small ones that hold leading axes."""
    nodes = list(walk(define.body))
    components = list(reads_in(define.body))
    axes = [*map(_plain_axes, components), *((*_plain_axes(place), None) for place in places_in(define.body))]
    reads = [positions for positions in axes if len(positions) > 2]
    summed = {index for node in nodes if isinstance(node, IndexSum) for index in bound_indices(node)}
    read = dict.fromkeys(index for positions in reads for index in positions if index in summed)
    either = [*define.free, *(index for index in read if index is not None)]
    candidates = [index for index in either if all(runs_through(index, component) for component in components)]
    sets = (held for n in range(1, most_held + 1) for held in itertools.combinations(candidates, n))
    enough = [held for held in sets if all(_left_over(p, held) <= 2 for p in (*reads, define.free))]
    lying = (*reads, define.free)
    return sorted(enough, key=lambda held: (len(held), sum(_depth(positions, held) for positions in lying)))


def runs_through(index: Index, read: Component) -> bool:
    """Whether a component has the index at one position at most, alone, and along the whole axis."""
    occurrences = [position for position in read.indices if index in position.indices]
    is_alone = all(position.as_index is index for position in occurrences)
    return len(occurrences) <= 1 and is_alone and spans(index, read)


def spans(index: Index, read: Component) -> bool:
    """Whether an index runs along the whole of every axis at which a component has it alone."""
    axes = zip(read.indices, read.tensor.shape, strict=True)
    return all(size.value == index.size.value for position, size in axes if position.as_index is index)


def _plain_axes(read: Component) -> tuple[Index | None, ...]:
    return tuple(position.as_index for position in read.indices)


def _left_over(positions: Sequence[Index | None], held: Sequence[Index]) -> int:
    return sum(index not in held for index in positions)


def _depth(positions: Sequence[Index | None], held: Sequence[Index]) -> int:
    """How far from the front the held axes lie."""
    return sum(place for place, index in enumerate(positions) if index in held)


def _raise_with(raising: Raising, define: Define, held: Mapping[Index, Dim]) -> MatrixForm | None:
    """The form with these indices held."""
    left = tuple(Integer.of(held[index]) if index in held else None for index in define.free)
    body = substitute(define.body, {index: Integer.of(held[index]) for index in define.free if index in held})
    axes = tuple(index for index in define.free if index not in held)
    summed = {index: dim for index, dim in held.items() if index not in define.free}
    raised = Raising(raising.intrinsics, summed).over(body, axes)
    if isinstance(raised, Refusal):
        return None
    return MatrixForm(define.tensor, settled(raised), "full", left if any(left) else ())
