"""Which shapes stand in an expression: a definition has instances only where those of its factors do."""

from __future__ import annotations

from tcgrad.ir.nodes import Add, Expr, Pow
from tcgrad.ir.traversal import children
from tcgrad.simplify.powers import negated
from tcgrad.simplify.shapes import shape
from tcgrad.simplify.usual_ways import is_difference


def shapes_in(expr: Expr) -> frozenset[int]:
    """The shapes of all parts: of powers those of the bases, of differences those of the opposites too.

    Kept on the node once known.
    """
    known = expr.known_shapes
    if known is None:
        own = {shape(expr.base if isinstance(expr, Pow) else expr)}
        if isinstance(expr, Add) and is_difference(expr):
            own.add(shape(negated(expr)))
        known = expr.__dict__["known_shapes"] = frozenset(own).union(*map(shapes_in, children(expr)))
    return known
