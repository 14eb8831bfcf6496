"""Quotients of exponentials, as softmax, evaluated without overflow: the largest exponent is taken off all of them.

``exp(u_i)/sum_k exp(u_k) = exp(u_i - m)/sum_k exp(u_k - m)`` with ``m = max_k u_k``, and so for every product that is
homogeneous of degree 0 in the exponentials, as ``sum_i exp(u_i) v_i/sum_k exp(u_k)``. Where conditions choose among the
terms, the exponent is minus infinity for those that are left out; where they may leave out all, nothing is divided by
0, and the quotient is 0 as its terms are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

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
    Pow,
    Where,
    const,
)
from tcgrad.ir.tensors import MINUS_INFINITY
from tcgrad.ir.traversal import (
    factors_of,
    free_indices,
    freshen,
    map_children,
    product_of,
    substitute,
)
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
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

    def less(self, largest: Expr, times: int = 1) -> Expr:
        """The same with another exponent taken off ``times`` times."""
        return Call(_EXP, (Add((self.guarded, Mul((const(-times), largest)))),))

    @property
    def guarded(self) -> Expr:
        """The exponent, minus infinity where a condition fails."""
        if not self.conditions:
            return self.exponent
        condition = product_of(self.conditions)
        return Where(condition, self.exponent, Component(MINUS_INFINITY))

    def is_there(self, summed: tuple[Index, ...]) -> bool:
        """Whether the conditions certainly hold for some values of the indices: at an end, or at another index."""
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


@dataclass(frozen=True)
class _Shift:
    """The largest exponent of a sum of exponentials, to be taken off all that are values of its term.

    total: the sum. term: what is summed.
    largest: the largest of its exponents, a number where it has none; it has the other free indices of the term.
    may_be_empty: whether conditions may leave out every term.
    """

    total: IndexSum
    term: _Exponential
    largest: Expr
    may_be_empty: bool

    @staticmethod
    def of(total: IndexSum, term: _Exponential) -> _Shift:
        largest: Expr = freshen(IndexReduce("max", total.indices, term.guarded))
        may_be_empty = not term.is_there(total.indices)
        if may_be_empty:
            largest = Where(Iverson(">", largest, Component(MINUS_INFINITY)), largest, ONE)  # any number would do
        return _Shift(total, term, largest, may_be_empty)

    def off(self, expr: Expr, holding: tuple[Expr, ...] = ()) -> tuple[Expr, int]:
        """The expression with the shift made where it is homogeneous in the exponentials, and its degree in them: what
        it was is ``exp(largest)^degree`` times this.

        holding: the conditions under which it is read.
        """
        kept: list[Expr] = []
        made: list[Expr] = []
        missing: list[Expr] = []
        degree = 0
        for factor in factors_of(expr):
            found = _exponential(factor)
            times = 0 if found is None else self._times(found.exponent)
            if found is None or not times:
                kept.append(factor)
                continue
            wanted = self._conditions(found)
            made += [condition for condition in found.conditions if condition not in wanted]
            made.append(_Exponential(found.exponent, wanted).less(self.largest, times))
            missing += [condition for condition in wanted if condition not in found.conditions]
            degree += times
        if not all(condition in kept or condition in holding for condition in missing):
            return expr, 0
        holding = (*holding, *[factor for factor in kept if isinstance(factor, Iverson)])
        others = [self._other(factor, holding) for factor in kept if factor not in missing]
        degree += sum(more for _, more in others)
        return product_of([*(other for other, _ in others), *made]), degree

    def _times(self, exponent: Expr) -> int:
        """How often another exponent has those of the sum as a term: it is less by as much if they all are. Where they
        have conditions, one or none.
        """
        match exponent:
            case _ if self._instance(exponent):
                return 1
            case Add(terms) if not self.term.conditions:
                return sum(map(self._times, terms))
            case IndexReduce("max", indices, body) if not self.term.conditions and self._is_constant_along(indices):
                return self._times(body)
            case Mul((Const(value), *rest)) if value.denominator == 1 and not self.term.conditions:
                return value.numerator * self._times(product_of(rest))
        return 0

    def _is_constant_along(self, indices: tuple[Index, ...]) -> bool:
        """Whether the largest exponent is the same for all values of some indices."""
        return not set(indices).intersection(free_indices(self.largest))

    def _instance(self, exponent: Expr) -> Match | None:
        return next(matches(self.term.exponent, exponent, Match(frozenset(self.total.indices))), None)

    def _conditions(self, found: _Exponential) -> tuple[Expr, ...]:
        """The conditions of the term where it has the exponent of another; none if that adds up several."""
        instance = self._instance(found.exponent)
        return self.term.at(dict(instance.values)).conditions if instance else ()

    def _other(self, expr: Expr, holding: tuple[Expr, ...]) -> tuple[Expr, int]:
        """What `off` gives for a factor that is none of the exponentials."""
        match expr:
            case Add(terms):
                parts = [self.off(term, holding) for term in terms]
                if len({degree for _, degree in parts}) == 1:
                    return Add(tuple([part for part, _ in parts])), parts[0][1]
            case IndexSum(indices, body) if self._is_constant_along(indices):
                part, degree = self.off(body, holding)
                return IndexSum(indices, part), degree
            case Where(condition, then, Const(value)) if value == 0:
                part, degree = self.off(then, (*holding, *factors_of(condition)))
                return Where(condition, part, ZERO), degree
            case Pow(base, Const(value)) if value.denominator == 1:
                part, degree = self.off(base, holding)
                if self.may_be_empty and base == self.total and value < 0:
                    part = Call(FUNCTIONS["max"], (part, ONE))  # the largest of its terms is 1 if there is any
                return Pow(part, Const(value)), degree * value.numerator
        return expr, 0


def _divided_by(factor: Expr) -> Iterator[IndexSum]:
    """The sums that a factor divides by, alone or in a product or a power."""
    match factor:
        case Pow(base, Const(value)) if value < 0:
            waiting = [base]
            while waiting:
                match waiting.pop():
                    case IndexSum() as total:
                        yield total
                    case Mul(factors):
                        waiting += factors
                    case Pow(inside, Const(power)) if power > 0:
                        waiting.append(inside)


def _shifted_quotient(product: Expr) -> Expr:
    """The product with its exponentials shifted, where it has as many of them as it divides by sums of their like."""
    for total in [total for factor in factors_of(product) for total in _divided_by(factor)]:
        if term := _exponential(total.body):
            made, degree = _Shift.of(total, term).off(product)
            product = product if degree else made
    return product
