"""Products that are too long to be differentiated: the derivative of one is longer by the square of its length."""

from __future__ import annotations

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.ir.nodes import Mul
from tcgrad.ir.program import Program, nodes_in

_MOST_FACTORS = 250


def require_short_products(program: Program) -> None:
    """Refuse a product of very many factors.

    Raises:
        TcgradError: with the place of the equation.
    """
    for statement in program.statements:
        for node in nodes_in(statement):
            if isinstance(node, Mul) and len(node.factors) > _MOST_FACTORS:
                message = f"a product of {len(node.factors)} factors is too long to be differentiated"
                help_ = f"{_MOST_FACTORS} factors are the limit: define parts of it in equations before"
                raise TcgradError((Diagnostic("TC409", message, statement.span, help_),), program.spec.source)
