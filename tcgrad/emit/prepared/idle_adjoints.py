"""Adjoints of what was given a name within a recurrence, where they are nothing new."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet

from tcgrad.ir.nodes import ZERO, Component, Expr
from tcgrad.ir.program import Case, Define, Recurrence, Statement
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components, walk
from tcgrad.records import replace


def without_idle_adjoints(backward: Iterable[Statement], added: AbstractSet[Tensor]) -> tuple[Statement, ...]:
    """The same gradients with fewer adjoints and fewer equations for those of tensors that were ``added`` to steps.

    Before the first step such a tensor has no use, and its adjoint is 0. What the step makes there does as well, as
    long as it reads nothing that lies further back: then the loop runs through. And an adjoint that is another one at
    every position is read as that.
    """
    same: dict[Tensor, Case] = {}
    return tuple(_read_as(_shortened(statement, added, same), same) for statement in backward)


def _shortened(statement: Statement, added: AbstractSet[Tensor], same: dict[Tensor, Case]) -> Statement:
    if not isinstance(statement, Recurrence) or added.isdisjoint(statement.tensors):
        return statement
    kept = []
    for row in zip(statement.tensors, statement.axes, statement.bases, statement.steps, strict=True):
        tensor, axis, bases, step = row
        if tensor in added:
            bases = tuple(case for case in bases if case.body != ZERO or not _reads_no_earlier(step))
        if tensor in added and not bases and _is_other(step, statement.tensors):
            same[tensor] = step
        else:
            kept.append((tensor, axis, bases, step))
    tensors, axes, bases, steps = zip(*kept, strict=True)
    return replace(statement, tensors=tensors, axes=axes, bases=bases, steps=steps)


def _reads_no_earlier(step: Case) -> bool:
    reads = (node for node in walk(step.body) if isinstance(node, Component))
    gaps = ((place - step.at).as_number for read in reads for place in read.indices if step.position in place.indices)
    return all(gap is not None and gap >= 0 for gap in gaps)


def _is_other(step: Case, tensors: Collection[Tensor]) -> bool:
    """Whether a step is a component of another of the tensors, at the same position."""
    match step.body:
        case Component(tensor, indices):
            return tensor in tensors and set(indices) == {index.expr for index in step.free}
        case _:
            return False


def _read_as(statement: Statement, same: dict[Tensor, Case]) -> Statement:
    """The statement with what other adjoints are in their place."""

    def read(component: Component) -> Expr:
        step = same.get(component.tensor)
        if step is None:
            return component
        return replace_components(instantiate(step.free, step.body, component.indices), read)

    match statement:
        case Define() if same:
            return replace(statement, body=replace_components(statement.body, read))
        case Recurrence() if same:
            return statement.map_bodies(lambda case: replace_components(case.body, read))
        case _:
            return statement
