"""Functions that are their argument times a gate, written as that: their derivatives need the gate, too."""

from __future__ import annotations

from tcgrad.ir.nodes import Call, Mul
from tcgrad.language.rows import written_out


def with_gate(expr: Call) -> Mul | None:
    """``u sigmoid(u)`` for ``silu(u)``; None for a function that has no gate."""
    if expr.function.gate is None:
        return None
    (argument,) = expr.arguments
    return Mul((argument, written_out(expr.function.gate, expr)))
