"""A program as it is worked with: idioms by their names, and what is symmetric by its definition known to be so."""

from __future__ import annotations

from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.records import replace
from tcgrad.simplify.folding.idioms import recognise
from tcgrad.simplify.mirror import is_mirrored, marked


def recognised(program: Program) -> Program:
    """A program of the same value. Printed equations are the user's own; all that is derived comes from this one."""
    symmetric: dict[Tensor, Tensor] = {}
    statements = tuple(_recognised(statement, symmetric) for statement in program.statements)
    return replace(program, statements=statements)


def _recognised(statement: Statement, symmetric: dict[Tensor, Tensor]) -> Statement:
    """One statement, the earlier ones done; what turns out to be symmetric is put down in ``symmetric``."""
    match statement:
        case Define():
            made = replace(statement, body=recognise(marked(statement.body, symmetric)))
            return replace(made, tensor=_noted(made.tensor, symmetric)) if is_mirrored(made) else made
        case Intrinsic(operand=operand) if operand in symmetric:
            made_of = replace(statement, operand=symmetric[operand])
            return replace(made_of, tensor=_noted(statement.tensor, symmetric)) if statement.kind == "inv" else made_of
        case Intrinsic():
            return statement
        case Recurrence():
            return statement.map_bodies(lambda case: recognise(marked(case.body, symmetric)))


def _noted(tensor: Tensor, symmetric: dict[Tensor, Tensor]) -> Tensor:
    symmetric[tensor] = replace(tensor, symmetric=True)
    return symmetric[tensor]
