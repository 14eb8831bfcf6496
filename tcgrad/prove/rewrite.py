"""Functions written through fewer, brackets through deltas: what makes identities between different ones visible."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from tcgrad.functions import Function
from tcgrad.ir.indices import Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Const,
    Delta,
    Expr,
    IndexValue,
    Iverson,
    Mul,
    Pow,
)
from tcgrad.ir.traversal import children, rebuild
from tcgrad.language.elaborate import elaborate_scalar
from tcgrad.prove.places import as_sum
from tcgrad.prove.proper import with_proper_fractions
from tcgrad.simplify import simplify
from tcgrad.simplify.powers import sign

_FIRST = (1, 2, 3)  # how many positions are written one by one


def rewrite(expr: Expr) -> Expr:
    """The same value through exp, log, sin, cos and erf, ``cos^2`` by ``sin``, ``[p >= 1]`` by ``delta[p,0]``.

    ``sigmoid(-u)`` is ``1 - sigmoid(u)``, ``S^(e/(1 - e))`` is ``S^(1/(1 - e) - 1)``, and a root of ``1/s`` is one of
    ``s``, below the bar: they have values for the same ``s``. A sum of indices and sizes
    that stands as a number is one of numbers, whatever it is added to.
    """
    compared = isinstance(expr, Iverson)
    parts = tuple(part if compared and isinstance(part, IndexValue) else rewrite(part) for part in children(expr))
    made = rebuild(expr, parts)
    match made:
        case IndexValue():
            return as_sum(made)
        case Call(function=function, arguments=(argument,)) if function.name == "sigmoid" and _is_turned(argument):
            return Add((ONE, Mul((MINUS_ONE, _definition(function, simplify(Mul((MINUS_ONE, argument))))))))
        case Call(function=function, arguments=(argument,)) if function.definition is not None:
            return _definition(function, argument)
        case Pow(base=Call(function=function, arguments=(argument,)), exponent=Const(value=n)) if (
            function.name == "cos" and n >= 2 and n.denominator == 1
        ):
            squares = Pow(elaborate_scalar("1 - sin(a)^2", {"a": argument}), Const(Fraction(n // 2)))
            return squares if n % 2 == 0 else Mul((squares, made.base))
        case Pow(base=Pow(base=base, exponent=Const(value=whole)), exponent=Const(value=root)) if (
            whole.denominator == 1 and whole % 2 == 1 and (whole * root).denominator > 1
        ):
            return Pow(base, Const(whole * root))
        case Pow(base=base, exponent=exponent) if not isinstance(exponent, Const):
            return Pow(base, with_proper_fractions(exponent))
        case Iverson(operator=">=" | "<" as operator, left=IndexValue(value=place), right=IndexValue(value=bound)) if (
            place.as_index is not None and bound.as_number in _FIRST
        ):
            early = Add(tuple(Delta(place, Integer.of(n)) for n in range(bound.as_number or 0)))
            return early if operator == "<" else Add((ONE, Mul((MINUS_ONE, early))))
        case _:
            return made


def _is_turned(argument: Expr) -> bool:
    """Whether of an argument and its negative the other one is written, so that only one of them occurs."""
    return sign(simplify(argument)) < 0


@cache
def _definition(function: Function, argument: Expr) -> Expr:
    return elaborate_scalar(function.definition or "", {function.parameters[0]: argument})
