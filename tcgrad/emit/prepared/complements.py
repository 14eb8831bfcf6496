"""Complements without cancellation: ``1 - sigmoid(u)`` is ``sigmoid(-u)``, ``1 + erf(u)`` is ``erfc(-u)``."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import ONE, Add, Call, Expr
from tcgrad.ir.traversal import factors_of, map_children, product_of, sorts_in
from tcgrad.simplify.powers import negated, split_coefficient

# 1 - sigmoid(u) = sigmoid(-u), 1 - erf(u) = erfc(u) and 1 + erf(u) = erfc(-u): the numbers, and the function.
_COMPLEMENTS = {"sigmoid": ((-1,), "sigmoid"), "erf": ((-1, 1), "erfc")}


def complemented(expr: Expr) -> Expr:
    """The expression with every such complement by the function that it is; the very same if there is none.

    One that a number or the function itself is added to, as in ``y (1 - s) + s``, stays: its digits do not matter then.
    """
    return expr if sorts_in(expr).isdisjoint(_COMPLEMENTS) else _complemented(expr)


def _complemented(expr: Expr) -> Expr:
    turned = _turned(expr)
    if turned is not None:
        return map_children(turned, _complemented)
    if isinstance(expr, Add) and any(map(_is_large, expr.terms)):
        return Add(tuple(map(_inside, expr.terms)))
    return map_children(expr, _complemented)


def _is_large(term: Expr) -> bool:
    """Whether a term is a number, or the multiple of a function that is not small where its complement is."""
    rest = split_coefficient(term)[1]
    return rest == ONE or (isinstance(rest, Call) and rest.function.name in _COMPLEMENTS)


def _inside(term: Expr) -> Expr:
    """A term with the complements that are not its own factors."""
    factors = [factor if _turned(factor) is not None else _complemented(factor) for factor in factors_of(term)]
    return product_of(factors)


def _turned(expr: Expr) -> Expr | None:
    """What function of another argument an expression is, if it is the complement of one."""
    match expr:
        case Add(terms=(first, second)) if ONE in (first, second):
            return _complement(*split_coefficient(second if first == ONE else first))
        case _:
            return None


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
