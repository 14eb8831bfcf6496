"""Which shapes stand in an expression: a definition has instances only where that of its first factor does."""

from __future__ import annotations

from tcgrad.ir.nodes import Add, Expr, Pow
from tcgrad.ir.traversal import children
from tcgrad.simplify.powers import is_negative, negated
from tcgrad.simplify.shapes import shape


def shapes_in(expr: Expr) -> set[int]:
    """The shapes of all parts: of powers those of the bases, of sums of negative terms those of the opposites too."""
    found, waiting = set[int](), [expr]
    while waiting:
        part = waiting.pop()
        found.add(shape(part.base if isinstance(part, Pow) else part))
        if isinstance(part, Add) and is_negative(part):
            found.add(shape(negated(part)))
        waiting += children(part)
    return found
