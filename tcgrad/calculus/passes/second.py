"""Second derivatives: the derivatives of a program that computes its own gradients.

For one scalar output ``f`` the equations and their backward pass, started from ``df/df = 1``, are a program again. Its
Jacobians are the blocks of the Hessian, and its tangents are Hessian-vector products.
"""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.calculus.lines.compact import compact
from tcgrad.calculus.passes.backprop import Pullback
from tcgrad.calculus.passes.jacobians import stepwise_blocks
from tcgrad.calculus.program.unconstrained import unconstrained, without_symmetry
from tcgrad.calculus.rules.indices import Positions
from tcgrad.calculus.rules.intrinsics import inverses_of
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.nodes import ONE, Expr
from tcgrad.ir.program import Program, Statement
from tcgrad.ir.tensors import Tensor, gradient_of, jacobian_of
from tcgrad.records import replace
from tcgrad.simplify.folding.fold import Facts


def has_hessian(program: Program) -> bool:
    """Whether there is one output, and it is a scalar."""
    return program.lone_scalar is not None


def stepwise_hessians(
    program: Program, of: Tensor, pairs: Sequence[tuple[Tensor, Tensor]]
) -> tuple[tuple[Statement, ...], list[Tensor]]:
    """Statements that differentiate the gradients of the scalar ``of`` by the first of each pair by the second, and
    what these derivatives are called in them. The gradients are there once for all.

    They are over the tensors of `unconstrained` programs: derivatives of symmetric tensors are those of all components.
    """
    plain = unconstrained(program)
    turned = [(without_symmetry(first), without_symmetry(second)) for first, second in pairs]
    computing = gradient_program(replace(plain, outputs=(of,), wrt=tuple(dict.fromkeys(first for first, _ in turned))))
    backward = computing.statements[len(plain.statements) :]
    firsts: dict[Tensor, list[Tensor]] = {}
    for first, second in turned:
        firsts.setdefault(second, []).append(gradient_of(first))
    blocks = (step for second, those in firsts.items() for step in stepwise_blocks(computing, those, (second,)))
    names = [jacobian_of(gradient_of(first), second) for first, second in turned]
    return (*inverses_of(plain), *backward, *blocks), names


def gradient_program(program: Program) -> Program:
    """The program whose outputs are the gradients of its one scalar output by the ``wrt`` inputs, in their order.

    Raises:
        TcgradError: if there are several outputs or the one is no scalar.
    """
    if not has_hessian(program):
        names = ", ".join(output.name for output in program.outputs)
        raise TcgradError((
            Diagnostic("TC404", f"second derivatives are those of one scalar output, not of {names}"),
        ), program.spec.source)  # fmt: skip
    known = Facts(program.statements)
    (output,) = program.outputs
    pullback = Pullback(program, {output: _one}, program.wrt, gradient_of, gradient_of, known)
    gradients = tuple(gradient_of(wrt) for wrt in program.wrt)
    backward = compact(tuple(pullback.run()), gradients, (), known)
    return replace(program, statements=(*program.statements, *backward), outputs=gradients, expectations=())


def _one(positions: Positions) -> Expr:
    del positions
    return ONE
