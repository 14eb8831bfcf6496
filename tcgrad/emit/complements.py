"""Complements without cancellation: ``1 - sigmoid(u)`` is ``sigmoid(-u)``, ``1 + erf(u)`` is ``erfc(-u)``."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import ONE, Add, Call, Expr
from tcgrad.ir.traversal import map_children, walk
from tcgrad.simplify.powers import negated, split_coefficient

# 1 - sigmoid(u) = sigmoid(-u), 1 - erf(u) = erfc(u) and 1 + erf(u) = erfc(-u): the numbers, and the function.
_COMPLEMENTS = {"sigmoid": ((-1,), "sigmoid"), "erf": ((-1, 1), "erfc")}


def complemented(expr: Expr) -> Expr:
    """The expression with every such complement by the function that it is; the very same if there is none."""
    if not any(isinstance(part, Call) and part.function.name in _COMPLEMENTS for part in walk(expr)):
        return expr
    return _complemented(expr)


def _complemented(expr: Expr) -> Expr:
    made = map_children(expr, _complemented)
    match made:
        case Add(terms=(first, second)) if ONE in (first, second):
            number, rest = split_coefficient(second if first == ONE else first)
            return _complement(number, rest) or made
        case _:
            return made


def _complement(number: Fraction, call: Expr) -> Expr | None:
    """``1 + number*call``"""
    if not isinstance(call, Call) or call.function.name not in _COMPLEMENTS:
        return None
    numbers, name = _COMPLEMENTS[call.function.name]
    (argument,) = call.arguments
    if number not in numbers:
        return None
    turned = name == "erfc" and number < 0
    return Call(FUNCTIONS[name], (argument if turned else negated(argument),))
