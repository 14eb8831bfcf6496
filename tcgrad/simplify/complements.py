"""``sigmoid(-u)`` beside ``sigmoid(u)`` as ``1 - sigmoid(u)``, where that is shorter."""

from __future__ import annotations

from collections.abc import Callable

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Expr, Mul
from tcgrad.ir.traversal import map_children, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import negated, sign
from tcgrad.simplify.spread import spread_out


def with_one_sigmoid(expr: Expr, settle: Callable[[Expr], Expr]) -> Expr:
    """The expression with one sigmoid of each argument and its negative, where that is shorter; else the very same.

    settle: makes what is written anew as short as can be.
    """
    arguments = {part.arguments[0] for part in walk(expr) if isinstance(part, Call) and _is_sigmoid(part)}
    gone = {argument for argument in arguments if sign(argument) < 0 and negated(argument) in arguments}
    if not gone:
        return expr

    def written(part: Expr) -> Expr:
        if isinstance(part, Call) and _is_sigmoid(part) and part.arguments[0] in gone:
            return Add((ONE, Mul((MINUS_ONE, Call(FUNCTIONS["sigmoid"], (negated(part.arguments[0]),))))))
        return map_children(part, written)

    whole = written(expr)
    terms = spread_out(whole)
    made = [settle(simplify(whole)), *([settle(simplify(Add((ZERO, *terms))))] if terms else [])]
    return min((expr, *made), key=cost)


def _is_sigmoid(call: Call) -> bool:
    return call.function.name == "sigmoid"
