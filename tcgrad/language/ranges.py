"""Which values each index takes: from plain positions, then from compound ones, then checked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from tcgrad.errors import Note, Span
from tcgrad.ir.indices import Index, Integer
from tcgrad.language.bounds import Interval, interval, solve_at_least_zero
from tcgrad.language.integers import has_gather, write_integer
from tcgrad.language.slots import Guards, RangeProblem, Read, Slot, classes, find
from tcgrad.language.symbols import Refused, Symbols

_ENUMERATED = 20_000
"""How many combinations of index values are tried where interval arithmetic cannot show that a read is inside."""


@dataclass
class RangeSolution:
    """The final index of every slot, and what stands for its provisional index and size.

    A range that does not begin at 0 is shifted: the provisional index becomes the final one plus its beginning.
    """

    indices: dict[Index, Index] = field(default_factory=dict)
    values: dict[Index, Integer] = field(default_factory=dict)


def solve_ranges(problem: RangeProblem, symbols: Symbols, equation: Span) -> RangeSolution:
    """Find the range of every slot.

    Raises:
        Refused: after errors, if sizes contradict each other, a range is not determined, or a read can leave its
            tensor.
    """
    solver = _Solver(problem, symbols, equation)
    return solver.solve()


class _Solver:
    """``low`` and ``high``, both included, of each slot whose range is known so far."""

    def __init__(self, problem: RangeProblem, symbols: Symbols, equation: Span) -> None:
        self.problem = problem
        self.symbols = symbols
        self.equation = equation
        self.by_index = problem.by_index()
        self.by_extent = problem.by_extent()
        self.low: dict[Slot, Integer] = {}
        self.high: dict[Slot, Integer] = {}
        self.failed = False

    def solve(self) -> RangeSolution:
        self.fix_plain()
        self.narrow()
        self.spread()
        self.refuse_unknown()
        self.stop_if_failed()
        self.check_beginnings()
        self.check_reads()
        self.stop_if_failed()
        return self.solution()

    def stop_if_failed(self) -> None:
        if self.failed:
            raise Refused

    def error(self, code: str, message: str, span: Span, help_: str | None = None, *notes: Note) -> None:
        self.symbols.refuse(code, message, span, help_, *notes)
        self.failed = True

    def plain_slot(self, read: Read) -> Slot | None:
        """The slot that stands alone in the position of ``read``, unless its range was declared."""
        index = read.position.as_index
        slot = self.by_index[index] if index is not None else None
        return slot if slot is not None and slot.fixed is None else None

    def owner(self, size: Integer) -> Slot | None:
        """The slot whose size ``size`` stands for, if it is an axis of the tensor that is being defined."""
        return self.by_extent.get(size.as_index) if size.as_index is not None else None

    def fix_plain(self) -> None:
        """Rule 1: a plain occurrence fixes the size, and two must agree; a delta hands the size on."""
        plain = [(slot, read) for read in self.problem.reads if (slot := self.plain_slot(read)) is not None]
        own = [(slot, owner) for slot, read in plain if (owner := self.owner(read.size)) is not None]
        fixing = [(slot, read) for slot, read in plain if self.fixes(read)]
        self.classes = classes([*self.problem.equal, *own])
        self.join_deltas(fixing)
        sizes: dict[Slot, tuple[Integer, Read | None]] = {
            find(self.classes, slot): (slot.fixed, None) for slot in self.problem.slots if slot.fixed is not None
        }
        for slot, read in fixing:
            self.agree(sizes, slot, read)
        for slot in self.problem.slots:
            size = slot.fixed or sizes.get(find(self.classes, slot), (None, None))[0]
            if size is not None:
                self.low[slot], self.high[slot] = Integer.of(0), size - 1

    def fixes(self, read: Read) -> bool:
        """Whether a plain read fixes the size: not where it is 0 outside, or a condition keeps it inside."""
        return read.decides and self.owner(read.size) is None and not read.is_guarded(read.size - 1 - read.position)

    def join_deltas(self, fixing: list[tuple[Slot, Read]]) -> None:
        """Make the sizes equal that stand together in a delta, except known and different ones in an expectation."""
        known = {find(self.classes, slot): read.size.value for slot, read in fixing}
        for pair in self.problem.deltas:
            left, right = (find(self.classes, slot) for slot in pair)
            sizes = {known[slot] for slot in (left, right) if slot in known}
            if left is not right and (len(sizes) < 2 or not self.problem.is_expectation):
                self.classes[right] = left
                known.update((left, size) for size in sizes)

    def agree(self, sizes: dict[Slot, tuple[Integer, Read | None]], slot: Slot, read: Read) -> None:
        """Note the size of an axis for the slot that stands alone in it, or that it has another one."""
        size, first = sizes.setdefault(find(self.classes, slot), (read.size, read))
        if size.value == read.size.value:
            if size != read.size and size.as_number is None and read.size.as_number is None:
                self.warn_of_coincidence(slot, size, read, first)
        else:
            self.refuse_sizes(slot, size, read, first)

    def refuse_sizes(self, slot: Slot, size: Integer, read: Read, first: Read | None) -> None:
        place = self.place(read)
        message = f"`{slot.name}` has two sizes: {_sized(size)} and {_sized(read.size)}"
        if first is None:
            self.error("TC306", message, read.span, f"{place} has size {_sized(read.size)}; `indices:` says otherwise")
            return
        note = Note(first.span, f"{self.place(first)} has size {_sized(size)}")
        help_ = f"{place} has size {_sized(read.size)}; write another index, or transpose"
        self.error("TC306", message, read.span, help_, note)

    def warn_of_coincidence(self, slot: Slot, size: Integer, read: Read, first: Read | None) -> None:
        message = (
            f"`{slot.name}` runs over {write_integer(size)} and over {write_integer(read.size)},"
            f" which are equal only because both are {size.value}"
        )
        notes = (Note(first.span, f"{self.place(first)} has size {_sized(size)}"),) if first else ()
        self.symbols.warn("TC323", message, read.span, "declare both axes with one dim", *notes)

    def place(self, read: Read) -> str:
        return f"axis {read.axis} of `{read.tensor}`"

    def deciding(self) -> Iterator[tuple[Read, Integer, list[Slot]]]:
        """The conditions of compound positions that are not guarded, each with its slots."""
        for read in self.problem.reads:
            if not read.decides or self.plain_slot(read) or self.owner(read.size) or has_gather(read.position):
                continue
            for condition in read.conditions:
                if not read.is_guarded(condition):
                    yield read, condition, [self.by_index[index] for index in condition.indices]

    def narrow(self) -> None:
        """Rule 2: a compound position of one index narrows its range to where the read is inside."""
        for _, condition, slots in self.deciding():
            if len(slots) == 1 and slots[0].fixed is None:
                self.restrict(slots[0], solve_at_least_zero(condition, slots[0].index, {}))

    def restrict(self, slot: Slot, bounds: tuple[Integer | None, Integer | None] | None) -> None:
        low, high = bounds or (None, None)
        if low is not None and low.value > self.low.get(slot, Integer.of(0)).value:
            self.low[slot] = low
        if high is not None and (slot not in self.high or high.value < self.high[slot].value):
            self.high[slot] = high
            self.low.setdefault(slot, Integer.of(0))

    def spread(self) -> None:
        """Rule 3: where one index of a position is left, it gets the largest range from 0 that keeps reads inside."""
        conditions: dict[Slot, list[tuple[Integer, list[Slot]]]] = {}
        for _, condition, slots in self.deciding():
            for slot in slots if len(slots) > 1 else []:
                conditions.setdefault(slot, []).append((condition, slots))
        left = [slot for slot in self.problem.slots if slot not in self.high]
        while left:
            chosen = self.next_solvable(left, conditions) or self.next_padded(left)
            if chosen is None:
                return
            left.remove(chosen)

    def next_solvable(
        self, left: list[Slot], conditions: Mapping[Slot, list[tuple[Integer, list[Slot]]]]
    ) -> Slot | None:
        """Give a range to the first slot that is alone in all its positions, else to the first alone in one."""
        for needed in (all, any):
            for slot in left:
                alone = [
                    all(other is slot or other in self.high for other in slots) for _, slots in conditions.get(slot, [])
                ]
                if alone and needed(alone) and self.widen(slot, [c for c, _ in conditions[slot]]):
                    return slot
        return None

    def widen(self, slot: Slot, conditions: list[Integer]) -> bool:
        known = self.intervals()
        for condition in conditions:
            bounds = solve_at_least_zero(condition, slot.index, known)
            if bounds is not None and bounds[1] is not None:
                self.restrict(slot, bounds)
        return slot in self.high

    def next_padded(self, left: list[Slot]) -> Slot | None:
        """Give a range to the first slot that stands alone in an axis of a tensor with zeros outside."""
        for read in self.problem.reads:
            slot = self.plain_slot(read)
            if slot in left and self.owner(read.size) is None:
                for other in left:
                    if find(self.classes, other) is find(self.classes, slot):
                        self.low[other], self.high[other] = Integer.of(0), read.size - 1
                return slot
        return None

    def intervals(self) -> dict[Index, Interval]:
        """The known ranges, a recurrence's without the positions of its base cases."""
        ranges = {}
        for slot, high in self.high.items():
            low = self.low[slot]
            ranges[slot.index] = Interval(Integer.of(slot.begins) if slot.begins > low.value else low, high)
        return ranges

    def refuse_unknown(self) -> None:
        unknown = [slot for slot in self.problem.slots if slot not in self.high]
        if any(slot.name in self.symbols.broken and slot.name not in self.symbols.tensors for slot in unknown):
            self.failed = True  # its declared range was refused
            return
        for name in dict.fromkeys(slot.name for slot in unknown):
            slot = next(slot for slot in unknown if slot.name == name)
            others = self.companions(slot, unknown)
            what = "no position on the right gives it one" if slot.is_free else "no plain position gives it one"
            message = f"the range of `{name}` is not known: {what}"
            if others:
                shown = " and ".join(f"`{other}`" for other in others)
                message = f"the ranges of `{name}` and {shown} are not known: they only occur together in one position"
            self.error("TC309", message, slot.span, f"declare it: `indices: {{{name}: SIZE}}`")

    def companions(self, slot: Slot, unknown: list[Slot]) -> list[str]:
        names = [
            other.name
            for _, _, slots in self.deciding()
            if slot in slots
            for other in slots
            if other is not slot and other in unknown
        ]
        return list(dict.fromkeys(names))

    def check_beginnings(self) -> None:
        for slot in self.problem.slots:
            low, high = self.low[slot], self.high[slot]
            if high.value < low.value:
                self.error("TC310", f"no value of `{slot.name}` keeps every read inside its tensor", slot.span)
            elif slot.is_free and low.value > slot.begins:
                message = f"`{slot.name}` could only run from {write_integer(low)}, but a free index begins at 0"
                self.error("TC311", message, slot.span, f"write `{self.shifted(slot, low)}`")
            elif slot.begins:
                self.low[slot] = Integer.of(0)

    def shifted(self, slot: Slot, low: Integer) -> str:
        """The text of the equation with ``slot`` counted from ``low``."""
        source, moved = self.symbols.report.source, {slot.index: slot.index.expr + low}
        if source is None:
            return f"{slot.name} + {write_integer(low)}"
        text, at = "", self.equation.start
        for span, mention, is_value in sorted(self.problem.mentions, key=lambda item: item[0].start):
            if slot.index in mention.indices and span.start >= at:
                shown = write_integer(mention.substitute(moved))
                text += source.text[at : span.start] + (f"({shown})" if is_value else shown)
                at = span.end
        return " ".join((text + source.text[at : self.equation.end]).split())

    def check_reads(self) -> None:
        """Rules 3 and 4: no read may leave its tensor."""
        ranges = self.intervals()
        sizes = {slot.extent: self.high[slot] + 1 - self.low[slot] for slot in self.problem.slots}
        for read in self.problem.reads:
            if read.decides and not has_gather(read.position) and not (self.plain_slot(read) and self.fixes(read)):
                size = read.size.substitute(sizes)
                conditions = Read(read.tensor, read.axis, read.position, size, read.span).conditions
                if not all(self.holds(condition, read, ranges) for condition in conditions):
                    self.refuse_read(read, size, ranges)

    def holds(self, condition: Integer, read: Read, ranges: Mapping[Index, Interval]) -> bool:
        for expr in (condition, *(condition - guard for guard in read.guards.bounds(ranges))):
            values = interval(expr, ranges)
            if values is not None and values.low.value >= 0:
                return True
        return _never_negative(condition, read.guards, ranges)

    def refuse_read(self, read: Read, size: Integer, ranges: Mapping[Index, Interval]) -> None:
        values = interval(read.position, ranges)
        shown = self.symbols.text(read.span)
        last = size.value - 1
        where = f"{self.place(read)} has positions 0 to {last}"
        if not read.position.indices:
            self.error("TC310", f"`{shown}` is outside: {where}", read.span)
            return
        runs = f"`{shown}` runs from {values.low.value} to {values.high.value}" if values else f"`{shown}` can leave"
        each = ", ".join(
            f"{index.name} from {ranges[index].low.value} to {ranges[index].high.value}"
            for index in read.position.indices
        )
        help_ = "declare a smaller range under `indices:`, or `outside: 0` for the input"
        self.error("TC310", f"{runs}, but {where} ({each})", read.span, help_)

    def solution(self) -> RangeSolution:
        solution = RangeSolution()
        for slot in self.problem.slots:
            low, size = self.low[slot], self.high[slot] + 1 - self.low[slot]
            final = Index(slot.name, size)
            solution.indices[slot.index] = final
            solution.values[slot.index] = final.expr + low
            solution.values[slot.extent] = size
        return solution


def _sized(size: Integer) -> str:
    text = write_integer(size)
    return text if size.as_number is not None else f"{text} = {size.value}"


def _never_negative(condition: Integer, guards: Guards, ranges: Mapping[Index, Interval]) -> bool:
    """Try all values of the indices, where they are not too many."""
    exprs = (condition, *guards.at_least_zero, *guards.not_zero)
    indices = tuple(dict.fromkeys(index for expr in exprs for index in expr.indices))
    if any(index not in ranges for index in indices) or any(has_gather(expr) for expr in exprs):
        return False
    values = [range(ranges[index].low.value, ranges[index].high.value + 1) for index in indices]
    if prod(len(each) for each in values) > _ENUMERATED:
        return False
    places = (dict(zip(indices, combination, strict=True)) for combination in itertools.product(*values))
    return all(condition.evaluate(at) >= 0 or not guards.hold(at) for at in places)
