"""Which shapes stand in an expression: a definition has instances only where those of its factors do."""

from __future__ import annotations

from tcgrad.ir.nodes import Add, Expr, Pow
from tcgrad.ir.traversal import children
from tcgrad.simplify.powers import negated, split_coefficient
from tcgrad.simplify.shapes import shape


def shapes_in(expr: Expr) -> frozenset[int]:
    """The shapes of all parts: of powers those of the bases, of differences those of the opposites too.

    Kept on the node once known.
    """
    known = expr.known_shapes
    if known is None:
        own = {shape(expr.base if isinstance(expr, Pow) else expr)}
        if isinstance(expr, Add) and any(split_coefficient(term)[0].numerator < 0 for term in expr.terms):
            own.add(shape(negated(expr)))
        known = expr.__dict__["known_shapes"] = frozenset(own).union(*map(shapes_in, children(expr)))
    return known
