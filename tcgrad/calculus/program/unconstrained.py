"""Programs that do not know which of their tensors are symmetric.

Derivatives are those of the unconstrained tensor. A gradient may be written with the symmetry of an input, and is the
same number then; but differentiated once more it would be the derivative of something else.
"""

from __future__ import annotations

from tcgrad.calculus.rules.intrinsics import inverses_of
from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Intrinsic, Program, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components
from tcgrad.records import replace


def unconstrained(program: Program) -> Program:
    """The program with every tensor declared as one without symmetry; itself, if none has any."""
    if not any(item.tensor.symmetric for item in program.inputs):
        return program
    return replace(
        program,
        inputs=tuple(replace(item, tensor=without_symmetry(item.tensor)) for item in program.inputs),
        statements=tuple(map(_statement, program.statements)),
        wrt=tuple(map(without_symmetry, program.wrt)),
        outputs=tuple(map(without_symmetry, program.outputs)),
    )


def constrained(expr: Expr, program: Program) -> Expr:
    """The expression over the tensors of a program, where it reads what `unconstrained` has made of them."""
    tensors = (*program.tensors, *(inverse.tensor for inverse in inverses_of(program)))
    own = {without_symmetry(tensor): tensor for tensor in tensors if tensor.symmetric}
    return replace_components(expr, lambda read: Component(own.get(read.tensor, read.tensor), read.indices))


def without_symmetry(tensor: Tensor) -> Tensor:
    """The tensor as it stands in an unconstrained program."""
    return replace(tensor, symmetric=False) if tensor.symmetric else tensor


def _statement(statement: Statement) -> Statement:
    match statement:
        case Define():
            return replace(statement, tensor=without_symmetry(statement.tensor), body=_expression(statement.body))
        case Intrinsic():
            return replace(
                statement, tensor=without_symmetry(statement.tensor), operand=without_symmetry(statement.operand)
            )
        case _:
            return statement


def _expression(expr: Expr) -> Expr:
    return replace_components(expr, lambda read: Component(without_symmetry(read.tensor), read.indices))
