"""Rule 1 of ranges: where an index stands alone in a position, that axis gives its size; a delta hands it on."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.errors import Span
from tcgrad.ir.indices import Integer
from tcgrad.language.ranges.errors import RangeErrors
from tcgrad.language.ranges.slots import NO_GUARDS, RangeProblem, Read, Slot, classes, find
from tcgrad.language.symbols import Symbols


class PlainSizes:
    """``firm``: the pairs of slots that are of one size for good; ``classes``: which slots share theirs."""

    def __init__(self, problem: RangeProblem, symbols: Symbols, errors: RangeErrors) -> None:
        self.problem = problem
        self.symbols = symbols
        self.errors = errors
        self.by_index = {slot.index: slot for slot in problem.slots}
        self.by_extent = {slot.extent: slot for slot in problem.slots}
        self.reads = [(slot, read) for read in problem.reads if (slot := self.slot(read)) is not None]
        own = [(owner, slot) for slot, read in self.reads if (owner := self.owner(read.size)) is not None]
        self.firm = [*problem.equal, *own]
        self.classes = classes(self.firm)

    def slot(self, read: Read) -> Slot | None:
        """The slot that stands alone in the position of ``read``, unless its range was declared."""
        index = read.position.as_index
        slot = self.by_index[index] if index is not None else None
        return slot if slot is not None and slot.fixed is None else None

    def owner(self, size: Integer) -> Slot | None:
        """The slot whose size ``size`` stands for, if it is an axis of the tensor that is being defined."""
        return self.by_extent.get(size.as_index) if size.as_index is not None else None

    def fixed(self) -> Iterator[tuple[Slot, Integer]]:
        """The slots whose sizes are declared or told by a plain occurrence, of which any two must agree."""
        fixing = [(slot, read) for slot, read in self.reads if self.fixes(read)]
        self.join_deltas(fixing)
        sizes: dict[Slot, tuple[Integer, Read | None]] = {
            find(self.classes, slot): (slot.fixed, None) for slot in self.problem.slots if slot.fixed is not None
        }
        for slot, read in fixing:
            self.agree(sizes, slot, read)
        for slot in self.problem.slots:
            size = slot.fixed or sizes.get(find(self.classes, slot), (None, None))[0]
            if size is not None:
                yield slot, size

    def fixes(self, read: Read) -> bool:
        """Whether a plain read fixes the size: not where it is 0 outside, or a condition keeps it inside."""
        if not read.decides or self.owner(read.size) is not None:
            return False
        return read.guards == NO_GUARDS or not read.is_guarded(read.size - 1 - read.position)

    def join_deltas(self, fixing: list[tuple[Slot, Read]]) -> None:
        """Make the sizes equal that stand together in a delta, except known and different ones in an expectation."""
        declared = {find(self.classes, slot): slot.fixed for slot in self.problem.slots if slot.fixed is not None}
        known = {slot: size.value for slot, size in declared.items()}
        known.update((find(self.classes, slot), read.size.value) for slot, read in fixing)
        for first, second, span in self.problem.deltas:
            left, right = (find(self.classes, slot) for slot in (first, second))
            sizes = {known[slot] for slot in (left, right) if slot in known}
            if left is right or (len(sizes) > 1 and self.problem.is_expectation):
                continue
            if left in declared and right in declared:
                self.agree_by_declaration((first, declared[left]), (second, declared[right]), span)
            self.classes[right] = left
            known.update((left, size) for size in sizes)
            if right in declared:
                declared.setdefault(left, declared[right])

    def agree_by_declaration(self, one: tuple[Slot, Integer], other: tuple[Slot, Integer], delta: Span) -> None:
        """Note that two ranges of one delta, both declared, are equal, or that they are not."""
        first, second = one[1], other[1]
        if first.value == second.value:
            self.note_equal(first, second)
        else:
            self.errors.declared_apart(one, other, delta)

    def agree(self, sizes: dict[Slot, tuple[Integer, Read | None]], slot: Slot, read: Read) -> None:
        """Note the size of an axis for the slot that stands alone in it, or that it has another one."""
        size, first = sizes.setdefault(find(self.classes, slot), (read.size, read))
        if size.value == read.size.value:
            self.note_equal(size, read.size)
            if size != read.size and size.as_number is None and read.size.as_number is None:
                self.errors.coincidence(slot, size, read, first)
        else:
            self.errors.two_sizes(slot, size, read, first)

    def note_equal(self, first: Integer, second: Integer) -> None:
        """Two sizes that must be equal, or the equations cannot be read."""
        if first != second and not self.problem.is_expectation:
            self.symbols.equal.append((first, second))

    def is_settled(self, read: Read) -> bool:
        """Whether a read is plain and cannot leave its tensor, because it gave its index the range or shares it."""
        return self.slot(read) is not None and (self.fixes(read) or self.owner(read.size) is not None)
