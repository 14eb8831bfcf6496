"""Jacobians statement by statement, for the machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.calculus.lines.compact import cancelled
from tcgrad.calculus.passes.backprop import Pullback
from tcgrad.calculus.passes.forward import push
from tcgrad.calculus.program.dependence import Lines, needed_for
from tcgrad.calculus.rules.differentiate import deltas
from tcgrad.calculus.rules.indices import new_indices
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import ZERO, Component, Expr
from tcgrad.ir.program import Define, Program, Recurrence, Statement, defined_tensors
from tcgrad.ir.sizes import count
from tcgrad.ir.tensors import Role, Tensor, jacobian_of
from tcgrad.ir.traversal import replace_components, tensors_read
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.folding.fold import Facts


def stepwise_jacobian(program: Program, of: Tensor, wrt: Tensor) -> tuple[Statement, ...]:
    """Statements over tensors ``dOF/dWRT`` that end in the one asked for, each from the one before.

    The shorter way is taken: forward, with the axes of ``wrt`` carried along, or backward, with those of ``of``.
    Through a recurrence that runs downward there is only the former.
    """
    statements = _forward(program, [of], wrt) if goes_forward(program, of, wrt) else _backward(program, of, wrt)
    target = jacobian_of(of, wrt)
    if not any(target in defined_tensors(statement) for statement in statements):
        return (_zero(of, wrt),)
    return Lines(statements).used_for(target)


def goes_forward(program: Program, of: Tensor, wrt: Tensor) -> bool:
    """Whether `stepwise_jacobian` does."""
    return count(wrt.shape) <= count(of.shape) or _runs_downward(program)


def stepwise_jacobians(
    program: Program, of: Tensor, wrt: Sequence[Tensor], backward: Sequence[Statement] = ()
) -> tuple[Statement, ...]:
    """The same for several inputs at once, so that what their Jacobians share is there once.

    All go backward in one pass, unless the inputs together have no more components than ``of``.

    backward: the gradients of ``wrt`` given those of the outputs, if they are known: they are linear in what is given,
        so that no derivative need be worked out again.
    """
    if sum(count(tensor.shape) for tensor in wrt) <= count(of.shape):
        return tuple(statement for tensor in wrt for statement in stepwise_jacobian(program, of, tensor))
    known = [statement for statement in backward if isinstance(statement, Define)]
    if backward and len(known) == len(backward):
        return tuple(from_gradients(known, of))
    statements = _backward(program, of, *wrt)
    found = {tensor for statement in statements for tensor in defined_tensors(statement)}
    zeros = (tensor for tensor in wrt if jacobian_of(of, tensor) not in found)
    return (*statements, *(_zero(of, tensor) for tensor in zeros))


def stepwise_blocks(program: Program, of: Sequence[Tensor], wrt: Sequence[Tensor]) -> tuple[Statement, ...]:
    """The Jacobians of several tensors by several inputs, so that what they share is there once."""
    if not _runs_downward(program):
        return tuple(statement for tensor in of for statement in stepwise_jacobians(program, tensor, wrt))
    return tuple(statement for tensor in wrt for statement in _forward_blocks(program, of, tensor))


def _forward_blocks(program: Program, of: Sequence[Tensor], wrt: Tensor) -> tuple[Statement, ...]:
    statements = _forward(program, of, wrt)
    found = {tensor for statement in statements for tensor in defined_tensors(statement)}
    return (*statements, *(_zero(tensor, wrt) for tensor in of if jacobian_of(tensor, wrt) not in found))


def _runs_downward(program: Program) -> bool:
    return any(isinstance(statement, Recurrence) and statement.downward for statement in program.statements)


def _zero(of: Tensor, wrt: Tensor) -> Define:
    return Define(jacobian_of(of, wrt), (*new_indices(of), *new_indices(wrt, of.order)), ZERO)


def _forward(program: Program, of: Sequence[Tensor], wrt: Tensor) -> tuple[Statement, ...]:
    """``dT/dWRT`` for each tensor on the way, in the order of the program."""
    statements = _way(program, of)
    known = Facts(statements)
    pushed = push(
        replace(program, statements=statements),
        (wrt,),
        lambda read, axes: deltas(read.indices, (index.expr for index in axes)),
        lambda tensor: jacobian_of(tensor, wrt),
        lambda: new_indices(wrt),
        known=known,
    )
    return cancelled(tuple(pushed), {jacobian_of(tensor, wrt) for tensor in of}, known)


def _backward(program: Program, of: Tensor, *wrt: Tensor) -> tuple[Statement, ...]:
    """``dOF/dT`` for each tensor on the way, in reverse order."""
    rows = new_indices(of)

    def start(positions: tuple[Integer, ...]) -> Expr:
        return deltas((row.expr for row in rows), positions)

    def name(tensor: Tensor) -> Tensor:
        return jacobian_of(of, tensor)

    way = replace(program, statements=_way(program, [of]))
    known = Facts(way.statements)
    statements = tuple(Pullback(way, {of: start}, wrt, name, name, known, rows).run())
    return cancelled(statements, set(map(name, wrt)), known)


def _way(program: Program, of: Sequence[Tensor]) -> tuple[Statement, ...]:
    """The statements that the tensors ``of`` need."""
    needed = needed_for(program, of)
    return tuple(s for s in program.statements if any(tensor in needed for tensor in defined_tensors(s)))


def from_gradients(backward: Sequence[Define], of: Tensor) -> Iterator[Define]:
    """``dOF/dT`` out of ``dl/dT``, line by line: the gradient of ``of`` is a delta, that of every other output 0."""
    rows = new_indices(of)
    lead = tuple(row.expr for row in rows)
    defined = {define.tensor for define in backward}

    def given(read: Component) -> Expr:
        if read.tensor.role is not Role.GRADIENT:
            return read
        (about,) = read.tensor.about
        if read.tensor in defined:
            return Component(jacobian_of(of, about), (*lead, *read.indices))
        if about != of:
            return ZERO
        return deltas(lead, read.indices)

    for define in backward:
        body = replace_components(define.body, given)
        fixed = any(t.role is Role.GRADIENT and t not in defined for t in tensors_read(define.body))
        yield Define(jacobian_of(of, define.tensor.about[0]), (*rows, *define.free), simplify(body) if fixed else body)
