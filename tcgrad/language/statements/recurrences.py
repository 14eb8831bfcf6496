"""Recurrences: equations that define tensors step by step along one index."""

from __future__ import annotations

from collections.abc import Mapping

from tcgrad.errors import Note
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import Expr
from tcgrad.ir.program import Case, Fit, Recurrence
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.language.expressions.summation import Elaborator
from tcgrad.language.ranges.resolution import Resolver
from tcgrad.language.ranges.slots import RangeProblem, Slot
from tcgrad.language.ranges.solve import RangeSolution, solve_ranges
from tcgrad.language.statements.arranging import Group, is_base_case, literal, target_name
from tcgrad.language.statements.equations import check_free_name, equation_indices, free_indices, free_slot
from tcgrad.language.statements.stepping import FARTHEST, Base, Member, Stepped
from tcgrad.language.symbols import Refused, Symbols
from tcgrad.language.syntax import Equation, Name, Subscript
from tcgrad.records import dataclass


def define_recurrence(group: Group, symbols: Symbols) -> Recurrence:
    """The statement that the equations of ``group`` are together; its tensors are put into ``symbols``.

    Raises:
        Refused: after errors.
    """
    members = _members(group, symbols)
    problem = RangeProblem()
    step = _step(members, problem, symbols)
    places = {member.name: Tensor(member.name, _extents(member), Role.DEFINED) for member in members.values()}
    try:
        symbols.tensors.update(places)
        for place, member in enumerate(members.values()):
            reading = _Reading(members, {*[*members][:place]}, step, problem, symbols)
            reading.read(member)
        whole = group.equations[0].span.to(group.equations[-1].span)
        solution = solve_ranges(problem, symbols, whole)
        _check_steps(members, solution.values[step.extent], symbols)
    except Refused:
        for name in members:
            symbols.tensors.pop(name, None)
        raise
    symbols.stepped.update((member.name, (member.axis, step.name)) for member in members.values())
    return _statement(members, step, solution, places, symbols)


def _members(group: Group, symbols: Symbols) -> dict[str, Member]:
    """The tensors of the group in the order of their steps, each left side checked."""
    bases: dict[str, list[tuple[int, Base]]] = {}
    for equation in group.equations:
        if is_base_case(equation):
            bases.setdefault(target_name(equation), []).append(_base(equation, symbols))
    steps = [equation for equation in group.equations if not is_base_case(equation)]
    missing = [name for name in bases if name not in map(target_name, steps)]
    if missing:
        name = missing[0]
        if name in symbols.broken:  # the equation of its steps is there, and cannot be read
            raise Refused
        span = bases[name][0][1].equation.target.span
        help_ = f"add the equation of its steps: `{name}[t] = ... {name}[t-1] ...`"
        raise symbols.refuse("TC320", f"`{name}` has base cases, but no equation for the other positions", span, help_)
    index = _running_name(bases, steps)
    members: dict[str, Member] = {}
    for equation in steps:
        member = _member(equation, bases, index, symbols)
        symbols.places[member.name] = equation.target.span
        members[member.name] = member
    return members


def _base(equation: Equation, symbols: Symbols) -> tuple[int, Base]:
    """A base case and the axis of its literal."""
    target = equation.target
    assert isinstance(target, Subscript)  # noqa: S101 - a base case has positions
    axes = [axis for axis, position in enumerate(target.positions) if literal(position) is not None]
    position = literal(target.positions[axes[0]]) or 0
    if len(axes) > 1 or position < -FARTHEST:
        message = "a base case has one literal position, at most a thousand steps before 0"
        raise symbols.refuse("TC320", message, target.span)
    rest = [position for axis, position in enumerate(target.positions) if axis != axes[0]]
    return axes[0], Base(equation, position, free_indices(rest, symbols))


def _running_name(bases: Mapping[str, list[tuple[int, Base]]], steps: list[Equation]) -> str:
    """The name of the index that the recurrence runs along: what stands where a base case has its literal."""
    for equation in steps:
        target = equation.target
        found = bases.get(target_name(equation))
        if found and isinstance(target, Subscript) and found[0][0] < len(target.positions):
            position = target.positions[found[0][0]]
            if isinstance(position, Name):
                return position.name
    return ""


def _member(equation: Equation, bases: Mapping[str, list[tuple[int, Base]]], index: str, symbols: Symbols) -> Member:
    name, target = target_name(equation), equation.target
    check_free_name(name, target.name_span if isinstance(target, Subscript) else target.span, symbols)
    names = free_indices(target.positions if isinstance(target, Subscript) else (), symbols)
    axis = next((axis for axis, each in enumerate(names) if each.name == index), None)
    own = bases.get(name, [])
    if axis is None:
        message = f"`{name}` belongs to a recurrence along `{index}`, but has no index `{index}`"
        help_ = f"the equations of one recurrence step together along `{index}`"
        raise symbols.refuse("TC320", message, target.span, help_)
    if len(own) > FARTHEST:
        raise symbols.refuse("TC320", f"`{name}` has more than {FARTHEST} base cases", target.span)
    seen: dict[int, Base] = {}
    for other, base in own:
        span = base.equation.target.span
        if other != axis or len(base.names) != len(names) - 1:
            note = Note(target.span, "the steps are defined here")
            message = f"this base case of `{name}` does not fit its steps"
            raise symbols.refuse("TC320", message, span, f"put the literal where `{index}` stands", note)
        if base.position in seen:
            note = Note(seen[base.position].equation.target.span, "the first is here")
            raise symbols.refuse("TC302", f"`{name}` has two base cases at {base.position}", span, None, note)
        seen[base.position] = base
    return Member(name, axis, [base for _, base in own], equation, names)


