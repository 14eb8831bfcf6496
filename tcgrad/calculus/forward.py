"""Derivatives carried forward, statement by statement: the tangent of each tensor from those it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tcgrad.calculus.dependence import depending_on
from tcgrad.calculus.differentiate import differentiate
from tcgrad.calculus.indices import new_indices
from tcgrad.calculus.intrinsics import intrinsic_derivative, read_beside
from tcgrad.calculus.recurrences import recurrence_tangent
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.simplify import simplify
from tcgrad.simplify.fold import Facts

Derivative = Callable[[Component], Expr]
Seed = Callable[[Component, tuple[Index, ...]], Expr]


def push(
    program: Program,
    sources: tuple[Tensor, ...],
    seed: Seed,
    name: Callable[[Tensor], Tensor],
    extra: Callable[[], tuple[Index, ...]] = tuple,
    *,
    known: Facts,
) -> Iterator[Statement]:
    """The derivative of every tensor that depends on ``sources``, in the order of the program.

    seed: the derivative of a component of a source, given the extra indices.
    name: the tensor that holds the derivative of a tensor, its axes followed by one for each extra index.
    extra: makes new indices for the extra axes, once for each statement.
    known: the definitions of the program.
    """
    reached = depending_on(program, sources)
    given = frozenset(sources)
    stated: set[Statement] = set(program.statements)
    for statement in program.statements:
        axes = extra()

        def derivative(read: Component, axes: tuple[Index, ...] = axes) -> Expr:
            if read.tensor in given:
                return seed(read, axes)
            if read.tensor not in reached:
                return ZERO
            return Component(name(read.tensor), (*read.indices, *(index.expr for index in axes)))

        match statement:
            case Define() if statement.tensor in reached:
                body = known.settle(differentiate(statement.body, derivative))
                yield Define(name(statement.tensor), (*statement.free, *axes), body)
            case Intrinsic() if statement.tensor in reached:
                beside = read_beside(program, statement)
                if beside not in stated:
                    stated.add(beside)
                    yield beside
                yield _push_intrinsic(statement, beside, derivative, name, axes)
            case Recurrence() if any(tensor in reached for tensor in statement.tensors):
                yield recurrence_tangent(statement, derivative, name, axes)
            case _:
                continue


def _push_intrinsic(
    statement: Intrinsic,
    beside: Intrinsic,
    derivative: Derivative,
    name: Callable[[Tensor], Tensor],
    axes: tuple[Index, ...],
) -> Define:
    free = new_indices(statement.tensor)
    body = intrinsic_derivative(
        statement,
        beside,
        tuple(index.expr for index in free),
        lambda positions: derivative(Component(statement.operand, positions)),
    )
    return Define(name(statement.tensor), (*free, *axes), simplify(body))
