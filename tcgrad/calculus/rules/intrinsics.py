"""Derivatives of inverse, determinant and log-determinant, with batch axes in front (Petersen & Pedersen, section 2).

``d inv(A) = -inv(A) dA inv(A)``, ``d det(A) = det(A) tr(inv(A) dA)``, ``d logdet(A) = tr(inv(A) dA)``.
Where adjugates are computed, ``d det(A) = tr(adj(A) dA)``, and with ``A = U diag(s) V^T``, ``Z = U^T dA V`` and
``w[a,b]`` the product of ``det(U V^T)`` and all of ``s`` but ``s[a]`` and ``s[b]``, 0 where ``a`` is ``b``,
``d adj(A) = sum_ab w[a,b] (Z[a,a] v_b u_b^T - Z[a,b] v_a u_b^T)``, which needs no inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from tcgrad.calculus.rules.differentiate import times, total
from tcgrad.calculus.rules.indices import Positions
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Component, Expr, IndexSum
from tcgrad.ir.program import Define, Intrinsic, Program
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.simplify.inverses import square_factors


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
    if statement.kind == "adj":
        return _matrix(program, "minors", statement.operand)
    return _matrix(program, "adj" if statement.cofactors else "inv", statement.operand)


def _matrix(program: Program, kind: Literal["inv", "adj", "minors"], operand: Tensor) -> Intrinsic:
    for statement in program.statements:
        if isinstance(statement, Intrinsic) and statement.kind == kind and statement.operand == operand:
            return statement
    *batch, size, _ = operand.shape
    shape = (*batch, Integer.of(3), size, size) if kind == "minors" else operand.shape
    tensor = Tensor(f"{kind}({operand.name})", shape, Role.DEFINED, symmetric=operand.symmetric and kind != "minors")
    return Intrinsic(tensor, kind, operand)


def inverses_of(program: Program) -> tuple[Intrinsic, ...]:
    """The statements of the inverses that derivatives read and the program does not define itself."""
    operands = dict.fromkeys(item.operand for item in program.statements if isinstance(item, Intrinsic))
    found = (inverse_of(program, operand) for operand in operands)
    return tuple(statement for statement in found if statement not in program.statements)


def inverses_of_factors(program: Program) -> tuple[Intrinsic, ...]:
    """The statements of further inverses that formulas for people may read: those of the square matrices of which what
    the program takes an inverse or a determinant of is the product.
    """
    defined = {item.tensor: item for item in program.statements if isinstance(item, Define)}
    waiting = [item.operand for item in program.statements if isinstance(item, Intrinsic)]
    seen = set(waiting)
    found: list[Tensor] = []
    for operand in waiting:  # which grows
        factors = square_factors(defined[operand]) if operand in defined else ()
        new = [factor for factor in factors if factor not in seen]
        seen.update(new)
        found += new
        waiting += new
    return tuple(inverse_of(program, operand) for operand in found)


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
    if beside.kind == "minors":
        return _of_adjugate(beside.tensor, positions, (a, b), inner)
    trace = IndexSum((a, b), times(Component(beside.tensor, (*batch, b.expr, a.expr)), inner))
    match statement.kind:
        case "inv":
            first, last = Component(statement.tensor, (*batch, positions[-2], a.expr)), (b.expr, positions[-1])
            return IndexSum((a, b), times(MINUS_ONE, first, inner, Component(beside.tensor, (*batch, *last))))
        case "det" if beside.kind == "inv":
            return times(Component(statement.tensor, positions), trace)
        case _:
            return trace


def _of_adjugate(minors: Tensor, positions: Positions, inner: tuple[Index, Index], moved: Expr) -> Expr:
    """``d adj(A)`` at some positions, given ``dA`` at the inner indices and the decomposition that ``minors`` holds."""
    *batch, row, column = positions
    m, n = (index.expr for index in inner)
    a, b = (Index(hint, inner[0].size) for hint in "ab")

    def held(part: int, first: Integer, second: Integer) -> Expr:
        return Component(minors, (*batch, Integer.of(part), first, second))

    def left(index: Index, position: Integer) -> Expr:
        return held(0, index.expr, position)

    def right(index: Index, position: Integer) -> Expr:
        return held(1, index.expr, position)

    same = times(right(a, n), right(b, row))
    crossed = times(MINUS_ONE, right(b, n), right(a, row))
    others = held(2, a.expr, b.expr)
    return total(
        [IndexSum((*inner, a, b), times(others, left(a, m), left(b, column), moved, p)) for p in (same, crossed)]
    )