def _step(members: Mapping[str, Member], problem: RangeProblem, symbols: Symbols) -> Slot:
    """Make the slots of all left sides; the one of the running index is common to all steps."""
    first = next(iter(members.values()))
    step = free_slot(first.names[first.axis], problem, symbols)
    step.begins = min(_beginning(member) for member in members.values())
    for member in members.values():
        for axis, name in enumerate(member.names):
            member.free[name.name] = step if axis == member.axis else free_slot(name, problem, symbols)
        others = [slot for slot in member.free.values() if slot is not step]
        for base in member.bases:
            base.free = {name.name: free_slot(name, problem, symbols) for name in base.names}
            problem.equal.extend(zip(others, base.free.values(), strict=True))
    return step


def _beginning(member: Member) -> int:
    """How many positions from 0 on have base cases."""
    count = 0
    while member.base_at(count) is not None:
        count += 1
    return count


def _extents(member: Member) -> tuple[Integer, ...]:
    return tuple(slot.extent.expr for slot in member.free.values())


@dataclass(frozen=True)
class _Reading:
    """What the right sides of one member are read with; ``before`` it are those known at the same step."""

    members: Mapping[str, Member]
    before: set[str]
    step: Slot
    problem: RangeProblem
    symbols: Symbols

    def read(self, member: Member) -> None:
        """Fill in the bodies of the base cases and of the steps."""
        for base in member.bases:
            stepped = {
                m.name: Stepped(m, None, base.position, known=m.name in self.before, reads=[])
                for m in self.members.values()
            }
            base.body = self._body(base.equation, base.free, stepped)
        stepped = {
            m.name: Stepped(m, self.step, None, known=m.name in self.before, reads=member.reads)
            for m in self.members.values()
        }
        member.body = self._body(member.equation, member.free, stepped)

    def _body(self, equation: Equation, free: dict[str, Slot], stepped: Mapping[str, Stepped]) -> Expr:
        reader = Elaborator(self.symbols, self.problem, equation_indices(equation.body, free, self.symbols))
        reader.recurrent = stepped
        reader.enter(free)
        return reader.terms(equation.body, frozenset(free))


def _check_steps(members: Mapping[str, Member], size: Integer, symbols: Symbols) -> None:
    """Refuse a step that reads a position before 0 that has no base case, and a base case beyond the end."""
    length = size.value
    for member in members.values():
        for base in member.bases:
            bound = size - 1 - base.position
            symbols.fits.setdefault(bound, Fit(bound, member.name, size, member.axis))
            if base.position >= length:
                message = f"`{member.name}` has positions 0 to {length - 1} along this axis"
                raise symbols.refuse("TC320", message, base.equation.target.span)
        for other, back, span in member.reads:
            for at in range(min(-back, length)):
                if member.base_at(at) is None and other.base_at(at + back) is None:
                    if not symbols.broken.isdisjoint((member.name, other.name)):  # a base case cannot be read
                        raise Refused
                    message = (
                        f"at step {at} this reads position {at + back} of `{other.name}`, which no base case defines"
                    )
                    help_ = f"add a base case at {at} of `{member.name}` or at {at + back} of `{other.name}`"
                    raise symbols.refuse("TC320", message, span, help_)


def _statement(
    members: Mapping[str, Member],
    step: Slot,
    solution: RangeSolution,
    places: Mapping[str, Tensor],
    symbols: Symbols,
) -> Recurrence:
    tensors = {}
    for member in members.values():
        shape = tuple(solution.values[slot.extent] for slot in member.free.values())
        tensors[places[member.name]] = symbols.tensors[member.name] = Tensor(member.name, shape, Role.DEFINED)
    resolver = Resolver(solution, tensors)

    def case(free: dict[str, Slot], position: int | None, body: Expr | None) -> Case:
        assert body is not None  # noqa: S101 - every body has been read
        indices = tuple(solution.indices[slot.index] for slot in free.values())
        return Case(indices, solution.indices[step.index] if position is None else position, resolver.resolve(body))

    return Recurrence(
        tuple(tensors.values()),
        tuple(member.axis for member in members.values()),
        tuple(tuple(case(b.free, b.position, b.body) for b in member.bases) for member in members.values()),
        tuple(case(member.free, None, member.body) for member in members.values()),
        next(iter(members.values())).equation.span,
    )
