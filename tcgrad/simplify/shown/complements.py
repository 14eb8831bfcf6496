"""``sigmoid(-u)`` beside ``sigmoid(u)`` as ``1 - sigmoid(u)``, where that is shorter; ``1 - sigmoid(a - b)`` alone as
``sigmoid(b - a)``; and the slope of a sigmoid, which is the same at ``-u``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Expr, Mul
from tcgrad.ir.traversal import factors_of, map_children, sorts_in, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import negated, sign, split_coefficient
from tcgrad.simplify.shorter.spread import spread_out

_SIGMOID = FUNCTIONS["sigmoid"]


def with_one_sigmoid(expr: Expr, settle: Callable[[Expr], Expr]) -> Expr:
    """The expression with one sigmoid of each argument and its negative, where that is shorter; else the very same.

    settle: makes what is written anew as short as can be.
    """
    arguments = {part.arguments[0] for part in sigmoids_in(expr)}
    gone = {argument for argument in arguments if sign(argument) < 0 and negated(argument) in arguments}
    if not gone:
        return expr

    def written(part: Expr) -> Expr:
        if isinstance(part, Call) and _is_sigmoid(part) and part.arguments[0] in gone:
            return _less_than_1(Call(part.function, (negated(part.arguments[0]),)))
        return map_children(part, written)

    whole = written(expr)
    terms = spread_out(whole)
    made = [settle(simplify(whole)), *([settle(simplify(Add((ZERO, *terms))))] if terms else [])]
    return min((expr, *made), key=cost)


def with_even_slopes(expr: Expr) -> Expr:
    """``sigmoid(u) (1 - sigmoid(u))`` for ``sigmoid(-u) (1 - sigmoid(-u))``; the very same where there is none."""
    return _turned_slopes(expr) if any(map(_is_turned_sigmoid, sigmoids_in(expr))) else expr


def sigmoids_in(expr: Expr) -> Iterator[Call]:
    """The sigmoids in an expression, as often as they stand there."""
    parts = walk(expr) if _SIGMOID.name in sorts_in(expr) else ()
    return (part for part in parts if type(part) is Call and part.function is _SIGMOID)


def with_turned_differences(expr: Expr) -> Expr:
    """``sigmoid(b - a)`` for ``1 - sigmoid(a - b)``, where that sigmoid stands nowhere else; the very same without one.

    expr: is simplified.
    """
    calls = Counter(sigmoids_in(expr))
    known: dict[Expr, Expr] = {}
    for call in [call for call, count in calls.items() if count == 1 and _is_difference(call.arguments[0])]:
        less, turned = _less_than_1(call), Call(call.function, (negated(call.arguments[0]),))
        known |= {simplify(less): turned, simplify(negated(less)): negated(turned)}

    def written(part: Expr) -> Expr:
        return known[part] if part in known else map_children(part, written)

    made = written(expr) if known else expr
    return expr if made is expr else simplify(made)


def _is_difference(argument: Expr) -> bool:
    return isinstance(argument, Add) and len({split_coefficient(term)[0] > 0 for term in argument.terms}) == 2


def _turned_slopes(expr: Expr) -> Expr:
    made = map_children(expr, _turned_slopes)
    factors = list(factors_of(made))
    for place, factor in enumerate(factors):
        if not isinstance(factor, Call) or not _is_turned_sigmoid(factor):
            continue
        other = simplify(_less_than_1(factor))
        if other in factors:
            turned = Call(factor.function, (negated(factor.arguments[0]),))
            factors[place], factors[factors.index(other)] = turned, _less_than_1(turned)
    return made if factors == list(factors_of(made)) else simplify(Mul(tuple(factors)))


def _is_turned_sigmoid(part: Expr) -> bool:
    return isinstance(part, Call) and _is_sigmoid(part) and sign(part.arguments[0]) < 0


def _less_than_1(part: Expr) -> Expr:
    """What is left to 1."""
    return Add((ONE, Mul((MINUS_ONE, part))))


def _is_sigmoid(call: Call) -> bool:
    return call.function is _SIGMOID
