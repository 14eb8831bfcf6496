"""Jacobians statement by statement, for the machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod

from tcgrad.calculus.backprop import Pullback, used_statements
from tcgrad.calculus.dependence import needed_for
from tcgrad.calculus.derivation import jacobian_of
from tcgrad.calculus.differentiate import times
from tcgrad.calculus.forward import push
from tcgrad.calculus.indices import new_indices
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO, Delta, Expr
from tcgrad.ir.program import Define, Program, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.simplify.fold import Facts


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
        return (_zero(of, wrt),)
    return used_statements(statements, last)


def stepwise_jacobians(program: Program, of: Tensor, wrt: Sequence[Tensor]) -> tuple[Statement, ...]:
    """The same for several inputs at once, so that what their Jacobians share is there once.

    All go backward in one pass, unless the inputs together have no more components than ``of``.

    Raises:
        TcgradError: where a function on the way has no derivative.
    """
    if sum(map(_count, wrt)) <= _count(of):
        return tuple(statement for tensor in wrt for statement in stepwise_jacobian(program, of, tensor))
    statements = tuple(_backward(program, of, *wrt))
    found = {tensor for statement in statements for tensor in defined_tensors(statement)}
    zeros = (tensor for tensor in wrt if jacobian_of(of, tensor) not in found)
    return (*statements, *(_zero(of, tensor) for tensor in zeros))


def _zero(of: Tensor, wrt: Tensor) -> Define:
    return Define(jacobian_of(of, wrt), (*new_indices(of), *new_indices(wrt, of.order)), ZERO)


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


def _backward(program: Program, of: Tensor, *wrt: Tensor) -> Iterator[Statement]:
    """``dOF/dT`` for each tensor on the way, in reverse order."""
    rows = new_indices(of)

    def start(positions: tuple[Integer, ...]) -> Expr:
        return times(*(Delta(row.expr, e) for row, e in zip(rows, positions, strict=True)))

    def name(tensor: Tensor) -> Tensor:
        return jacobian_of(of, tensor)

    way = replace(program, statements=_way(program, of))
    return Pullback(way, {of: start}, wrt, name, name, Facts(way.statements), rows).run()


def _way(program: Program, of: Tensor) -> tuple[Statement, ...]:
    """The statements that ``of`` needs."""
    needed = needed_for(program, [of])
    return tuple(s for s in program.statements if any(tensor in needed for tensor in defined_tensors(s)))
