"""``u + softplus(v - u)`` as ``logaddexp(u, v)``: where ``u`` is far below ``v``, the difference has lost all of it."""

from __future__ import annotations

from math import inf

from tcgrad.functions import Function
from tcgrad.ir.nodes import ZERO, Add, Call, Expr
from tcgrad.ir.traversal import map_children, sorts_in, terms_of
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.powers import negated, scaled, split_coefficient

_REAL = (-inf, inf)
_LOGADDEXP = Function(
    "logaddexp",
    ("a", "b"),
    ("sigmoid(a - b)", "sigmoid(b - a)"),
    "np.logaddexp({0}, {1})",
    r"\operatorname{{logaddexp}}\left({0}, {1}\right)",
    (_REAL, _REAL),
)


def with_logaddexp(expr: Expr) -> Expr:
    """The expression with every such sum as one function; the very same if there is none."""
    if "softplus" not in sorts_in(expr):
        return expr
    made = map_children(expr, with_logaddexp)
    return _joined(made) if isinstance(made, Add) else made


def _joined(total: Add) -> Expr:
    """A sum with ``n u + n softplus(v - u)`` as ``n logaddexp(u, v)``, for any of its terms."""
    for place, term in enumerate(total.terms):
        number, call = split_coefficient(term)
        if not isinstance(call, Call) or not is_call(call, "softplus"):
            continue
        others = [other for n, other in enumerate(total.terms) if n != place]
        parts = terms_of(call.arguments[0])
        taken = {part: scaled(number, negated(part)) for part in parts}
        less = [part for part in parts if taken[part] in others]
        if less:
            sides = [negated(part) for part in less], [part for part in parts if part not in less]
            joined = scaled(number, Call(_LOGADDEXP, tuple(map(_sum, sides))))
            return _sum([*(other for other in others if other not in map(taken.get, less)), joined])
    return total


def _sum(terms: list[Expr]) -> Expr:
    return Add(tuple(terms)) if len(terms) > 1 else terms[0] if terms else ZERO
