"""Directional derivatives: the program that ``jvp`` runs."""

from __future__ import annotations

from tcgrad.calculus.derivation import tangent_of
from tcgrad.calculus.forward import push
from tcgrad.ir.nodes import Component
from tcgrad.ir.program import Program, Statement


def push_forward(program: Program) -> tuple[Statement, ...]:
    """The tangent ``dNAME`` of every tensor that depends on a ``wrt`` input, given those of the inputs.

    Raises:
        TcgradError: where a function on the way has no derivative.
    """
    return tuple(push(program, program.wrt, lambda read, _: _tangent(read), tangent_of))


def _tangent(read: Component) -> Component:
    """``x[e]`` as ``dx[e]``."""
    return Component(tangent_of(read.tensor), read.indices)
