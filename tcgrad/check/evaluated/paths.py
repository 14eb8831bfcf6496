"""The statements by which each derivative of a derivation is worked out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field

import numpy as np

from tcgrad.calculus import Derivation, Gradient, Jacobian
from tcgrad.calculus.passes.jacobians import goes_forward, stepwise_blocks, stepwise_jacobian, stepwise_jacobians
from tcgrad.calculus.passes.second import gradient_program, has_hessian
from tcgrad.calculus.passes.tangents import push_forward
from tcgrad.calculus.program.dependence import Lines, depending_on
from tcgrad.calculus.program.unconstrained import unconstrained
from tcgrad.check.labels import axis_names
from tcgrad.evaluate.arrays.numbers import is_exact
from tcgrad.ir.nodes import Call, Component, Const, Expr, Pow
from tcgrad.ir.program import Intrinsic, Program, Statement, defined_tensors, nodes_in
from tcgrad.ir.tensors import Role, Tensor, jacobian_of
from tcgrad.ir.traversal import tensors_read
from tcgrad.records import cached_property, dataclass

_LITERAL = re.compile(r"\d\.\d{4}")


@dataclass(frozen=True)
class Paths:
    """Looks the statements up, or derives those that a derivation does not hold."""

    derivation: Derivation
    _stepwise: dict[tuple[Tensor, Tensor], tuple[Statement, ...]] = field(default_factory=dict, compare=False)
    _axes: dict[Tensor, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def program(self) -> Program:
        return self.derivation.program

    def jacobian(self, of: Tensor, wrt: Tensor) -> Jacobian:
        return next(j for j in self.derivation.jacobians if (j.of, j.wrt) == (of, wrt))

    def gradient(self, wrt: Tensor) -> Gradient:
        return next(gradient for gradient in self.derivation.gradients if gradient.wrt == wrt)

    def stepwise(self, of: Tensor, wrt: Tensor) -> tuple[Statement, ...]:
        """The Jacobian without a closed form. Those that go backward are found together, and share statements: else
        what many layers lead to would be worked out again for each of their inputs.
        """
        if (of, wrt) not in self._stepwise:
            program = self.derivation.worked
            if goes_forward(program, of, wrt):
                self._stepwise[of, wrt] = stepwise_jacobian(program, of, wrt)
            else:
                several = [each for each in program.wrt if not goes_forward(program, of, each)]
                lines = Lines(stepwise_jacobians(program, of, several, self.derivation.backward))
                self._stepwise.update({(of, each): lines.used_for(jacobian_of(of, each)) for each in several})
        return self._stepwise[of, wrt]

    def axis_names(self, tensor: Tensor) -> tuple[str, ...]:
        """What the spec calls the axes of a tensor."""
        if tensor not in self._axes:
            self._axes[tensor] = axis_names(self.program, tensor)
        return self._axes[tensor]

    @cached_property
    def tangents(self) -> tuple[Statement, ...]:
        """The tangents of all outputs."""
        return push_forward(self.derivation.worked, self.derivation.known)

    @cached_property
    def gradients(self) -> Program:
        """What computes the gradients of the one output, a scalar, and is differentiated by the module as well."""
        return gradient_program(unconstrained(self.derivation.worked))

    @cached_property
    def backward(self) -> tuple[Statement, ...]:
        """The statements that `gradients` has besides the equations."""
        return self.gradients.statements[len(self.derivation.worked.statements) :]

    @cached_property
    def second_tangents(self) -> tuple[Statement, ...]:
        """The tangents of those gradients: the Hessian times a direction."""
        return push_forward(self.gradients)

    @cached_property
    def second_blocks(self) -> tuple[Statement, ...]:
        """The Jacobians of those gradients: the blocks of the Hessian, as the module works them out."""
        gradients = self.gradients
        return stepwise_blocks(gradients, gradients.outputs, gradients.wrt)

    @cached_property
    def uses_double(self) -> bool:
        """Whether the emitted module has parts in double precision whatever its inputs are.

        They are SciPy's functions, LAPACK, and numbers: those that are no doubles, and those worked out from others.
        """
        statements = (*self.derivation.worked.statements, *self.derivation.backward, *self.tangents)
        if has_hessian(self.program):
            statements += (*self.gradients.statements, *self.second_tangents)
        varying = depending_on(self.program, [item.tensor for item in self.program.inputs])
        has_lapack = any(isinstance(statement, Intrinsic) for statement in statements)
        return has_lapack or any(_is_double(node, varying) for node in nodes_in(*statements))


def _is_double(node: Expr, varying: set[Tensor]) -> bool:
    match node:
        case Const():
            return not is_exact(node.value, np.dtype(np.float64))
        case Component(tensor=Tensor(role=Role.CONSTANT, value=value)):
            return value is None or not is_exact(value, np.dtype(np.float64))
        case Call(function=function):
            literals = _LITERAL.search(function.helper or "")
            return bool(function.scipy or literals) or _is_constant(node, varying)
        case Pow():
            return _is_constant(node, varying)
        case _:
            return False


def _is_constant(node: Expr, varying: set[Tensor]) -> bool:
    """Whether a value depends on no input and no upstream gradient: Python works it out."""
    return not any(t in varying or t.role in (Role.GRADIENT, Role.JACOBIAN) for t in tensors_read(node))


def up_to(statements: Sequence[Statement], tensor: Tensor) -> tuple[Statement, ...]:
    """The statements to the one that defines ``tensor``; empty if none does."""
    for number, statement in enumerate(statements):
        if tensor in defined_tensors(statement):
            return tuple(statements[: number + 1])
    return ()
