"""The matrix notation of a definition: of a forward equation, a gradient or a Jacobian."""

from __future__ import annotations

from tcgrad.calculus.intrinsics import inverse_of
from tcgrad.ir.program import Define, Intrinsic, Program
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import tensors_read
from tcgrad.notation.matrix import VecOrder
from tcgrad.notation.matrix_form import MatrixForm, matrix_sides
from tcgrad.notation.matrix_scaling import settled
from tcgrad.notation.naming import Surroundings, name_indices
from tcgrad.notation.raising_batches import raise_batched
from tcgrad.notation.raising_expressions import Raising
from tcgrad.notation.raising_jacobians import Vectorising
from tcgrad.notation.refusal import Refusal


def raise_define(define: Define, program: Program, *, vec: VecOrder = "row") -> MatrixForm | Refusal:
    """The right side in matrix notation, or why there is none.

    A Jacobian, or a block of a Hessian, of more than two axes is raised with both sides vectorised, row after row or
    column after column as ``vec`` says; all else in full.
    """
    raising = Raising(intrinsics_of(program))
    sides = matrix_sides(define.tensor)
    high = next((tensor for tensor in sides if tensor.order > 2), None)
    if len(sides) == 1 and (high or _reads_high(define)):
        return _raise_batched(raising, define, program)
    if high is not None:
        return Refusal(f"{high.name} has order {high.order}")
    if len(define.free) <= 2:
        raised = raising.over(define.body, define.free)
        return raised if isinstance(raised, Refusal) else MatrixForm(define.tensor, settled(raised), "full")
    split = sides[0].order
    raised = Vectorising(raising, define.free[:split], define.free[split:], vec)(define.body)
    return raised if isinstance(raised, Refusal) else MatrixForm(define.tensor, settled(raised), "vec")


def _reads_high(define: Define) -> Tensor | None:
    """A tensor of order three or more in the right side."""
    return next((tensor for tensor in tensors_read(define.body) if tensor.order > 2), None)


def _raise_batched(raising: Raising, define: Define, program: Program) -> MatrixForm | Refusal:
    names = name_indices(define.free, define.body, Surroundings.of(program))
    high = _reads_high(define) or define.tensor
    return raise_batched(raising, define, names) or Refusal(f"{high.name} has order {high.order}")


def intrinsics_of(program: Program) -> dict[Tensor, Intrinsic]:
    """Inverses and determinants by their tensors, with the inverses that derivatives of determinants read."""
    stated = [statement for statement in program.statements if isinstance(statement, Intrinsic)]
    inverses = [inverse_of(program, statement.operand) for statement in stated]
    return {statement.tensor: statement for statement in (*stated, *inverses)}
