"""Derivatives carried forward, statement by statement: the tangent of each tensor from those it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tcgrad.calculus.program.dependence import reads
from tcgrad.calculus.recurrences.tangent import recurrence_tangent
from tcgrad.calculus.rules.differentiate import Seed, differentiate
from tcgrad.calculus.rules.indices import new_indices
from tcgrad.calculus.rules.intrinsics import intrinsic_derivative, read_beside
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.simplify import simplify
from tcgrad.simplify.folding.fold import Facts

SeedAlong = Callable[[Component, tuple[Index, ...]], Expr]


def push(
    program: Program,
    sources: tuple[Tensor, ...],
    seed: SeedAlong,
    name: Callable[[Tensor], Tensor],
    extra: Callable[[], tuple[Index, ...]] = tuple,
    *,
    known: Facts,
) -> Iterator[Statement]:
    """The derivative of every tensor that depends on ``sources``, in the order of the program; none that is 0.

    seed: the derivative of a component of a source, given the extra indices.
    name: the tensor that holds the derivative of a tensor, its axes followed by one for each extra index.
    extra: makes new indices for the extra axes, once for each statement.
    known: the definitions of the program.
    """
    given = frozenset(sources)
    moving = set(sources)  # the tensors whose derivative is not 0
    stated: set[Statement] = set(program.statements)
    for statement in program.statements:
        if moving.isdisjoint(reads(statement)):
            continue
        axes = extra()

        def derivative(read: Component, axes: tuple[Index, ...] = axes) -> Expr:
            if read.tensor in given:
                return seed(read, axes)
            if read.tensor not in moving:
                return ZERO
            return Component(name(read.tensor), (*read.indices, *(index.expr for index in axes)))

        match statement:
            case Define():
                body = known.settle(differentiate(statement.body, derivative, moving))
                if body == ZERO:
                    continue
                yield Define(name(statement.tensor), (*statement.free, *axes), body)
            case Intrinsic():
                beside = read_beside(program, statement)
                if beside not in stated:
                    stated.add(beside)
                    yield beside
                yield _push_intrinsic(statement, beside, derivative, name, axes)
            case Recurrence():
                moving.update(statement.tensors)
                yield recurrence_tangent(statement, derivative, name, axes)
        moving.update(defined_tensors(statement))


def _push_intrinsic(
    statement: Intrinsic,
    beside: Intrinsic,
    derivative: Seed,
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
