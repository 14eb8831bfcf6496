"""Full expansion: the normal form in which equal polynomial expressions over indices are equal texts."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, Add, Call, Const, Expr, IndexReduce, IndexSum, Mul, Pow
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import children, rebuild, size, terms_of
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.rules import simplify_node
from tcgrad.simplify.signs import is_positive_number

_LARGEST_POWER = 6
_LARGEST_EXPRESSION = 20_000  # nodes; beyond, the question is left to samples
_MOST_STEPS = 2_000  # nodes that one expansion works out; as many take a good part of a second


class TooLargeError(Exception):
    """The expansion has grown past what is worth trying."""


class Expanding:
    """One expansion: products of sums are multiplied out, and ``exp`` of a sum is a product of powers of ``exp``."""

    collects = False

    def __init__(self) -> None:
        self.steps = 0

    def simplify(self, expr: Expr) -> Expr:
        """The expanded form; kept on the node.

        Raises:
            TooLargeError: if it is too large, or takes too many steps.
        """
        known = expr if expr.is_expanded else expr.expanded
        if known is None:
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise TooLargeError
            parts = tuple(self.simplify(part) for part in children(expr))
            plain = rebuild(expr, parts)
            split = _split_root(_split_exponential(plain))
            known = simplify_node(plain, self) if split is plain else self.simplify(split)
            if size(known) > _LARGEST_EXPRESSION:
                raise TooLargeError
            known.__dict__["is_expanded"] = True
            if known is not expr:
                expr.__dict__["expanded"] = known
        return known

    def substitute(self, expr: Expr, mapping: Mapping[Index, Integer]) -> Expr:
        return self.simplify(substitute(expr, mapping))

    def opens(self, base: Add, exponent: Fraction, live: frozenset[Index]) -> bool:
        del base, live
        return exponent.denominator == 1 and 1 <= exponent <= _LARGEST_POWER


def _split_exponential(expr: Expr) -> Expr:
    """``exp(a + 2 b) = exp(a) exp(b)^2``, ``exp(logsumexp_k u) = sum_k exp(u)``"""
    match expr:
        case Call(function=function, arguments=(IndexReduce(kind="logsumexp", indices=indices, body=body),)) if (
            function.name == "exp"
        ):
            return IndexSum(indices, Call(function, (body,)))
        case Call(function=function, arguments=(argument,)) if function.name == "exp":
            parts = [split_coefficient(term) for term in terms_of(argument)]
            if len(parts) == 1 and (parts[0][0] == 1 or parts[0][1] == ONE):
                return expr
            return Mul(tuple(_exponential(coefficient, rest) for coefficient, rest in parts))
        case _:
            return expr


def _exponential(coefficient: Fraction, rest: Expr) -> Expr:
    """``exp(c u)`` as ``exp(u)^c``; of a number alone as it is."""
    if rest == ONE:
        return Call(FUNCTIONS["exp"], (Const(coefficient),))
    return Pow(Call(FUNCTIONS["exp"], (rest,)), Const(coefficient))


def _split_root(expr: Expr) -> Expr:
    """``(2 H u)^(1/2) = 2^(1/2) H^(1/2) u^(1/2)``: numbers and sizes are positive."""
    match expr:
        case Pow(base=Mul(factors=factors), exponent=Const(value=n) as exponent) if n.denominator != 1:
            positive = [factor for factor in factors if is_positive_number(factor)]
            rest = Mul((ONE, *(factor for factor in factors if not is_positive_number(factor))))
            return Mul((*(Pow(factor, exponent) for factor in positive), Pow(rest, exponent))) if positive else expr
        case _:
            return expr


def expand(expr: Expr) -> Expr:
    """The fully expanded form of an expression.

    Raises:
        TooLargeError: if it is too large, or takes too many steps.
    """
    return Expanding().simplify(expr)
