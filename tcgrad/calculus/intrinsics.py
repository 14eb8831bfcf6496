"""Derivatives of inverse, determinant and log-determinant, with batch axes in front (Petersen & Pedersen, section 2).

``d inv(A) = -inv(A) dA inv(A)``, ``d det(A) = det(A) tr(inv(A) dA)``, ``d logdet(A) = tr(inv(A) dA)``.
Where adjugates are computed, ``d det(A) = tr(adj(A) dA)`` and ``d adj(A) = adj(A) tr(inv(A) dA) - adj(A) dA inv(A)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from tcgrad.calculus.differentiate import times, total
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Component, Expr, IndexSum
from tcgrad.ir.program import Intrinsic, Program
from tcgrad.ir.tensors import Role, Tensor

Positions = tuple[Integer, ...]


def inverse_of(program: Program, operand: Tensor) -> Intrinsic:
    """The statement that defines ``inv(operand)``: the program's own, or a new one."""
    return _matrix(program, "inv", operand)


def with_cofactors(program: Program) -> Program:
    """The program with the determinants differentiated by cofactors, unless inverses of their matrices are computed.

    Derivatives exist where such a matrix is singular, too. A program without any is returned itself.
    """
    inverted = {s.operand for s in program.statements if isinstance(s, Intrinsic) and s.kind == "inv"}
    statements = tuple(
        replace(statement, cofactors=True)
        if isinstance(statement, Intrinsic) and statement.kind == "det" and statement.operand not in inverted
        else statement
        for statement in program.statements
    )
    return program if statements == program.statements else replace(program, statements=statements)


def read_beside(program: Program, statement: Intrinsic) -> Intrinsic:
    """The statement of the matrix that the derivative of another reads: the program's own, or a new one."""
    kind: Literal["inv", "adj"] = "adj" if statement.cofactors else "inv"
    return _matrix(program, kind, statement.operand)


def _matrix(program: Program, kind: Literal["inv", "adj"], operand: Tensor) -> Intrinsic:
    for statement in program.statements:
        if isinstance(statement, Intrinsic) and statement.kind == kind and statement.operand == operand:
            return statement
    tensor = Tensor(f"{kind}({operand.name})", operand.shape, Role.DEFINED, symmetric=operand.symmetric)
    return Intrinsic(tensor, kind, operand)


def inverses_of(program: Program) -> tuple[Intrinsic, ...]:
    """The statements of the inverses that derivatives read and the program does not define itself."""
    operands = dict.fromkeys(item.operand for item in program.statements if isinstance(item, Intrinsic))
    found = (inverse_of(program, operand) for operand in operands)
    return tuple(statement for statement in found if statement not in program.statements)


def intrinsic_derivative(
    statement: Intrinsic, beside: Intrinsic, positions: Positions, operand: Callable[[Positions], Expr]
) -> Expr:
    """The derivative of ``statement.tensor[positions]``, given that of its operand's components.

    beside: what `read_beside` tells of it.
    """
    batch = positions[:-2] if statement.is_matrix else positions
    a, b = (Index(hint, statement.operand.shape[-1]) for hint in "mn")
    inner = operand((*batch, a.expr, b.expr))
    if inner == ZERO:
        return ZERO
    own = Component(statement.tensor, positions)
    trace = IndexSum((a, b), times(Component(beside.tensor, (*batch, b.expr, a.expr)), inner))
    match statement.kind:
        case "inv":
            return _around(statement, beside, positions, (a, b), inner)
        case "adj":
            return total([times(own, trace), _around(statement, beside, positions, (a, b), inner)])
        case "det" if beside.kind == "inv":
            return times(own, trace)
        case "det" | "logdet":
            return trace


def _around(left: Intrinsic, right: Intrinsic, positions: Positions, inner: tuple[Index, Index], moved: Expr) -> Expr:
    """``-left dA right`` at some positions, given ``dA`` at the inner indices."""
    *batch, row, column = positions
    a, b = inner
    first = Component(left.tensor, (*batch, row, a.expr))
    return IndexSum(inner, times(MINUS_ONE, first, moved, Component(right.tensor, (*batch, b.expr, column))))
