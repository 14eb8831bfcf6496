"""Indices while their ranges are being worked out, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from tcgrad.errors import Span
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.inequalities import normalise
from tcgrad.language.ranges.bounds import Ranges, interval
from tcgrad.records import dataclass

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
class Guards:
    """What holds wherever a read counts: some integers are at least 0, others are not 0."""

    at_least_zero: tuple[Integer, ...] = ()
    not_zero: tuple[Integer, ...] = ()

    def and_(self, other: Guards) -> Guards:
        return Guards(self.at_least_zero + other.at_least_zero, self.not_zero + other.not_zero)

    def bounds(self, ranges: Ranges) -> tuple[Integer, ...]:
        """Expressions that are at least 0: of what is not 0 the side that ``ranges`` leave."""
        sides = [*self.at_least_zero]
        for expr in self.not_zero:
            values = interval(expr, ranges)
            if values is not None and values.low.value >= 0:
                sides.append(expr - 1)
            if values is not None and values.high.value <= 0:
                sides.append(-expr - 1)
        return tuple(sides)

    @property
    def sides(self) -> tuple[tuple[Integer, bool], ...]:
        """Expressions that may be at least 0: of what is not 0 both sides, and (then the second is True) those."""
        either = [(side - 1, True) for expr in self.not_zero for side in (expr, -expr)]
        return (*((expr, False) for expr in self.at_least_zero), *either)

    def hold(self, at: Mapping[Index, int]) -> bool:
        """Whether they hold at these values of the indices."""
        positive = all(expr.evaluate(at) >= 0 for expr in self.at_least_zero)
        return positive and all(expr.evaluate(at) != 0 for expr in self.not_zero)


NO_GUARDS = Guards()


def common_guards(terms: Sequence[Guards]) -> Guards:
    """What holds wherever one term or another of a sum counts: what is at least 0 by the guards of each of them."""
    candidates = dict.fromkeys(expr for guards in terms for expr in guards.at_least_zero)
    return Guards(tuple(expr for expr in candidates if all(_imply(guards, expr) for guards in terms)))


def _is_between(gap: Integer, end: int | None) -> bool:
    """Whether ``gap`` is a size from 0 on, and below ``end`` if there is one."""
    return not gap.indices and gap.value >= 0 and (end is None or gap.value < end)


def _imply(guards: Guards, expr: Integer) -> bool:
    gaps = (expr - guard for guard in guards.at_least_zero)
    return any(gap.as_number is not None and gap.as_number >= 0 for gap in gaps)


@dataclass(frozen=True)
class Read:
    """A component's position along one axis.

    decides: False where a read outside the tensor is 0, and so says nothing about ranges.
    """

    tensor: str
    axis: int
    position: Integer
    size: Integer
    span: Span
    decides: bool = True
    guards: Guards = NO_GUARDS

    @property
    def conditions(self) -> tuple[Integer, Integer]:
        """Two expressions that are at least 0 where the position is inside the tensor."""
        return normalise(self.position), normalise(self.size - 1 - self.position)

    def is_guarded(self, condition: Integer) -> bool:
        """Whether a guard alone says that ``condition`` is at least 0.

        Where something is not 0, that is so on the side where ``condition`` would be below 0 if it were: ``i != 0``
        keeps ``x[i-1]`` from the beginning, and says nothing of the end. The reads are checked against the guards again
        once the ranges are known.
        """
        gaps = ((condition - guard, 1 if excludes else None) for guard, excludes in self.guards.sides)
        return any(_is_between(gap, end) for gap, end in gaps)

    def is_guarded_by_multiples(self, condition: Integer) -> bool:
        """The same of a guard times a number: ``2*n - 1 - 2*(j + i)`` is at least 0 where ``n - 1 - (j + i)`` is."""
        for guard, excludes in ((guard, excludes) for guard, excludes in self.guards.sides if guard.indices):
            first = guard.indices[0]
            one, several = (expr.coefficient(first) for expr in (guard, condition))
            times = several.value // one.value if one and several and one.value else 0
            if times > 0 and _is_between(condition - guard * times, times if excludes else None):
                return True
        return False


@dataclass
class RangeProblem:
    """The slots of one or several equations, their reads, and which of them have the same size.

    equal: pairs of one size. deltas: pairs that stand together in a delta, and where.
    is_expectation: the left side gives its indices their sizes, so that a delta may compare different ones.
    mentions: every place where indices stand in a position, or (then the last is True) an index stands as a value;
        for help that shows a shifted equation.
    """

    slots: list[Slot] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    equal: list[tuple[Slot, Slot]] = field(default_factory=list)
    deltas: list[tuple[Slot, Slot, Span]] = field(default_factory=list)
    is_expectation: bool = False
    mentions: list[tuple[Span, Integer, bool]] = field(default_factory=list)

    def slot(self, name: str, span: Span, fixed: Integer | None, *, is_free: bool = False) -> Slot:
        """A new index."""
        slot = Slot(name, span, is_free, fixed)
        self.slots.append(slot)
        return slot


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
