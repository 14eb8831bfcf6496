"""The values of integer inputs for which what they index is read inside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from tcgrad.ir.indices import Atom, Gather, Integer, Quotient, Remainder
from tcgrad.ir.nodes import Component
from tcgrad.ir.ranges import bounds, is_nonnegative
from tcgrad.records import dataclass

_WIDEST = 2**31


@dataclass(frozen=True)
class Span:
    """The whole numbers from ``low`` to ``high``, both among them; none where ``high`` is less."""

    low: int
    high: int

    def __and__(self, other: Span) -> Span:
        return Span(max(self.low, other.low), min(self.high, other.high))

    def __contains__(self, other: Span) -> bool:
        return self.low <= other.low and other.high <= self.high

    def __str__(self) -> str:
        if self.low <= -_WIDEST:
            return f"at most {self.high}"
        return f"{self.low} to {self.high}" if self.high < _WIDEST else f"at least {self.low}"

    @property
    def is_empty(self) -> bool:
        return self.high < self.low


ALL = Span(-_WIDEST, _WIDEST)


@dataclass
class Reach:
    """What reads ask of the integer inputs that decide their positions.

    inside: the values for which everything is read inside that no condition keeps there.
    around: values to draw where any may be: up to one position beyond where there are zeros or a condition, and a
        share of the positions that several inputs decide together.
    equal: the values that an index has with which they are compared, as a class label is.
    """

    inside: dict[str, Span] = field(default_factory=dict)
    around: dict[str, Span] = field(default_factory=dict)
    equal: dict[str, Span] = field(default_factory=dict)

    def values(self, name: str) -> Span | None:
        """What an input without declared values is drawn from; None if it is no index and compared with none."""
        inside, around = self.inside.get(name), self.around.get(name)
        if inside is None or around is None:
            return inside or around or self.equal.get(name)
        both = inside & around
        return inside if both.is_empty else both

    def compare(self, left: Integer, right: Integer) -> None:
        """Take up that two positions are asked whether they are equal."""
        for label, position in ((left, right), (right, left)):
            atom, index = _only_atom(label), position.as_index
            if isinstance(atom, Gather) and index is not None:
                name = atom.tensor.name
                self.equal[name] = self.equal.get(name, ALL) & Span(0, index.size.value - 1)

    def add(self, read: Component | Gather, slacks: Iterable[Integer] = ()) -> None:
        """Take a read up, with those of the integer tensors in its positions.

        slacks: what is at least 0 wherever the value that is read matters.
        """
        for position, size in zip(read.indices, read.tensor.shape, strict=True):
            if not position.gathers:
                continue
            last = size - 1
            is_kept = [any(is_nonnegative(room - slack) for slack in slacks) for room in (position, last - position)]
            if read.tensor.zero_outside or any(is_kept):
                self._keep(position, Span(-1, size.value), self.around)
            if not read.tensor.zero_outside and not all(is_kept):
                low, high = (ALL.low if is_kept[0] else 0), (ALL.high if is_kept[1] else last.value)
                self._keep(position, Span(low, high), self.inside)

    def _keep(self, position: Integer, within: Span, into: dict[str, Span]) -> None:
        """Let a position stay within a span."""
        moving = list(_run_time_terms(position))
        into = into if len(moving) == 1 else self.around
        for atom, factor in moving:
            rest = _span(position - Integer.of(atom) * factor) if len(moving) == 1 else None
            room = Span(within.low - rest.low, within.high - rest.high) if rest else _share(within, len(moving))
            own = _divided(room, factor)
            match atom:
                case Gather():
                    name = atom.tensor.name
                    into[name] = into.get(name, ALL) & own
                    self.add(atom)
                case Quotient():
                    divisor = atom.divisor.value
                    self._keep(atom.dividend, Span(own.low * divisor, own.high * divisor + divisor - 1), into)
                case Remainder():
                    self._look_inside(atom.dividend)

    def _look_inside(self, anywhere: Integer) -> None:
        """Take up what is read within an expression that may have any value."""
        for atom, _ in _run_time_terms(anywhere):
            match atom:
                case Gather():
                    self.add(atom)
                case Quotient() | Remainder():
                    self._look_inside(atom.dividend)


def _only_atom(position: Integer) -> Atom | None:
    """The atom that is all of a position, if one is."""
    atoms = position.atoms
    return atoms[0] if len(atoms) == 1 and position == Integer.of(atoms[0]) else None


def _run_time_terms(position: Integer) -> Iterator[tuple[Atom, int]]:
    """The parts of a position that integer tensors decide, each with its coefficient at the sizes of the spec."""
    for monomial, coefficient in position.terms:
        for atom in monomial:
            inner = atom.dividend if isinstance(atom, Quotient | Remainder) else None
            if isinstance(atom, Gather) or (inner is not None and any(_run_time_terms(inner))):
                others = Integer.collect([(tuple(other for other in monomial if other is not atom), coefficient)])
                yield atom, others.value


def _span(integer: Integer) -> Span | None:
    """The values of what no integer tensor decides; None where they cannot be told."""
    found = bounds(integer)
    return None if found is None else Span(found[0].value, found[1].value)


def _share(within: Span, count: int) -> Span:
    """What each of several may have for their sum to stay within a span that begins at 0 or just before."""
    return Span(0, max(0, within.high // count))


def _divided(room: Span, factor: int) -> Span:
    """The whole numbers whose multiple is within a span."""
    if factor < 0:
        return _divided(Span(-room.high, -room.low), -factor)
    return Span(-(-room.low // factor), room.high // factor)
