"""Exponentials as terms of sums: with the conditions under which they are there, and the largest exponent."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    ONE,
    ZERO,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexSum,
    Iverson,
    Mul,
    Where,
    const,
)
from tcgrad.ir.substitution import freshen, substitute
from tcgrad.ir.tensors import MINUS_INFINITY
from tcgrad.ir.traversal import factors_of, free_indices, product_of, sorts_in
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.matching import Match, matches

_EXP = FUNCTIONS["exp"]


@dataclass(frozen=True)
class Exponential:
    """``exp(exponent)`` where all the conditions hold, else 0; times weights, of which it matters where they are 0."""

    exponent: Expr
    conditions: tuple[Expr, ...] = ()
    weights: tuple[Expr, ...] = ()

    def less(self, largest: Expr, times: int) -> Expr:
        """The same with another exponent taken off ``times`` times; 1 where nothing is left of it."""
        left = Add((self.guarded, Mul((const(-times), largest))))
        return ONE if times < 0 and simplify(left) == ZERO else Call(_EXP, (left,))

    @property
    def alone(self) -> Expr:
        """The same as one exponential, whose exponent tells where it is 0."""
        return Call(_EXP, (self.guarded,))

    @property
    def guarded(self) -> Expr:
        """The exponent, minus infinity where a condition fails or a weight is 0."""
        conditions = (*self.conditions, *(Iverson("!=", weight, ZERO) for weight in self.weights))
        return Where(product_of(conditions), self.exponent, Component(MINUS_INFINITY)) if conditions else self.exponent

    def is_there(self, summed: tuple[Index, ...]) -> bool:
        """Whether the conditions certainly hold for some values of the indices: at an end, or at another index; and
        there are no weights, which may be 0.
        """
        if self.weights:
            return False
        free = [index for index in free_indices(product_of(self.conditions)) if index not in summed]
        places = [
            [Integer.of(0), index.size - 1, *(other.expr for other in free if other.size == index.size)]
            for index in summed
        ]
        return any(
            all(
                simplify(substitute(condition, dict(zip(summed, values, strict=True)))) == ONE
                for condition in self.conditions
            )
            for values in itertools.product(*places)
        )

    def at(self, values: Mapping[Index, Integer]) -> Exponential:
        conditions, weights = (
            tuple([substitute(part, values) for part in parts]) for parts in (self.conditions, self.weights)
        )
        return Exponential(substitute(self.exponent, values), conditions, weights)


def exponential_of(expr: Expr) -> Exponential | None:
    """The exponential that an expression is, chosen by conditions against 0 or times brackets; None if it is none."""
    match expr:
        case Call(function, (exponent,)) if function is _EXP:
            return Exponential(exponent)
        case Where(condition, then, Const(value)) if value == 0 and (inner := exponential_of(then)):
            return Exponential(inner.exponent, (*factors_of(condition), *inner.conditions))
        case Where(Iverson() as failing, Const(value), otherwise) if value == 0 and (
            inner := exponential_of(otherwise)
        ):
            return Exponential(inner.exponent, (failing.opposite, *inner.conditions))
        case Mul(factors):
            found = [part for factor in factors if (part := exponential_of(factor))]
            conditions = tuple(factor for factor in factors if isinstance(factor, Iverson))
            if len(found) == 1 and len(conditions) == len(factors) - 1:
                return Exponential(found[0].exponent, (*conditions, *found[0].conditions))
    return None


@dataclass(frozen=True)
class Exponentials:
    """A term of a sum: an exponential, or the sum of those for all values of some indices."""

    exponential: Exponential
    indices: tuple[Index, ...] = ()

    @property
    def largest(self) -> Expr:
        """The largest exponent; it has the free indices of the term."""
        exponent = self.exponential.guarded
        return freshen(IndexReduce("max", self.indices, exponent)) if self.indices else exponent

    @property
    def is_there(self) -> bool:
        """Whether conditions certainly do not leave all of it out."""
        return self.exponential.is_there(self.indices)

    def instance(self, exponent: Expr) -> Match | None:
        """How an exponent is one of the term's, if it is."""
        return next(matches(self.exponential.exponent, exponent, Match(frozenset(self.indices))), None)


def exponentials_of(expr: Expr, *, is_one_of_several: bool) -> Exponentials | None:
    """The exponential or the sum of exponentials that an expression is; None if it is neither.

    is_one_of_several: whether it is added to others, so that it may have weights as those of a sum have.
    """
    indices, body = (expr.indices, expr.body) if isinstance(expr, IndexSum) else ((), expr)
    found = exponential_of(body)
    if found is None and (indices or is_one_of_several):
        found = _weighted(factors_of(body))
    return None if found is None else Exponentials(found, indices)


def _weighted(factors: Sequence[Expr]) -> Exponential | None:
    """The exponential among factors, the others of which are its conditions and weights; None if there is none, or a
    weight has other indices than its exponent: there would be more exponents to look at.
    """
    weights = [factor for factor in factors if _EXP.name not in sorts_in(factor)]
    found = exponential_of(product_of([factor for factor in factors if factor not in weights]))
    if found is None:
        return None
    conditions = [weight for weight in weights if isinstance(weight, Iverson)]
    own = [weight for weight in weights if weight not in conditions]
    if not set(free_indices(product_of(own))) <= set(free_indices(found.exponent)):
        return None
    return Exponential(found.exponent, (*conditions, *found.conditions), tuple(own))
