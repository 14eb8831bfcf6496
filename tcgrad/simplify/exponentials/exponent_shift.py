"""The largest exponent of a sum of exponentials, and expressions with it taken off every exponent of the sum."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index
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
from tcgrad.ir.traversal import factors_of, free_indices, product_of, terms_of
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify.exponentials.sums import Exponential, Exponentials, exponential_of, exponentials_of
from tcgrad.simplify.powers import negated
from tcgrad.simplify.shapes import are_equal
from tcgrad.simplify.signs import is_never_negative, is_positive_number

_EXP, _MAX = FUNCTIONS["exp"], FUNCTIONS["max"]


@dataclass(frozen=True)
class Shift:
    """The largest exponent of a sum of exponentials, to be taken off all that are among them.

    total: the sum, of ``terms``.
    largest: the largest of all exponents, a number where there are none; it has the free indices of the terms.
    has_number: whether a number is added, so that the largest exponent is at least 0.
    may_be_empty: whether conditions may leave out every term.
    """

    total: Expr
    terms: tuple[Exponentials, ...]
    largest: Expr
    has_number: bool
    may_be_empty: bool

    @staticmethod
    def of(total: Expr) -> Shift | None:
        """That of a sum; None where it is no sum of exponentials and numbers, or none of the exponents can be above 0,
        that of a number. Of one of several terms each may have a weight.
        """
        terms, has_number, has_coefficient = [], False, False
        is_one_of_several = isinstance(total, Add)
        for term in terms_of(total):
            factors = factors_of(term)
            rest = [factor for factor in factors if not _is_number(factor)]
            found = exponentials_of(product_of(rest), is_one_of_several=is_one_of_several) if rest else None
            if rest and found is None:
                return None
            has_number |= not rest
            has_coefficient |= len(rest) < len(factors)
            terms += [found] if found else []
        is_weighted = any(term.exponential.weights for term in terms)
        may_be_empty = not has_number and not any(term.is_there for term in terms)
        if not terms or (may_be_empty and has_coefficient and not is_weighted):
            return None
        if has_number and all(is_never_negative(negated(term.exponential.exponent)) for term in terms):
            return None
        exponents = [ZERO] * has_number + [term.largest for term in terms]
        largest = reduce(lambda left, right: Call(_MAX, (left, right)), exponents)
        if may_be_empty:
            largest = Where(Iverson(">", largest, Component(MINUS_INFINITY)), largest, ONE)  # any number would do
        return Shift(total, tuple(terms), largest, has_number, may_be_empty)

    @cached_property
    def is_weighted(self) -> bool:
        return any(term.exponential.weights for term in self.terms)

    @cached_property
    def has_conditions(self) -> bool:
        return any(term.exponential.conditions for term in self.terms)

    def apart(self, times: int) -> Expr:
        """``exp`` of the largest exponent, so many times."""
        return Call(_EXP, (Mul((const(times), self.largest)),))

    def off(self, expr: Expr, holding: tuple[Expr, ...] = ()) -> tuple[Expr, int]:
        """The expression with the shift made where it is homogeneous in the exponentials, and its degree in them: what
        it was is ``exp(largest)^degree`` times this.

        holding: the conditions under which it is read, and what else it is multiplied by.
        """
        kept: list[Expr] = []
        made: list[Expr] = []
        missing: list[Expr] = []
        degree = 0
        factors = factors_of(expr)
        for factor in factors:
            found = exponential_of(factor)
            times = 0 if found is None else self._times(found.exponent)
            if found is None or not times:
                kept.append(factor)
                continue
            term = self._term(found)
            wanted = term.conditions
            made += [condition for condition in found.conditions if not _is_among(condition, wanted)]
            weights = tuple([weight for weight in term.weights if weight in factors or weight in holding])
            made.append(Exponential(found.exponent, wanted, weights).less(self.largest, times))
            missing += [condition for condition in wanted if not _is_among(condition, found.conditions)]
            degree += times
        if not all(_is_among(condition, (*kept, *holding)) for condition in missing):
            return expr, 0
        holding = (*holding, *kept)
        others = [self._other(factor, holding) for factor in kept if not _is_among(factor, missing)]
        degree += sum(more for _, more in others)
        return product_of([*(other for other, _ in others), *made]), degree

    def _times(self, exponent: Expr) -> int:
        """How often another exponent has those of the sum as a term: it is less by as much if they all are. Where they
        have conditions, one or none.
        """
        match exponent:
            case _ if any(term.instance(exponent) for term in self.terms):
                return 1
            case Add(terms) if not self.has_conditions:
                return sum(map(self._times, terms))
            case IndexReduce("max", indices, body) if not self.has_conditions and self._is_constant_along(indices):
                return self._times(body)
            case Call(function, arguments) if function is _MAX and not self.has_conditions:
                degrees = {1 if self.has_number and each == ZERO else self._times(each) for each in arguments}
                return degrees.pop() if len(degrees) == 1 else 0
            case Mul((Const(value), *rest)) if value.denominator == 1 and not self.has_conditions:
                return value.numerator * self._times(product_of(rest))
        return 0

    def _is_constant_along(self, indices: tuple[Index, ...]) -> bool:
        """Whether the largest exponent is the same for all values of some indices."""
        return not set(indices).intersection(free_indices(self.largest))

    def _term(self, found: Exponential) -> Exponential:
        """The term that has the exponent of another exponential; that without conditions if it adds up several."""
        for term in self.terms:
            if instance := term.instance(found.exponent):
                return term.exponential.at(dict(instance.values))
        return Exponential(found.exponent)

    def _other(self, expr: Expr, holding: tuple[Expr, ...]) -> tuple[Expr, int]:
        """What `off` gives for a factor that is none of the exponentials."""
        match expr:
            case Add(terms):
                parts = [self.off(term, holding) for term in terms]
                most = max(degree for _, degree in parts)
                if self.has_number or all(degree == most for _, degree in parts):
                    return Add(tuple([self._lowered(part, most - degree) for part, degree in parts])), most
            case IndexSum(indices, body) if self._is_constant_along(indices):
                part, degree = self.off(body, holding)
                return IndexSum(indices, part), degree
            case Where(condition, then, Const(value)) if value == 0:
                part, degree = self.off(then, (*holding, *factors_of(condition)))
                return Where(condition, part, ZERO), degree
            case Pow(base, Const(value)) if value.denominator == 1:
                part, degree = self.off(base, holding)
                if self.may_be_empty and not self.is_weighted and base == self.total and value < 0:
                    part = Call(_MAX, (part, ONE))  # the largest of its terms is 1 if there is any
                return Pow(part, Const(value)), degree * value.numerator
        return expr, 0

    def _lowered(self, expr: Expr, times: int) -> Expr:
        """An expression in so many proportions to ``exp`` of minus the largest exponent."""
        return product_of([expr, self.apart(-times)]) if times else expr


def _is_among(condition: Expr, others: Iterable[Expr]) -> bool:
    """Whether a condition is one of others, which may be written otherwise: ``[j < i + 1]`` is ``[i >= j]``."""
    return any(are_equal(condition, other) for other in others)


def _is_number(factor: Expr) -> bool:
    """Whether a factor is a number that is not 0."""
    return isinstance(factor, Const) or is_positive_number(factor)
