"""What is settled before anything else is prepared: how conditions choose positions, and powers of what may be 0."""

from __future__ import annotations

from tcgrad.emit.prepared.exclusions import with_exclusions
from tcgrad.emit.prepared.selections import selected
from tcgrad.ir.nodes import Expr
from tcgrad.simplify.poles import without_poles


def with_conditions_settled(expr: Expr) -> Expr:
    """The expression with what is left out as brackets, selected positions read, and powers that are finite at 0."""
    return without_poles(selected(with_exclusions(expr)))
