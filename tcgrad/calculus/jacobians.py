"""Jacobians: in closed form for people, statement by statement for the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import prod

from tcgrad.calculus.backprop import Pullback, component_derivative, used_statements
from tcgrad.calculus.dependence import depending_on, needed_for
from tcgrad.calculus.derivation import Jacobian, jacobian_of
from tcgrad.calculus.differentiate import differentiate, times
from tcgrad.calculus.forward import push
from tcgrad.calculus.indices import new_indices
from tcgrad.calculus.intrinsics import intrinsic_derivative, inverse_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ZERO, Component, Delta, Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import instantiate, size
from tcgrad.simplify import simplify
from tcgrad.simplify.fold import Facts

Derivative = Callable[[Component], Expr]

_LARGEST_CLOSED_FORM = 1500  # nodes; about a page


def closed_jacobian(program: Program, of: Tensor, wrt: Tensor, known: Facts) -> Jacobian:
    """``dOF/dWRT`` over inputs, intermediates and outputs: the definitions on the way multiplied out.

    known: the definitions that are recognised in the result.

    Raises:
        TcgradError: where a function on the way has no derivative.
    """
    at = new_indices(wrt)
    on_path = depending_on(program, [wrt]) & needed_for(program, [of])
    bodies: dict[Tensor, tuple[tuple[Index, ...], Expr]] = {}
    own = component_derivative(wrt, at)

    def derivative(read: Component) -> Expr:
        if read.tensor in bodies:
            return instantiate(*bodies[read.tensor], read.indices)
        return own(read)

    for statement in program.statements:
        if isinstance(statement, Recurrence):
            if any(tensor in on_path for tensor in statement.tensors):
                return Jacobian(of, wrt, None, f"{of.name} depends on {wrt.name} through a recurrence")
            continue
        if statement.tensor not in on_path:
            continue
        free, body = _statement_derivative(program, statement, derivative)
        body = simplify(body)
        if size(body) > _LARGEST_CLOSED_FORM:
            reason = f"the closed form through {statement.tensor.name} has more than {_LARGEST_CLOSED_FORM} parts"
            return Jacobian(of, wrt, None, reason)
        bodies[statement.tensor] = free, body
    free, body = bodies.get(of) or (new_indices(of, len(at)), ZERO)
    return Jacobian(of, wrt, Define(jacobian_of(of, wrt), (*free, *at), known.fold(body)))


def _statement_derivative(
    program: Program, statement: Define | Intrinsic, derivative: Derivative
) -> tuple[tuple[Index, ...], Expr]:
    """The free indices of a statement and the derivative of its right side."""
    if isinstance(statement, Define):
        return statement.free, differentiate(statement.body, derivative)
    inverse = inverse_of(program, statement.operand).tensor
    free = new_indices(statement.tensor, 4)
    positions = tuple(index.expr for index in free)
    body = intrinsic_derivative(statement, inverse, positions, lambda e: derivative(Component(statement.operand, e)))
    return free, body


def stepwise_jacobian(program: Program, of: Tensor, wrt: Tensor) -> tuple[Statement, ...]:
    """Statements over tensors ``dOF/dWRT`` that end in the one asked for, each from the one before.

    The shorter way is taken: forward, with the axes of ``wrt`` carried along, or backward, with those of ``of``.

    Raises:
        TcgradError: where a function on the way has no derivative.
    """
    forward = _count(wrt) <= _count(of)
    statements = tuple(_forward(program, of, wrt) if forward else _backward(program, of, wrt))
    target = jacobian_of(of, wrt)
    last = next((s for s in statements if target in defined_tensors(s)), None)
    if last is None:
        return (Define(target, (*new_indices(of), *new_indices(wrt, of.order)), ZERO),)
    return used_statements(statements, last)


def _count(tensor: Tensor) -> int:
    return prod(size.value for size in tensor.shape)


def _forward(program: Program, of: Tensor, wrt: Tensor) -> Iterator[Statement]:
    """``dT/dWRT`` for each tensor on the way, in the order of the program."""
    return push(
        replace(program, statements=_way(program, of)),
        (wrt,),
        lambda read, axes: times(*(Delta(e, s.expr) for e, s in zip(read.indices, axes, strict=True))),
        lambda tensor: jacobian_of(tensor, wrt),
        lambda: new_indices(wrt),
    )


def _backward(program: Program, of: Tensor, wrt: Tensor) -> Iterator[Statement]:
    """``dOF/dT`` for each tensor on the way, in reverse order."""
    rows = new_indices(of)

    def start(positions: tuple[Integer, ...]) -> Expr:
        return times(*(Delta(row.expr, e) for row, e in zip(rows, positions, strict=True)))

    def name(tensor: Tensor) -> Tensor:
        return jacobian_of(of, tensor)

    way = replace(program, statements=_way(program, of))
    return Pullback(way, {of: start}, (wrt,), name, name, Facts(way.statements), rows).run()


def _way(program: Program, of: Tensor) -> tuple[Statement, ...]:
    """The statements that ``of`` needs."""
    needed = needed_for(program, [of])
    return tuple(s for s in program.statements if any(tensor in needed for tensor in defined_tensors(s)))
