"""A recurrence seen through its lags: how far back its steps read, and its equations at single positions."""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.calculus.rules.differentiate import differentiate
from tcgrad.calculus.rules.indices import Positions
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ZERO, Component, Expr
from tcgrad.ir.program import Case, Recurrence
from tcgrad.ir.substitution import instantiate, substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components, walk
from tcgrad.records import cached_property, dataclass, replace


@dataclass(frozen=True)
class Steps:
    """A recurrence seen through its lags: how far back its steps read, and what they read there."""

    statement: Recurrence

    @cached_property
    def axis(self) -> dict[Tensor, int]:
        return dict(zip(self.statement.tensors, self.statement.axes, strict=True))

    @cached_property
    def step(self) -> dict[Tensor, Case]:
        return dict(zip(self.statement.tensors, self.statement.steps, strict=True))

    @cached_property
    def base(self) -> dict[Tensor, dict[int, Case]]:
        """The base cases of each tensor by position, with those before 0 that they read put in."""
        given = {
            tensor: {case.at.value: case for case in cases}
            for tensor, cases in zip(self.statement.tensors, self.statement.bases, strict=True)
        }

        def put_in(read: Component) -> Expr:
            position = read.indices[self.axis[read.tensor]].as_number if read.tensor in given else None
            case = given[read.tensor].get(position) if position is not None and position < 0 else None
            if case is None:
                return read
            return replace_components(instantiate(case.free, case.body, self._off_axis(read)), put_in)

        return {
            tensor: {at: replace(case, body=replace_components(case.body, put_in)) for at, case in cases.items()}
            for tensor, cases in given.items()
        }

    def readers(self, tensor: Tensor) -> list[tuple[Tensor, int, int]]:
        """The base cases from 0 on that read ``tensor``: of which tensor, at which position, and where they read."""
        found = [
            (reader, at, position)
            for reader, cases in self.base.items()
            for at, case in cases.items()
            for read in walk(case.body)
            if at >= 0 and isinstance(read, Component) and read.tensor == tensor
            if (position := read.indices[self.axis[tensor]].as_number) is not None
        ]
        return list(dict.fromkeys(found))

    def first(self, tensor: Tensor) -> int:
        """The first position that a step defines."""
        return max((position + 1 for position in self.base[tensor] if position >= 0), default=0)

    def length(self, tensor: Tensor) -> Integer:
        return tensor.shape[self.axis[tensor]]

    @cached_property
    def longest(self) -> int:
        """The longest lag."""
        return max((lag for tensor in self.step for _, lag in self.lags(tensor)), default=0)

    def lags(self, reader: Tensor) -> list[tuple[Tensor, int]]:
        """What the step of ``reader`` reads of the recurrence: each tensor and lag once."""
        found = [
            (read.tensor, self.lag(reader, read))
            for read in walk(self.step[reader].body)
            if isinstance(read, Component) and read.tensor in self.step
        ]
        return list(dict.fromkeys(found))

    def lag(self, reader: Tensor, read: Component) -> int:
        """How many positions back a read in the step of ``reader`` lies."""
        return (self.step[reader].at - read.indices[self.axis[read.tensor]]).value

    def others(self, tensor: Tensor) -> tuple[Index, ...]:
        """The free indices of a step but for the one that is stepped."""
        case = self.step[tensor]
        return tuple(index for index in case.free if index is not case.position)

    def positions(self, tensor: Tensor, at: Integer, others: tuple[Index, ...]) -> Positions:
        """All positions of a component: ``at`` on the recurrence's axis, the other indices around it."""
        result = [index.expr for index in others]
        result.insert(self.axis[tensor], at)
        return tuple(result)

    def value(self, tensor: Tensor) -> Component:
        """What the step of a tensor defines."""
        return Component(tensor, tuple(index.expr for index in self.step[tensor].free))

    def written_out(self, tensor: Tensor, position: int) -> Case:
        """The equation at a position: the step there, or the base case, with base cases put in for reads before 0."""
        if position in self.base[tensor]:
            return self.base[tensor][position]
        case = self.step[tensor]
        body = substitute(case.body, {index_of(case): Integer.of(position)})
        return Case(self.others(tensor), position, self.grounded(body))

    def grounded(self, expr: Expr) -> Expr:
        """An expression with base cases put in for reads before 0, where a delta beside them fixes the position."""
        return replace_components(expr, self._base_read)

    def through_base(self, tensor: Tensor, position: int, seed: Callable[[Component], Expr]) -> Expr:
        """The part of the derivative of the step at a position that goes through base cases before 0."""
        case = self.step[tensor]
        body = substitute(case.body, {index_of(case): Integer.of(position)})

        def before(read: Component) -> Expr:
            put_in = self._base_read(read)
            return ZERO if put_in is read else differentiate(put_in, seed)

        return self.grounded(differentiate(body, before))

    def _base_read(self, read: Component) -> Expr:
        if read.tensor not in self.step:
            return read
        axis = self.axis[read.tensor]
        position = read.indices[axis].as_number
        if position is None or position >= 0 or position not in self.base[read.tensor]:
            return read
        case = self.base[read.tensor][position]
        return instantiate(case.free, case.body, self._off_axis(read))

    def _off_axis(self, read: Component) -> Positions:
        """The positions of a component but for the one that is stepped."""
        axis = self.axis[read.tensor]
        return (*read.indices[:axis], *read.indices[axis + 1 :])


def index_of(case: Case) -> Index:
    """The index that a step is at."""
    if not isinstance(case.position, Index):
        raise TypeError("a step is at an index")
    return case.position


def reach(expr: Expr, at: Index) -> int:
    """How far below ``at`` the positions of any component of an expression go."""
    offsets = [
        (at.expr - position).as_number
        for read in walk(expr)
        if isinstance(read, Component)
        for position in read.indices
        if at in position.indices
    ]
    return max((offset for offset in offsets if offset is not None), default=0)
