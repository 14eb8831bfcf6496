"""Full expansion: the normal form in which equal polynomial expressions over indices are equal texts."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ONE, Add, Call, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import children, rebuild, size
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.rules import simplify_node

_LARGEST_POWER = 6
_LARGEST_EXPRESSION = 20_000  # nodes; beyond, the question is left to samples


class TooLargeError(Exception):
    """The expansion has grown past what is worth trying."""


class Expanding:
    """Products of sums are multiplied out, and ``exp`` of a sum is a product of powers of ``exp``."""

    collects = False

    def simplify(self, expr: Expr) -> Expr:
        """The expanded form; kept on the node.

        Raises:
            TooLargeError: if it is too large.
        """
        known = vars(expr).get("_expanded")
        if known is None:
            parts = tuple(self.simplify(part) for part in children(expr))
            known = simplify_node(_split_exponential(rebuild(expr, parts)), self)
            if size(known) > _LARGEST_EXPRESSION:
                raise TooLargeError
            vars(expr)["_expanded"] = vars(known)["_expanded"] = known
        return cast("Expr", known)

    def opens(self, base: Add, exponent: Fraction, live: frozenset[Index]) -> bool:
        del base, live
        return exponent.denominator == 1 and 1 <= exponent <= _LARGEST_POWER


def _split_exponential(expr: Expr) -> Expr:
    """``exp(a + 2 b) = exp(a) exp(b)^2``"""
    if not isinstance(expr, Call) or expr.function.name != "exp":
        return expr
    (argument,) = expr.arguments
    terms = argument.terms if isinstance(argument, Add) else (argument,)
    factors = []
    for term in terms:
        coefficient, rest = split_coefficient(term)
        base = Call(FUNCTIONS["exp"], (rest,))
        factors.append(base if coefficient == 1 or rest == ONE else Pow(base, Const(coefficient)))
        if rest == ONE:
            factors[-1] = Call(FUNCTIONS["exp"], (term,))
    return Mul(tuple(factors)) if len(factors) > 1 else factors[0]


EXPANDING = Expanding()


def expand(expr: Expr) -> Expr:
    """The fully expanded form of an expression.

    Raises:
        TooLargeError: if it is too large.
    """
    return EXPANDING.simplify(expr)
