"""Recurrences as loops: what needs no earlier position is computed before, the steps fill arrays one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.filling import Block, Buffer, Carried, Place, Relation, Scan, Segment, Write
from tcgrad.emit.graph.operations import Slice
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.lowering.hoisting import Hoisting
from tcgrad.emit.prepared.conditions import with_conditions_settled
from tcgrad.emit.prepared.finite import finite
from tcgrad.emit.prepared.fronts import Front
from tcgrad.ir.indices import Dim, Index, Integer
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Case, Define, Recurrence
from tcgrad.ir.sizes import dims_in
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import replace_components
from tcgrad.records import dataclass, replace

_ONE = Integer.of(1)


class Statements(Protocol):
    """What lowering a recurrence asks of the lowering of everything else."""

    def define(self, define: Define) -> object:
        """Lower a definition and remember it."""

    def assign(self, tensor: Tensor, node: Node) -> None:
        """Let a node be the value of a tensor."""

    def around(self, tensor: Tensor) -> AbstractContextManager[None]:
        """Let positions leave what has zeros around it while a value of a tensor is lowered."""

    def array(self, expr: Expr, free: tuple[Index, ...]) -> Node:
        """The array of an expression with the axes ``free``."""


@dataclass(frozen=True)
class _Running:
    """One tensor of a recurrence: ``buffer`` begins ``shift`` positions before it."""

    tensor: Tensor
    axis: int
    shift: int
    bases: tuple[Case, ...]
    step: Case
    buffer: Tensor
    carried: Node


class Loop:
    """Lowers one recurrence."""

    def __init__(self, build: Builder, statements: Statements, recurrence: Recurrence, number: int) -> None:
        self._build = build
        self._graph = build.graph
        self._statements = statements
        self._recurrence = recurrence
        self._number = number
        self._running = list(self._carry())
        self._length = recurrence.tensors[0].shape[recurrence.axes[0]]
        positions = dict.fromkeys(case.at for running in self._running for case in running.bases if case.at.value >= 0)
        self._peeled = sorted(positions, key=_along_any_length, reverse=recurrence.downward)

    def _carry(self) -> Iterator[_Running]:
        recurrence = self._recurrence
        parts = zip(recurrence.tensors, recurrence.axes, recurrence.bases, recurrence.steps, strict=True)
        for k, (tensor, axis, bases, step) in enumerate(parts):
            literal = (case.at.as_number for case in bases)
            shift = -min([0, *(position for position in literal if position is not None)])
            shape = (*tensor.shape[:axis], tensor.shape[axis] + shift, *tensor.shape[axis + 1 :])
            buffer = Tensor(f"{tensor.name} in loop {self._number}", shape, Role.DEFINED)
            carried = self._graph.make(Carried(self._number, k), (), shape)
            yield _Running(tensor, axis, shift, tuple(map(_prepared, bases)), _prepared(step), buffer, carried)

    def results(self) -> list[tuple[Tensor, Node]]:
        """Each tensor with its array."""
        for running in self._running:
            self._statements.assign(running.buffer, running.carried)
        segments = [Segment(case.at, case.at, (self._write(k, case.at, case),)) for k, case in self._before_start()]
        segments += self._segments()
        scan = self._scan(tuple(segments))
        return [(running.tensor, self._cut(running, scan, k)) for k, running in enumerate(self._running)]

    def fronts(self) -> Iterator[Front]:
        """What stands before position 0 of each tensor, if something does, in an array that has a value now."""
        for running in self._running:
            if running.shift:
                bases = tuple(case for case in running.bases if case.at.value < 0)
                yield Front(running.tensor, running.axis, bases, running.buffer, running.shift)

    def _before_start(self) -> list[tuple[int, Case]]:
        """The base cases at negative positions, in the order of these: one may read what another is further back."""
        cases = [(k, case) for k, running in enumerate(self._running) for case in running.bases if case.at.value < 0]
        return sorted(cases, key=lambda item: item[1].at.value, reverse=self._recurrence.downward)

    # Positions

    def _segments(self) -> Iterator[Segment]:
        """Loops over the positions that only steps define, and the positions in between."""
        downward = self._recurrence.downward
        at = self._length - 1 if downward else Integer.of(0)
        for place, position in enumerate(self._peeled):
            if at != position and not self._recurrence.written_out:
                yield self._looped(at, position)
            yield self._single(position, self._peeled[:place], self._peeled[place + 1 :])
            at = position - 1 if downward else position + 1
        end = Integer.of(-1) if downward else self._length
        if at != end and not self._recurrence.written_out:
            yield self._looped(at, end)

    def _single(self, position: Integer, done: Sequence[Integer], coming: Sequence[Integer]) -> Segment:
        """What every tensor is at one position, if it is not one of those done.

        coming: those that are done later, of which it may be one: what a tensor is there, it is here.
        """
        met = [other for other in done if self._may_meet(other, position)]
        same = [other for other in coming if self._may_meet(position, other)]
        writes = tuple(write for k in range(len(self._running)) for write in self._writes_at(k, position, same))
        return Segment(position, position, writes, condition=self._before(met[-1], position) if met else None)

    def _writes_at(self, k: int, position: Integer, same: Sequence[Integer]) -> Iterator[Write]:
        """What a tensor is at a position: its base case, its step, or its base case at one that may be the same."""
        running = self._running[k]
        bases = {case.at: case for case in running.bases}
        if position in bases:
            yield self._write(k, position, bases[position])
            return
        others = [bases[other] for other in same if other in bases]
        for case in others:
            yield replace(self._write(k, position, case), condition=Relation(position, "==", case.at))
        step = self._write(k, position, _step_at(running.step, position))
        yield replace(step, condition=self._before(position, others[0].at)) if others else step

    def _may_meet(self, first: Integer, then: Integer) -> bool:
        """Whether two positions, one of which is done before the other, are one for some length."""
        gap = first - then if self._recurrence.downward else then - first
        return not self._recurrence.written_out and not self._build.fitting.never_negative(gap - 1)

    def _before(self, first: Integer, then: Integer) -> Relation:
        """Positions that are done one after the other."""
        return Relation(first, ">" if self._recurrence.downward else "<", then)

    def _looped(self, start: Integer, stop: Integer) -> Segment:
        step = self._running[0].step.position
        hint = step.name if isinstance(step, Index) else "t"
        variable = Dim(f"{hint} from {start.value} in loop {self._number}", start.value, 0)
        position = Integer.of(variable)
        low, length = (stop + 1, start - stop) if self._recurrence.downward else (start, stop - start)
        self._build.fitting = self._build.fitting.assuming(position - low, low + length - 1 - position)
        writes = tuple(
            self._write(k, position, _step_at(self._hoisted(running, low, length), position))
            for k, running in enumerate(self._running)
        )
        return Segment(start, stop, writes, variable)

    def _hoisted(self, running: _Running, low: Integer, length: Integer) -> Case:
        """The step over definitions made before the loop, for all of its positions: ``length`` from ``low`` on."""
        step = running.step
        if not isinstance(step.position, Index):
            return step
        prefix = f"{running.buffer.name} from {low.value}"
        hoisting = Hoisting(step.position, self._recurrence.tensors, low, length, self._length, prefix)
        body = hoisting.without_independent(step.body)
        with self._statements.around(running.tensor):
            for define in hoisting.definitions:
                self._statements.define(define)
        return Case(step.free, step.position, body)

    # Nodes

    def _write(self, k: int, position: Integer, case: Case) -> Write:
        free = tuple(index for index in case.free if index is not case.position)
        body = replace_components(case.body, self._read_carried)
        running = self._running[k]
        with self._statements.around(running.tensor):
            return Write(k, position + running.shift, self._statements.array(body, free))

    def _read_carried(self, read: Component) -> Component:
        for running in self._running:
            if read.tensor == running.tensor:
                axis = running.axis
                position = read.indices[axis] + running.shift
                return Component(running.buffer, (*read.indices[:axis], position, *read.indices[axis + 1 :]))
        return read

    def _scan(self, segments: tuple[Segment, ...]) -> Node:
        carried = tuple(running.carried for running in self._running)
        variables = {segment.variable for segment in segments if segment.variable is not None}
        frontier = _frontier([write.value for segment in segments for write in segment.writes], carried, variables)
        operation = Scan(carried, tuple(running.axis for running in self._running), segments, self._recurrence.downward)
        return self._graph.make(operation, tuple(frontier), ())

    def _cut(self, running: _Running, scan: Node, k: int) -> Node:
        buffer = self._graph.make(Buffer(k), (scan,), running.carried.shape)
        if not running.shift:
            return buffer
        self._statements.assign(running.buffer, buffer)
        return self._graph.make(Slice(running.axis, Integer.of(running.shift), _ONE), (buffer,), running.tensor.shape)


def _prepared(case: Case) -> Case:
    """With positions that brackets select, powers that are finite at 0, and exponentials that do not overflow: what
    tells it is beside them now, before anything is hoisted.
    """
    return replace(case, body=finite(with_conditions_settled(case.body)))


def _along_any_length(position: Integer) -> tuple[bool, int]:
    """Where a position stands among others: those from the end, such as ``T - 2``, are behind those from the start."""
    return position.as_number is None, position.value


def _step_at(case: Case, position: Integer) -> Case:
    """A step at one position."""
    if not isinstance(case.position, Index):
        return case
    free = tuple(index for index in case.free if index is not case.position)
    return Case(free, position, substitute(case.body, {case.position: position}))


def _frontier(roots: Iterable[Node], carried: tuple[Node, ...], variables: set[Dim]) -> list[Node]:
    """The nodes outside the loop that those inside are made of."""
    moving: dict[Node, bool] = {}

    def moves(node: Node) -> bool:
        known = moving.get(node)
        if known is None:
            inside = [moves(argument) for argument in node.arguments]
            known = moving[node] = node in carried or any(inside) or _mentions(node, variables)
        return known

    roots = list(roots)
    found = {root: None for root in roots if not moves(root)}
    for node, is_moving in list(moving.items()):
        if is_moving:
            found.update(dict.fromkeys(argument for argument in node.arguments if not moving[argument]))
    return sorted(found, key=lambda node: node.serial)


def _mentions(node: Node, variables: set[Dim]) -> bool:
    """Whether the operation itself stands at a position of the loop."""
    own = _flat(vars(node.operation).values())
    return any(isinstance(item, Integer) and not variables.isdisjoint(dims_in(item)) for item in own)


def _flat(values: Iterable[object]) -> Iterator[object]:
    """What tuples hold, and the places where blocks stand."""
    for value in values:
        if isinstance(value, tuple):
            yield from _flat(value)
        elif isinstance(value, Block | Place):
            yield from _flat(vars(value).values())
        else:
            yield value
