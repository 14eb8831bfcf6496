"""Arrays out of blocks: each block written, or added, along the positions that its equalities tell."""

from __future__ import annotations

from tcgrad.emit.graph.arrays import Axes, Node, Value
from tcgrad.emit.graph.filling import Assemble, Block, Place, Scatter, whole
from tcgrad.emit.graph.indexing import array_numbers, axes_of_indexed, indexed_axes
from tcgrad.emit.graph.operations import Slice
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.lowering.positions import Positions
from tcgrad.emit.lowering.structure import Structured, Term, finished
from tcgrad.emit.sizes.axis_reads import affine_parts, by_length, is_sliced, known_indices
from tcgrad.emit.sizes.overhangs import at_least, overhang
from tcgrad.ir.guards import range_slacks
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.ranges import never_negative
from tcgrad.records import dataclass

_ZERO = Integer.of(0)


def dense(build: Builder, positions: Positions, structured: Structured, free: Axes) -> Value:
    """One value, with zeros where the structure has them; ``free`` gives the order of its axes then."""
    if structured.plain is not None:
        return finished(build, structured.plain)
    used = structured.indices
    axes = tuple(index for index in free if index in used)
    axes += tuple(sorted(used.keys() - set(free), key=lambda index: index.serial))
    return Value(assembled(build, positions, structured, axes), axes)


def assembled(build: Builder, positions: Positions, structured: Structured, axes: Axes) -> Node:
    """The array with these axes, zeros written out."""
    return _Assembly(build, positions, axes, structured.terms).node()


def loops(term_places: list[Integer]) -> tuple[Index, ...]:
    """The indices to loop over such that at most one is left in each position: the shorter ones."""
    looped: dict[Index, None] = {}
    for place in term_places:
        inside = [index for index in place.indices if index not in looped]
        longest = max(inside, key=by_length, default=None)
        looped.update(dict.fromkeys(index for index in inside if index is not longest))
    return tuple(looped)


@dataclass
class _Assembly:
    """One array and the terms that it is the sum of."""

    build: Builder
    positions: Positions
    axes: Axes
    terms: tuple[Term, ...]

    def node(self) -> Node:
        """Zeros and blocks; with a margin cut off afterwards where a block reaches beyond the array."""
        margins = [self._margin(index) for index in self.axes]
        shape = tuple(before + index.size + after for index, (before, after) in zip(self.axes, margins, strict=True))
        blocks: list[Block] = []
        arrays: list[Node] = []
        for term in self.terms:
            places = self._places(term)
            starts = [before for before, _ in margins]
            if all(is_sliced(place, self.build.fitting) for place in places):
                block, array = self._block(term, [p + start for p, start in zip(places, starts, strict=True)])
            else:
                block, array = whole(shape), self._scattered(term, places, starts, shape)
            blocks.append(block)
            arrays.append(array)
        if blocks == [whole(shape)] and isinstance(arrays[0].operation, Scatter):
            return self._cut(arrays[0], margins)
        return self._cut(self.build.graph.make(Assemble(tuple(blocks)), tuple(arrays), shape), margins)

    def _places(self, term: Term) -> list[Integer]:
        solved = dict(term.equal)
        return [solved.get(index, index.expr) for index in self.axes]

    def _margin(self, axis: Index) -> tuple[Integer, Integer]:
        """How much longer the array must be, before and after, for every block to fit in."""
        before = after = _ZERO
        for term in self.terms:
            for index, place in term.equal:
                if index is axis:
                    low, high = overhang(place, axis.size, self.build.fitting)
                    before = self._larger(before, low)
                    after = self._larger(after, high)
                    if self._is_loose(place, axis.size):
                        after = self._larger(after, Integer.of(1))
        return before, after

    def _larger(self, first: Integer, second: Integer | None) -> Integer:
        """A size that is at least as large as both, whatever the dims are."""
        size = at_least(second, self.build.fitting)
        if never_negative(first - size):
            return first
        return size if never_negative(size - first) else first + size

    def _is_loose(self, place: Integer, size: Integer) -> bool:
        """Whether a place that integer tensors decide may be outside: another axis may run on where none is.

        So may one of a value that is read where a condition says, and one that the program itself does not read.
        """
        if not place.gathers:
            return False
        runs_on = not set(known_indices(place)).isdisjoint(self.axes)
        return runs_on or self.positions.is_loose(place, size) or self.build.fitting.may_leave(place, size)

    def _cut(self, node: Node, margins: list[tuple[Integer, Integer]]) -> Node:
        for axis, (before, after) in enumerate(margins):
            if before.terms or after.terms:
                shape = (*node.shape[:axis], self.axes[axis].size, *node.shape[axis + 1 :])
                node = self.build.graph.make(Slice(axis, before, Integer.of(1)), (node,), shape)
        return node

    def _block(self, term: Term, places: list[Integer]) -> tuple[Block, Node]:
        """The block of a term whose positions are affine, and the array that fills it."""
        value = finished(self.build, term)
        value = Value(self.build.as_float(value.node), value.axes)
        looped = loops(places)
        order = tuple(dict.fromkeys(index for place in places for index in place.indices))
        kept = tuple(index for index in order if index not in looped)
        labels = {index: label for label, index in enumerate((*looped, *kept))}
        indexed = tuple(index for index in looped if index in value.axes)
        node = self.build.aligned(value, (*indexed, *kept), full=bool(indexed))
        made = []
        for place in places:
            start, steps = affine_parts(place)
            made.append(Place(start, tuple((labels[index], step) for index, step in steps.items())))
        sizes = tuple(index.size for index in (*looped, *kept))
        return Block(tuple(made), sizes, len(looped), tuple(labels[index] for index in indexed)), node

    def _scattered(self, term: Term, places: list[Integer], starts: list[Integer], shape: tuple[Integer, ...]) -> Node:
        """The array of a term whose positions are integer arrays: values that meet are added."""
        value = finished(self.build, term)
        chosen = indexed_axes([p + start for p, start in zip(places, starts, strict=True)], shape)
        loose = [self._is_loose(place, axis.size) for place, axis in zip(places, self.axes, strict=True)]
        parts = tuple(zip(self.axes, places, starts, loose, chosen, strict=True))
        leaving = [(axis, place) for axis, place, _, is_loose, _ in parts if is_loose]
        with self.positions.guarded(range_slacks(*leaving)):  # another place may be read there
            arrays = [
                self.positions.place(place, axis.size, start, loose=is_loose)
                for axis, place, start, is_loose, is_chosen in parts
                if is_chosen
            ]
        common = self.build.combined_axes(arrays, value.axes)
        missing = tuple(index for index in term.loose if index not in common)
        common += missing
        order = axes_of_indexed(places, chosen, common)
        nodes = tuple(self.build.aligned(array, common) for array in arrays)
        # with all its axes: NumPy's `add.at` goes wrong on a vector where the block has fewer axes than its positions
        block = self.build.aligned(value, order, full=bool(value.axes))
        plain = [place.as_index for _, place, _, is_loose, is_chosen in parts if is_chosen and not is_loose]
        operation = Scatter(array_numbers(chosen), distinct=set(common).issubset(plain))
        return self.build.graph.make(operation, (block, *nodes), shape)
