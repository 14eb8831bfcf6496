"""Indices while their ranges are being worked out, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tcgrad.errors import Span
from tcgrad.ir.indices import Index, Integer
from tcgrad.language.bounds import normalise

_UNKNOWN = Integer.of(0)


@dataclass(eq=False)
class Slot:
    """One index of one scope.

    span: where it occurs first. is_free: whether it stands on a left side.
    fixed: the size declared under ``indices:``.
    index, extent: stand for the index and for its size until the range is known.
    begins: positions at the beginning that are defined otherwise (the base cases of a recurrence).
    """

    name: str
    span: Span
    is_free: bool = False
    fixed: Integer | None = None
    begins: int = 0
    index: Index = field(init=False)
    extent: Index = field(init=False)

    def __post_init__(self) -> None:
        self.index = Index(self.name, _UNKNOWN)
        self.extent = Index(f"size of {self.name}", _UNKNOWN)


@dataclass(frozen=True)
class Read:
    """A component's position along one axis.

    decides: False where a read outside the tensor is 0, and so says nothing about ranges.
    guards: expressions that are at least 0 wherever the read counts.
    """

    tensor: str
    axis: int
    position: Integer
    size: Integer
    span: Span
    decides: bool = True
    guards: tuple[Integer, ...] = ()

    @property
    def conditions(self) -> tuple[Integer, Integer]:
        """Two expressions that are at least 0 where the position is inside the tensor."""
        return normalise(self.position), normalise(self.size - 1 - self.position)

    def is_guarded(self, condition: Integer) -> bool:
        """Whether a guard says by itself that ``condition`` is at least 0, whatever the ranges are."""
        gaps = (condition - guard for guard in self.guards)
        return any(not gap.indices and gap.value >= 0 for gap in gaps)


@dataclass
class RangeProblem:
    """The slots of one or several equations, their reads, and which of them have the same size.

    mentions: every position in which an index occurs, and every bare index, for help that shows a shifted equation.
    """

    slots: list[Slot] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    equal: list[tuple[Slot, Slot]] = field(default_factory=list)
    mentions: list[tuple[Span, Integer]] = field(default_factory=list)

    def slot(self, name: str, span: Span, fixed: Integer | None, *, is_free: bool = False) -> Slot:
        """A new index."""
        slot = Slot(name, span, is_free, fixed)
        self.slots.append(slot)
        return slot

    def by_index(self) -> dict[Index, Slot]:
        return {slot.index: slot for slot in self.slots}

    def by_extent(self) -> dict[Index, Slot]:
        return {slot.extent: slot for slot in self.slots}


def find(parents: dict[Slot, Slot], slot: Slot) -> Slot:
    """The representative of a slot among those of the same size."""
    while parents.get(slot, slot) is not slot:
        slot = parents[slot]
    return slot


def classes(pairs: Iterable[tuple[Slot, Slot]]) -> dict[Slot, Slot]:
    """The slots of equal size, each led to a representative by `find`."""
    parents: dict[Slot, Slot] = {}
    for left, right in pairs:
        a, b = find(parents, left), find(parents, right)
        if a is not b:
            parents[b] = a
    return parents
