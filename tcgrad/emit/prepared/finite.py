"""Expressions whose exponentials neither overflow nor lose the digits of what is left of their differences."""

from __future__ import annotations

from tcgrad.emit.prepared.expm1 import with_expm1
from tcgrad.emit.prepared.logaddexp import with_logaddexp
from tcgrad.ir.nodes import Expr
from tcgrad.simplify.exponentials.left_out import left_out
from tcgrad.simplify.exponentials.shifting import shifted


def finite(expr: Expr) -> Expr:
    """The same value, with exponents relative to the largest one, and by functions that keep differences."""
    return with_expm1(with_logaddexp(left_out(shifted(expr))))
