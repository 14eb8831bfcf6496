"""Templates: expressions over stand-ins, as the body of a function is one over its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from tcgrad.functions import abstract
from tcgrad.ir.nodes import Call, Expr
from tcgrad.ir.traversal import children, rebuild


@cache
def stand_in(parameter: str) -> Expr:
    """What stands for a parameter in a template; no name of the language contains its sign."""
    return Call(abstract(f"@{parameter}", 0), ())


def filled_in(template: Expr, actual: Mapping[Expr, Expr]) -> Expr:
    """The template with what is meant in the place of each stand-in."""
    if isinstance(template, Call) and template in actual:
        return actual[template]
    parts = children(template)
    return rebuild(template, tuple([filled_in(part, actual) for part in parts])) if parts else template
