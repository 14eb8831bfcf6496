"""Directional derivatives: the program that ``jvp`` runs."""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.calculus.lines.compact import cancelled
from tcgrad.calculus.passes.forward import push
from tcgrad.calculus.passes.padding import still_outside
from tcgrad.calculus.rules.indices import new_indices
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Component
from tcgrad.ir.program import Define, Program, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor, tangent_of
from tcgrad.simplify.folding.fold import Facts


def push_forward(
    program: Program, known: Facts | None = None, tangent: Callable[[Tensor], Tensor] = tangent_of
) -> tuple[Statement, ...]:
    """The tangent ``dNAME`` of every output and of what lies between, given those of the ``wrt`` inputs.

    known: the definitions of the program, if they are known already.
    tangent: the tensor that holds the tangent of a tensor.
    """

    def seed(read: Component, _: tuple[Index, ...]) -> Component:
        """``x[e]`` as ``dx[e]``."""
        return Component(tangent(read.tensor), read.indices)

    known = Facts(program.statements) if known is None else known
    pushed = tuple(push(program, program.wrt, seed, tangent, known=known))
    moving = {tensor for statement in pushed for tensor in defined_tensors(statement)}
    still = (output for output in program.outputs if tangent(output) not in moving)
    zeros = (Define(tangent(output), new_indices(output), ZERO) for output in still)
    tangents = cancelled(pushed, set(map(tangent, program.outputs)), known)
    definitions = {s.tensor: s for s in program.statements if isinstance(s, Define)}
    return (*still_outside(tangents, definitions), *zeros)
