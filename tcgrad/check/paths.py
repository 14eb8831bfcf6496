"""The statements by which each derivative of a derivation is worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tcgrad.calculus import Derivation, Gradient, Jacobian
from tcgrad.calculus.jacobians import stepwise_jacobian
from tcgrad.calculus.tangents import push_forward
from tcgrad.check.domains import bodies
from tcgrad.ir.nodes import Call
from tcgrad.ir.program import Intrinsic, Program, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor, tangent_of
from tcgrad.ir.traversal import walk


@dataclass(frozen=True)
class Paths:
    """Looks the statements up, or derives those that a derivation does not hold."""

    derivation: Derivation

    @property
    def program(self) -> Program:
        return self.derivation.program

    def jacobian(self, of: Tensor, wrt: Tensor) -> Jacobian:
        return next(j for j in self.derivation.jacobians if (j.of, j.wrt) == (of, wrt))

    def gradient(self, wrt: Tensor) -> Gradient:
        return next(gradient for gradient in self.derivation.gradients if gradient.wrt == wrt)

    def stepwise(self, of: Tensor, wrt: Tensor) -> tuple[Statement, ...]:
        """The Jacobian without a closed form."""
        return stepwise_jacobian(self.program, of, wrt)

    def tangent(self, of: Tensor) -> tuple[Statement, ...]:
        """The tangent of an output; nothing if it depends on no input that is differentiated."""
        return up_to(self._tangents, tangent_of(of))

    @cached_property
    def _tangents(self) -> tuple[Statement, ...]:
        return push_forward(self.program)

    def uses_double(self) -> bool:
        """Whether the emitted module calls what exists in double precision only: SciPy and LAPACK."""
        statements = (*self.program.statements, *self.derivation.backward)
        calls = (node for s in statements for body in bodies(s) for node in walk(body) if isinstance(node, Call))
        return any(isinstance(s, Intrinsic) for s in statements) or any(call.function.scipy for call in calls)


def up_to(statements: Sequence[Statement], tensor: Tensor) -> tuple[Statement, ...]:
    """The statements to the one that defines ``tensor``; empty if none does."""
    for number, statement in enumerate(statements):
        if tensor in defined_tensors(statement):
            return tuple(statements[: number + 1])
    return ()
