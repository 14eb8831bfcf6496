"""Functions that are their argument times a gate, written as that: their derivatives need the gate, too."""

from __future__ import annotations

from functools import cache

from tcgrad.functions import Function
from tcgrad.ir.nodes import Call, Expr, Mul
from tcgrad.ir.templates import filled_in, stand_in
from tcgrad.language.elaborate import elaborate_scalar


def with_gate(expr: Call) -> Mul | None:
    """``u sigmoid(u)`` for ``silu(u)``; None for a function that has no gate."""
    if expr.function.gate is None:
        return None
    (argument,) = expr.arguments
    return Mul((argument, filled_in(_gate(expr.function), {stand_in("a"): argument})))


@cache
def _gate(function: Function) -> Expr:
    """The table's text for a gate, over a stand-in for the argument."""
    return elaborate_scalar(function.gate or "", {"a": stand_in("a")})
