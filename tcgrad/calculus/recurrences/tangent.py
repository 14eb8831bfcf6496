"""The tangent recurrence: ``du[t] = dS(t)/du[t-1] du[t-1] + dS(t)/dx dx`` for ``u[t] = S(u[t-1], x[t])``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tcgrad.calculus.recurrences.lags import Steps
from tcgrad.calculus.rules.differentiate import differentiate
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Component, Expr, Iverson
from tcgrad.ir.program import Case, Recurrence
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import map_children
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import key
from tcgrad.simplify.facts.attained import named_inside


def recurrence_tangent(
    statement: Recurrence,
    derivative: Callable[[Component], Expr],
    name: Callable[[Tensor], Tensor],
    extra: tuple[Index, ...],
) -> Recurrence:
    """The recurrence of the derivatives, ``extra`` indices being the last axes of each.

    One that runs downward reads nothing outside of its tensors, so that its base cases have derivatives of their own;
    of one that runs upward the steps that read base cases before 0 are written out.
    """
    steps = Steps(statement)
    length = steps.length(statement.tensors[0]).value
    early = {tensor: max(steps.first(tensor), steps.longest) for tensor in statement.tensors}

    def derived(case: Case, value: Component) -> Case:
        inner = steps.grounded(simplify(differentiate(case.body, derivative)))
        return Case((*case.free, *extra), case.position, named_value(inner, value, case.body))

    def at(tensor: Tensor, case: Case) -> Case:
        return derived(case, Component(tensor, steps.positions(tensor, case.at, case.free)))

    def written_out(tensor: Tensor) -> Iterator[Case]:
        for position in range(min(early[tensor], length)):
            yield at(tensor, steps.written_out(tensor, position))

    def bases(tensor: Tensor, given: tuple[Case, ...]) -> Iterator[Case]:
        return (at(tensor, case) for case in given) if statement.downward else written_out(tensor)

    return Recurrence(
        tuple(name(tensor) for tensor in statement.tensors),
        statement.axes,
        tuple(tuple(bases(*pair)) for pair in zip(statement.tensors, statement.bases, strict=True)),
        tuple(derived(steps.step[tensor], steps.value(tensor)) for tensor in statement.tensors),
        statement.span,
        statement.downward,
        statement.written_out if statement.downward else length < max(early.values()),
    )


def named_value(expr: Expr, value: Component, body: Expr) -> Expr:
    """An expression in which the right side of an equation is written as the component that it defines."""
    name = key(simplify(body))

    def replaced(node: Expr) -> Expr:
        if key(node) == name:
            return value
        compared = named_inside(node, replaced, replaced) if isinstance(node, Iverson) else None
        return compared or map_children(node, replaced)

    return expr if expr == ZERO else simplify(replaced(expr))
