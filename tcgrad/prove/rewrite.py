"""Functions written through fewer, brackets through deltas: what makes identities between different ones visible."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from tcgrad.functions import Function
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    Add,
    Call,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
    const,
)
from tcgrad.ir.traversal import children, rebuild, terms_of
from tcgrad.language.rows import written_out
from tcgrad.prove.places import as_sum
from tcgrad.prove.proper import with_proper_fractions
from tcgrad.simplify import simplify
from tcgrad.simplify.expand import expand
from tcgrad.simplify.positive import without_one_factor
from tcgrad.simplify.powers import sign

_MOST_STEPS = 8  # from one argument of the digamma function to another
_FIRST = (1, 2, 3)  # how many positions are written one by one


def rewrite(expr: Expr) -> Expr:
    """The same value through exp, log, sin, cos and erf, ``cos^2`` by ``sin``, ``[p >= 1]`` by ``delta[p,0]``.

    ``sigmoid(-u)`` is ``1 - sigmoid(u)``, ``S^(e/(1 - e))`` is ``S^(1/(1 - e) - 1)``, and a root of ``1/s`` is one of
    ``s``, below the bar: they have values for the same ``s``. A product but for one factor is a quotient. A sum of
    indices and sizes that stands as a number is one of numbers, whatever it is added to.
    """
    compared = isinstance(expr, Iverson)
    parts = tuple(part if compared and isinstance(part, IndexValue) else rewrite(part) for part in children(expr))
    made = rebuild(expr, parts)
    match made:
        case IndexValue():
            return as_sum(made)
        case Call(function=Function(name="digamma"), arguments=(argument,)):
            return _with_digamma_between(made, expand(argument))
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
        case Iverson(operator=">=" | ">" | "<" | "<=", left=IndexValue(value=place), right=IndexValue(value=bound)) if (
            place.as_index is not None
        ):
            return _by_its_ends(made, place.as_index, bound)
        case IndexReduce(kind="prod", body=Where() as choice):
            return without_one_factor(made, choice) or made
        case _:
            return made


def _by_its_ends(comparison: Iverson, index: Index, bound: Integer) -> Expr:
    """``[p >= 1] = 1 - delta[p,0]`` and ``[p < N - 1] = 1 - delta[p,N-1]``, with a few more at either end."""
    start = bound + Integer.of(int(comparison.operator in (">", "<=")))  # of where it is another way round
    early, late = start.as_number, (index.size - start).as_number
    if early in _FIRST:
        first = Add(tuple(Delta(index.expr, Integer.of(n)) for n in range(early)))
        return first if "<" in comparison.operator else Add((ONE, Mul((MINUS_ONE, first))))
    if late in _FIRST:
        last = Add(tuple(Delta(index.expr, start + Integer.of(n)) for n in range(late)))
        return last if ">" in comparison.operator else Add((ONE, Mul((MINUS_ONE, last))))
    return comparison


def _with_digamma_between(call: Call, argument: Expr) -> Expr:
    """``digamma(u + n) = digamma(u) + 1/u + 1/(u + 1) + ... + 1/(u + n - 1)``, the number that is left in [0, 1)."""
    number = next((term.value for term in terms_of(argument) if isinstance(term, Const)), Fraction(0))
    steps = floor(number)
    if not 0 < abs(steps) <= _MOST_STEPS:
        return call
    rest = expand(Add((argument, const(-steps))))
    passed = (Pow(Add((rest, const(n))), MINUS_ONE) for n in range(min(steps, 0), max(steps, 0)))
    return Add((Call(call.function, (rest,)), *(part if steps > 0 else Mul((MINUS_ONE, part)) for part in passed)))


def _through_fewer(call: Call, definition: str) -> Expr:
    """The call by its function's definition; of a sigmoid's argument and its negative only one is ever written."""
    (argument,) = call.arguments
    if call.function.name != "sigmoid" or sign(simplify(argument)) >= 0:
        return written_out(definition, call)
    opposite = Call(call.function, (simplify(Mul((MINUS_ONE, argument))),))
    return Add((ONE, Mul((MINUS_ONE, written_out(definition, opposite)))))
