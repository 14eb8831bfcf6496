"""Quotients of exponentials, as softmax, evaluated without overflow: the largest exponent is taken off all of them.

``exp(u_i)/sum_k exp(u_k) = exp(u_i - m)/sum_k exp(u_k - m)`` with ``m = max_k u_k``. Where conditions choose among the
terms, the exponent is minus infinity for those that are left out.
"""

from __future__ import annotations

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexSum,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.tensors import MINUS_INFINITY
from tcgrad.ir.traversal import factors_of, freshen, map_children, product_of, substitute
from tcgrad.records import dataclass
from tcgrad.simplify.matching import Match, matches

_EXP = FUNCTIONS["exp"]


def shifted(expr: Expr) -> Expr:
    """The expression with the exponents of every such quotient shifted."""
    made = map_children(expr, shifted)
    return _shifted_quotient(made) if isinstance(made, Mul) else made


@dataclass(frozen=True)
class _Exponential:
    """``exp(exponent)`` where all the conditions hold, else 0."""

    exponent: Expr
    conditions: tuple[Expr, ...] = ()

    def less(self, largest: Expr) -> Expr:
        return Call(_EXP, (Add((self.guarded, Mul((MINUS_ONE, largest)))),))

    @property
    def guarded(self) -> Expr:
        """The exponent, minus infinity where a condition fails."""
        if not self.conditions:
            return self.exponent
        condition = product_of(self.conditions)
        return Where(condition, self.exponent, Component(MINUS_INFINITY))

    def at(self, values: dict[Index, Integer]) -> _Exponential:
        return _Exponential(
            substitute(self.exponent, values), tuple(substitute(condition, values) for condition in self.conditions)
        )


def _exponential(expr: Expr) -> _Exponential | None:
    match expr:
        case Call(function, (exponent,)) if function is _EXP:
            return _Exponential(exponent)
        case Where(condition, then, Const(value)) if value == 0 and (inner := _exponential(then)):
            return _Exponential(inner.exponent, (*factors_of(condition), *inner.conditions))
        case Mul(factors):
            found = [part for factor in factors if (part := _exponential(factor))]
            conditions = tuple(factor for factor in factors if isinstance(factor, Iverson))
            if len(found) == 1 and len(conditions) == len(factors) - 1:
                return _Exponential(found[0].exponent, (*conditions, *found[0].conditions))
    return None


def _shifted_quotient(product: Mul) -> Expr:
    """The product with its exponentials shifted, where it divides one by the sum of its like."""
    for place, factor in enumerate(product.factors):
        match factor:
            case Pow(IndexSum(indices, body), Const(value)) if value == -1 and (term := _exponential(body)):
                rest = product.factors[:place] + product.factors[place + 1 :]
                largest = freshen(IndexReduce("max", indices, term.guarded))
                numerators = _shifted_numerator(rest, term, indices, largest)
                if numerators:
                    return Mul((*numerators, Pow(IndexSum(indices, term.less(largest)), MINUS_ONE)))
    return product


def _shifted_numerator(
    factors: tuple[Expr, ...], term: _Exponential, indices: tuple[Index, ...], largest: Expr
) -> tuple[Expr, ...] | None:
    """The factors with the one shifted that is a term of the sum; None if there is none."""
    for place, factor in enumerate(factors):
        found = _exponential(factor)
        if found is None:
            continue
        instance = next(matches(term.exponent, found.exponent, Match(frozenset(indices))), None)
        if instance is None:
            continue
        wanted = term.at(dict(instance.values)).conditions
        others = (*factors[:place], *factors[place + 1 :])
        missing = [condition for condition in wanted if condition not in found.conditions]
        if all(condition in others for condition in missing):
            kept = tuple(factor for factor in others if factor not in missing)
            more = tuple(condition for condition in found.conditions if condition not in wanted)
            return (*kept, *more, _Exponential(found.exponent, wanted).less(largest))
    return None
