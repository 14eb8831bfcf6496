"""Functions written through fewer: what makes identities between different functions visible."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import Call, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import children, rebuild
from tcgrad.language.elaborate import elaborate_scalar

_DEFINITIONS = {
    "sigmoid": "1/(1 + exp(-a))",
    "silu": "a/(1 + exp(-a))",
    "softplus": "log(1 + exp(a))",
    "log1p": "log(1 + a)",
    "expm1": "exp(a) - 1",
    "tanh": "1 - 2/(1 + exp(2*a))",
    "sinh": "(exp(a) - exp(-a))/2",
    "cosh": "(exp(a) + exp(-a))/2",
    "tan": "sin(a)/cos(a)",
    "erfc": "1 - erf(a)",
    "gelu": "a*(1 + erf(a/sqrt(2)))/2",
    "cbrt": "a^(1/3)",
}


def rewrite(expr: Expr) -> Expr:
    """The same value through exp, log, sin, cos and erf; ``cos^2`` as ``1 - sin^2``."""
    parts = tuple(rewrite(part) for part in children(expr))
    made = rebuild(expr, parts)
    match made:
        case Call(function=function, arguments=(argument,)) if function.name in _DEFINITIONS:
            return _definition(function.name, argument)
        case Pow(base=Call(function=function, arguments=(argument,)), exponent=Const(value=n)) if (
            function.name == "cos" and n >= 2 and n.denominator == 1
        ):
            squares = Pow(elaborate_scalar("1 - sin(a)^2", {"a": argument}), Const(Fraction(n // 2)))
            return squares if n % 2 == 0 else Mul((squares, made.base))
        case _:
            return made


@cache
def _definition(name: str, argument: Expr) -> Expr:
    return elaborate_scalar(_DEFINITIONS[name], {FUNCTIONS[name].parameters[0]: argument})
