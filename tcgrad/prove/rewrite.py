"""Functions written through fewer, brackets through deltas: what makes identities between different ones visible."""

from __future__ import annotations

from fractions import Fraction

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
from tcgrad.language.rows import written_out
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
        case Call(function=Function(definition=str(definition))):
            return _through_fewer(made, definition)
        case Pow(base=Call(function=Function(name="cos")) as cosine, exponent=Const(value=n)) if (
            n >= 2 and n.denominator == 1
        ):
            squares = Pow(written_out("1 - sin(a)^2", cosine), Const(Fraction(n // 2)))
            return squares if n % 2 == 0 else Mul((squares, cosine))
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


def _through_fewer(call: Call, definition: str) -> Expr:
    """The call by its function's definition; of a sigmoid's argument and its negative only one is ever written."""
    (argument,) = call.arguments
    if call.function.name != "sigmoid" or sign(simplify(argument)) >= 0:
        return written_out(definition, call)
    opposite = Call(call.function, (simplify(Mul((MINUS_ONE, argument))),))
    return Add((ONE, Mul((MINUS_ONE, written_out(definition, opposite)))))
