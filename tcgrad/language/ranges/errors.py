"""What is said about ranges that contradict each other, are not known, or let a read leave its tensor."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tcgrad.errors import Note, Span
from tcgrad.ir.indices import Index, Integer
from tcgrad.language.integers import write_integer
from tcgrad.language.parsing.lexer import respelled
from tcgrad.language.ranges.bounds import Interval, interval
from tcgrad.language.ranges.slots import RangeProblem, Read, Slot
from tcgrad.language.symbols import Symbols

_DEFINES = re.compile("(?<![<>=!])=(?!=)")


class RangeErrors:
    """Reports mistakes about the ranges of one equation, or of one recurrence; ``found`` tells whether there are."""

    def __init__(self, problem: RangeProblem, symbols: Symbols, equation: Span) -> None:
        self.problem = problem
        self.symbols = symbols
        self.equation = equation
        self.found = False

    def error(self, code: str, message: str, span: Span, help_: str | None = None, *notes: Note) -> None:
        self.symbols.refuse(code, message, span, help_, *notes)
        self.found = True

    def two_sizes(self, slot: Slot, size: Integer, read: Read, first: Read | None) -> None:
        """``read`` gives ``slot`` another size than ``first`` (None: than ``indices:``) did."""
        message = f"`{slot.name}` has two sizes: {_sized(size)} and {_sized(read.size)}"
        if first is None:
            help_ = f"{_axis_of(read)} has size {_sized(read.size)}; `indices:` says otherwise"
            self.error("TC306", message, read.span, help_)
            return
        note = Note(first.span, f"{_axis_of(first)} has size {_sized(size)}")
        help_ = f"{_axis_of(read)} has size {_sized(read.size)}; write another index"
        tensor = self.symbols.tensors.get(read.tensor)
        help_ += ", or transpose" if tensor is None or tensor.order > 1 else ""
        self.error("TC306", message, read.span, self._end_of_steps(size, read, first) or help_, note)

    def _end_of_steps(self, size: Integer, read: Read, first: Read) -> str | None:
        """How to end a recurrence that runs on for longer than what is read beside it."""
        longer, end = (read, size) if read.size.value > size.value else (first, read.size)
        axis, index = self.symbols.stepped.get(longer.tensor, (None, ""))
        if axis != longer.axis or index in self.symbols.indices:
            return None
        return f"write `indices: {{{index}: {write_integer(end)}}}` to end the recurrence of `{longer.tensor}` there"

    def unequal(self, left: Slot, right: Slot, sizes: tuple[Integer, Integer]) -> None:
        """Two indices of one axis of a recurrence have different ranges."""
        message = f"`{right.name}` runs over {_sized(sizes[1])} positions here, and over {_sized(sizes[0])} elsewhere"
        note = Note(left.span, f"`{left.name}` runs over {_sized(sizes[0])} positions of the same axis")
        self.error("TC306", message, right.span, "all equations of a recurrence fill the same positions", note)

    def declared_apart(self, one: tuple[Slot, Integer], other: tuple[Slot, Integer], delta: Span) -> None:
        """Two indices of a delta have different ranges under ``indices:``."""
        (left, first), (right, second) = one, other
        message = f"a delta makes its indices equally long: `{left.name}` has size {_sized(first)} under `indices:`"
        help_ = "declare one size for both, or compare them in an Iverson bracket"
        self.error(
            "TC306",
            f"{message}, and `{right.name}` {_sized(second)}",
            delta,
            f"{help_}: `[{left.name} == {right.name}]`",
        )

    def coincidence(self, slot: Slot, size: Integer, read: Read, first: Read | None) -> None:
        """Two dims are taken for each other, and agree by chance."""
        both = f"over {write_integer(size)} and over {write_integer(read.size)}"
        message = f"`{slot.name}` runs {both}, which are equal only because both are {size.value}"
        notes = (Note(first.span, f"{_axis_of(first)} has size {_sized(size)}"),) if first else ()
        self.symbols.warn("TC323", message, read.span, "declare both axes with one dim", *notes)

    def unknown(self, slot: Slot, companions: Sequence[str]) -> None:
        """Nothing gives ``slot`` a range; ``companions`` are those in whose positions it occurs."""
        what = "no position on the right gives it one" if slot.is_free else "no plain position gives it one"
        message = f"the range of `{slot.name}` is not known: {what}"
        if companions:
            shown = " and ".join(f"`{name}`" for name in companions)
            message = f"the ranges of `{slot.name}` and {shown} are not known: they only occur together in one position"
        self.error("TC309", message, slot.span, f"declare it: `indices: {{{slot.name}: SIZE}}`")

    def empty(self, slot: Slot) -> None:
        self.error("TC310", f"no value of `{slot.name}` keeps every read inside its tensor", slot.span)

    def begins_late(self, slot: Slot, low: Integer) -> None:
        """A free index could only run from ``low``."""
        message = f"`{slot.name}` could only run from {write_integer(low)}, but a free index begins at 0"
        self.error("TC311", message, slot.span, self._shift_help(slot, low))

    def _shift_help(self, slot: Slot, low: Integer) -> str:
        """The shifted equation; where several are one recurrence, words: its own positions would move as well."""
        source = self.symbols.report.source
        if source is not None and len(_DEFINES.findall(source.text[self.equation.start : self.equation.end])) > 1:
            return f"shift what it reads, so that `{slot.name}` begins at 0; a base case may stand at 0"
        return f"write `{self._shifted(slot, low)}`"

    def _shifted(self, slot: Slot, low: Integer) -> str:
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
        return respelled(text + source.text[at : self.equation.end])

    def leaves(self, read: Read, size: Integer, ranges: Mapping[Index, Interval]) -> None:
        """A position takes values outside the axis of ``size``; the arithmetic is shown."""
        values = interval(read.position, ranges)
        shown = self.symbols.text(read.span)
        last = size.value - 1
        where = f"{_axis_of(read)} has positions 0 to {last}"
        if not read.position.indices:
            help_ = f"positions count from 0: the last one is `{write_integer(size - Integer.of(1))}`"
            self.error("TC310", f"`{shown}` is outside: {where}", read.span, help_)
            return
        steps = all(not ranges[index].is_empty for index in read.position.indices)
        runs = f"runs from {values.low.value} to {values.high.value}" if values and steps else "can leave"
        runs = f"`{shown}` {runs}"
        each = ", ".join(_run(index, ranges[index]) for index in read.position.indices)
        help_ = "declare a smaller range under `indices:`, or `outside: 0` for the input"
        self.error("TC310", f"{runs}, but {where} ({each})", read.span, help_)


def _run(index: Index, values: Interval) -> str:
    if values.is_empty:
        return f"{index.name} takes no value at these sizes"
    return f"{index.name} from {values.low.value} to {values.high.value}"


def _axis_of(read: Read) -> str:
    return f"axis {read.axis} of `{read.tensor}`"


def _sized(size: Integer) -> str:
    text = write_integer(size)
    return text if size.as_number is not None else f"{text} = {size.value}"
