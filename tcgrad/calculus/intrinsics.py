"""Derivatives of inverse, determinant and log-determinant, with batch axes in front (Petersen & Pedersen, section 2).

``d inv(A) = -inv(A) dA inv(A)``, ``d det(A) = det(A) tr(inv(A) dA)``, ``d logdet(A) = tr(inv(A) dA)``.
"""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.calculus.differentiate import times
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Component, Expr, IndexSum
from tcgrad.ir.program import Intrinsic, Program
from tcgrad.ir.tensors import Role, Tensor

Positions = tuple[Integer, ...]


def inverse_of(program: Program, operand: Tensor) -> Intrinsic:
    """The statement that defines ``inv(operand)``: the program's own, or a new one."""
    for statement in program.statements:
        if isinstance(statement, Intrinsic) and statement.kind == "inv" and statement.operand == operand:
            return statement
    tensor = Tensor(f"inv({operand.name})", operand.shape, Role.DEFINED, symmetric=operand.symmetric)
    return Intrinsic(tensor, "inv", operand)


def inverses_of(program: Program) -> tuple[Intrinsic, ...]:
    """The statements of the inverses that derivatives read and the program does not define itself."""
    operands = dict.fromkeys(item.operand for item in program.statements if isinstance(item, Intrinsic))
    found = (inverse_of(program, operand) for operand in operands)
    return tuple(statement for statement in found if statement not in program.statements)


def intrinsic_derivative(
    statement: Intrinsic, inverse: Tensor, positions: Positions, operand: Callable[[Positions], Expr]
) -> Expr:
    """The derivative of ``statement.tensor[positions]``, given that of its operand's components."""
    batch = positions[:-2] if statement.kind == "inv" else positions
    a, b = (Index(hint, statement.operand.shape[-1]) for hint in "mn")
    inner = operand((*batch, a.expr, b.expr))
    if inner == ZERO:
        return ZERO
    if statement.kind == "inv":
        left = Component(inverse, (*batch, positions[-2], a.expr))
        right = Component(inverse, (*batch, b.expr, positions[-1]))
        return IndexSum((a, b), times(MINUS_ONE, left, inner, right))
    trace = IndexSum((a, b), times(Component(inverse, (*batch, b.expr, a.expr)), inner))
    return times(Component(statement.tensor, positions), trace) if statement.kind == "det" else trace
