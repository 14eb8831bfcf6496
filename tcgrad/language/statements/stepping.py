"""The parts of a recurrence while it is read: its members, their base cases, and what a step may read."""

from __future__ import annotations

from dataclasses import field

from tcgrad.errors import Span
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Expr
from tcgrad.language.ranges.slots import Slot
from tcgrad.language.symbols import Symbols
from tcgrad.language.syntax import Equation, Name
from tcgrad.records import dataclass

FARTHEST = 1000
"""How many steps back a recurrence may reach, and how many base cases a tensor may have."""


@dataclass
class Base:
    """A base case: the tensor at one position of its axis."""

    equation: Equation
    position: int
    names: tuple[Name, ...]
    free: dict[str, Slot] = field(default_factory=dict)
    body: Expr | None = None


@dataclass
class Member:
    """One tensor of a recurrence: its base cases and the equation of its steps."""

    name: str
    axis: int
    bases: list[Base]
    equation: Equation
    names: tuple[Name, ...]
    free: dict[str, Slot] = field(default_factory=dict)
    body: Expr | None = None
    reads: list[tuple[Member, int, Span]] = field(default_factory=list)

    def base_at(self, position: int) -> Base | None:
        return next((base for base in self.bases if base.position == position), None)


@dataclass(frozen=True)
class Stepped:
    """The stepped axis of ``member``, as an equation reads it.

    step: the slot of the running index, and None in a base case, which is at ``position``.
    known: whether the value at the present position is known already.
    reads: where the steps back are noted.
    """

    member: Member
    step: Slot | None
    position: int | None
    known: bool
    reads: list[tuple[Member, int, Span]]

    @property
    def axis(self) -> int:
        return self.member.axis

    def check(self, position: Integer, span: Span, symbols: Symbols) -> None:
        """Note a read, or refuse (TC320) one whose value is not known at the step that reads it."""
        name, number = self.member.name, position.as_number
        if number is not None:
            if self.position is None:
                message = f"position {number} of `{name}` is fixed, and its steps read a constant number of steps back"
                help_ = "give the value of that base case a name of its own, and read that"
                raise symbols.refuse("TC320", message, span, help_)
            if self.member.base_at(number) is None or number > self.position - (not self.known):
                message = f"position {number} of `{name}` is not known here: no base case before defines it"
                raise symbols.refuse("TC320", message, span)
            return
        step = self.step.name if self.step is not None else "t"
        back = (position - self.step.index.expr).as_number if self.step is not None else None
        if back is None or back < -FARTHEST:
            message = f"inside its recurrence `{name}` is read a constant number of steps back"
            raise symbols.refuse("TC320", message, span, f"write `{step}-1` in this position")
        if back > 0 or (back == 0 and not self.known):
            message = f"`{name}` is not known at `{symbols.text(span)}` when that step is worked out"
            raise symbols.refuse("TC320", message, span, f"read an earlier step, as in `{step}-1`")
        self.reads.append((self.member, back, span))
