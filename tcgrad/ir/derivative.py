"""The derivative operator as a node: ``∂(x[i,k] a[k,j])/∂x[p,q]``, not worked out yet.

It stands in the lines of a derivation alone; nothing that is derived, emitted or checked holds one.
"""

from __future__ import annotations

from tcgrad.functions import Function
from tcgrad.ir.nodes import Call, Component, Expr

OPERATOR = Function("d/d", ("body", "by"), (None, None), numpy="", latex="", domain=())
"""No name of a spec can be ``d/d``."""


def derivative(body: Expr, by: Component) -> Call:
    """The derivative of ``body`` by a component at new indices; both are free in it."""
    return Call(OPERATOR, (body, by))


def is_derivative(expr: Expr) -> bool:
    """Whether a node is the operator applied to something."""
    return isinstance(expr, Call) and expr.function is OPERATOR
