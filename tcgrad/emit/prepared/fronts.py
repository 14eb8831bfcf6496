"""What a recurrence begins with, read in front of all that follows, where the loop has written it.

An adjoint reads ``c[t-1,b]`` of ``c[-1,b] = c0[b]``, and has an equation of its own for position 0, with ``c0[b]``. Of
the array that holds both, what its step reads is there at 0, too.
"""

from __future__ import annotations

from typing import NamedTuple

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Case, Recurrence
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key


class Front(NamedTuple):
    """What stands before position 0 of a tensor: base cases, and the array that begins ``shift`` positions earlier."""

    tensor: Tensor
    axis: int
    bases: tuple[Case, ...]
    array: Tensor
    shift: int


class Fronts:
    """Knows what stands before position 0, and lets the steps of other recurrences read it."""

    def __init__(self) -> None:
        self._known: dict[Tensor, Front] = {}
        self._by_array: dict[Tensor, Front] = {}

    def learn(self, front: Front) -> None:
        """Remember what stands before position 0 of a tensor."""
        self._known[front.tensor] = self._by_array[front.array] = front

    def continued(self, recurrence: Recurrence) -> Recurrence:
        """The recurrence without base cases that say what the steps do, which read what stands before position 0."""
        if not self._known or recurrence.written_out:
            return recurrence
        steps = tuple(map(self._reading_in_front, recurrence.steps))
        own: dict[Integer, list[bool]] = {}
        for step, cases in zip(steps, recurrence.bases, strict=True):
            for case in cases:
                if case.at.as_number is not None and case.at.value >= 0:
                    own.setdefault(case.at, []).append(self._is_step(step, case))
        said = {place for place, held in own.items() if all(held)}
        if not said:
            return recurrence
        bases = tuple(tuple(case for case in cases if case.at not in said) for cases in recurrence.bases)
        return replace(recurrence, bases=bases, steps=steps)

    def _is_step(self, step: Case, case: Case) -> bool:
        """Whether a base case is the step, which reads in front, at its position."""
        others = iter(case.free)
        positions = [case.at if index is step.position else next(others).expr for index in step.free]
        body = replace_components(instantiate(step.free, step.body, tuple(positions)), self._begun)
        return key(simplify(body)) == key(simplify(case.body))

    def _begun(self, read: Component) -> Expr:
        """What is read of an array with a front: the tensor behind it, or its base case before position 0."""
        front = self._by_array.get(read.tensor)
        if front is None:
            return read
        before, place, after = _parted(read.indices, front.axis)
        at = place - front.shift
        base = next((base for base in front.bases if base.at == at), None)
        if base is None:
            return Component(front.tensor, (*before, at, *after))
        return instantiate(base.free, base.body, (*before, *after))

    def _reading_in_front(self, step: Case) -> Case:
        def moved(read: Component) -> Component:
            front = self._known.get(read.tensor)
            if front is None or not isinstance(step.position, Index):
                return read
            before, at, after = _parted(read.indices, front.axis)
            back = (step.position.expr - at).as_number
            if back is None or not 0 < back <= front.shift:
                return read
            return Component(front.array, (*before, at + front.shift, *after))

        return replace(step, body=replace_components(step.body, moved))


def _parted(positions: tuple[Integer, ...], axis: int) -> tuple[tuple[Integer, ...], Integer, tuple[Integer, ...]]:
    return positions[:axis], positions[axis], positions[axis + 1 :]
