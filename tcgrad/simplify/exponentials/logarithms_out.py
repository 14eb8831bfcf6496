"""``exp(log(b) + u)`` as ``b exp(u)``, for people: code is better without, for ``exp(u)`` may overflow by itself."""

from __future__ import annotations

from tcgrad.ir.nodes import ZERO, Add, Call, Const, Expr, IndexReduce, Mul, Pow
from tcgrad.ir.traversal import map_children, sorts_in, terms_of
from tcgrad.simplify.calls import argument_of
from tcgrad.simplify.powers import split_coefficient

_BOTH = frozenset({"exp", "log"})


def with_logarithms_out(expr: Expr) -> Expr:
    """An expression with factors for the logarithms that its exponents add up; not simplified, the very same without.

    A share ``exp(u - logsumexp(u))`` stays one, whatever ``u`` is.
    """
    if not sorts_in(expr) >= _BOTH:
        return expr
    made = map_children(expr, with_logarithms_out)
    match made:
        case Call(function=function, arguments=(exponent,)) if function.name == "exp":
            terms = terms_of(exponent)
            parts = list(map(split_coefficient, terms))
            if any(isinstance(part, IndexReduce) for _, part in parts):
                return made
            out = [Pow(base, Const(number)) for number, part in parts if (base := argument_of(part, "log")) is not None]
            left = [term for term, (_, part) in zip(terms, parts, strict=True) if argument_of(part, "log") is None]
            return Mul((*out, Call(function, (Add((ZERO, *left)),)))) if out else made
        case _:
            return made
