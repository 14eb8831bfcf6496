"""Quotients of exponentials, as softmax, evaluated without overflow: the largest exponent is taken off all of them.

``exp(u_i)/sum_k exp(u_k) = exp(u_i - m)/sum_k exp(u_k - m)`` with ``m = max_k u_k``, and so for every product that is
homogeneous of degree 0 in the exponentials, as ``sum_i exp(u_i) v_i/sum_k exp(u_k)``. Where conditions choose among the
terms, the exponent is minus infinity for those that are left out; where they may leave out all, nothing is divided by
0, and the quotient is 0 as its terms are. With weights, as in ``w_i exp(u_i)/sum_k w_k exp(u_k)``, the largest exponent
is that of those that are not 0, so that what they leave out may be as large as it likes.

Of several terms the largest exponent is that of all; a number among them is one times ``exp(0)``:
``exp(u)/(1 + sum_k exp(v_k)) = exp(u - m)/(exp(-m) + sum_k exp(v_k - m))``. So are logarithms:
``log(1 + sum_k exp(v_k)) = m + log(exp(-m) + sum_k exp(v_k - m))``. The exponents of a quotient stand outside of its
logarithm. A hyperbolic cosine stands outside, too: ``log(cosh(u)) = softplus(2 u) - u - log(2)``.

Elsewhere an exponential beside a condition is that of minus infinity where this does not hold: there it might overflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import (
    MINUS_ONE,
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
    children,
    factors_of,
    free_indices,
    map_children,
    product_of,
    sorts_in,
    terms_of,
)
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify.calls import as_number_power, is_call, opposite
from tcgrad.simplify.exponential_ratios import with_one_exponential
from tcgrad.simplify.exponentials import Exponential, Exponentials, exponential_of, exponentials_of
from tcgrad.simplify.powers import power
from tcgrad.simplify.signs import is_positive_number

_EXP, _LOG, _MAX, _SOFTPLUS = (FUNCTIONS[name] for name in ("exp", "log", "max", "softplus"))
_OVERFLOWING = frozenset({"exp", "cosh"})


def shifted(expr: Expr) -> Expr:
    """The expression with the exponents of every such quotient, and in every such logarithm, shifted."""
    if _OVERFLOWING.isdisjoint(sorts_in(expr)):
        return expr
    match expr:
        case Mul():
            return _shifted_inside(_shifted_quotient(map_children(expr, _shifted_factor)))
        case Pow():
            return _shifted_quotient(_shifted_factor(expr))
        case Call(function) if function is _LOG:
            return _cosh_apart(expr) or _logarithm_apart(expr) or _shifted_logarithm(map_children(expr, shifted))
    return map_children(expr, shifted)


def _shifted_factor(expr: Expr) -> Expr:
    """The factor of a quotient, which is shifted as a whole, with what is in it shifted."""
    return map_children(expr, shifted) if isinstance(expr, Pow) else shifted(expr)


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
        """That of a sum; None where it is no sum of exponentials and positive numbers."""
        terms, has_number, has_coefficient = [], False, False
        for term in terms_of(total):
            factors = factors_of(term)
            rest = [factor for factor in factors if not is_positive_number(factor)]
            found = exponentials_of(product_of(rest)) if rest else None
            if rest and found is None:
                return None
            has_number |= not rest
            has_coefficient |= len(rest) < len(factors)
            terms += [found] if found else []
        is_weighted = any(term.exponential.weights for term in terms)
        may_be_empty = not has_number and not any(term.is_there for term in terms)
        if not terms or (may_be_empty and has_coefficient and not is_weighted):
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
            made += [condition for condition in found.conditions if condition not in wanted]
            weights = tuple([weight for weight in term.weights if weight in factors or weight in holding])
            made.append(Exponential(found.exponent, wanted, weights).less(self.largest, times))
            missing += [condition for condition in wanted if condition not in found.conditions]
            degree += times
        if not all(condition in kept or condition in holding for condition in missing):
            return expr, 0
        holding = (*holding, *kept)
        others = [self._other(factor, holding) for factor in kept if factor not in missing]
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
                    part = Call(FUNCTIONS["max"], (part, ONE))  # the largest of its terms is 1 if there is any
                return Pow(part, Const(value)), degree * value.numerator
        return expr, 0

    def _lowered(self, expr: Expr, times: int) -> Expr:
        """An expression in so many proportions to ``exp`` of minus the largest exponent."""
        return product_of([expr, self.apart(-times)]) if times else expr


def _sums(factor: Expr, *, below: bool) -> Iterator[Expr]:
    """The sums that are multiplied in a factor, alone or in a product or a power; or, ``below``, that it divides by."""
    match factor:
        case IndexSum() | Add() if not below:
            yield factor
        case Mul(factors):
            for each in factors:
                yield from _sums(each, below=below)
        case Pow(base, Const(value)):
            yield from _sums(base, below=below != (value < 0))


def _shifted_quotient(quotient: Expr) -> Expr:
    """The quotient with its exponentials shifted, where it has as many of them as it divides by sums of their like; or
    fewer, where a number is one of them.
    """
    quotient = with_one_exponential(quotient)
    for total in list(_sums(quotient, below=True)):
        if shift := Shift.of(total):
            made, degree = shift.off(quotient)
            if not degree:
                quotient = made
            elif degree < 0 and shift.has_number:
                quotient = product_of([made, shift.apart(degree)])
    return quotient


def _shifted_inside(product: Expr) -> Expr:
    """The product with an exponential among the terms of a sum that divide by others of its like, and shifted there:
    ``exp(u_i) sum_v [i <= v] g_v/sum_k [k <= v] exp(u_k)``.
    """
    factors = list(factors_of(product))
    for place, factor in enumerate(factors):
        exponentials = [each for each in factors if exponential_of(each)]
        if isinstance(factor, IndexSum) and exponentials:
            inner = Mul((*exponentials, *factors_of(factor.body)))
            made = _shifted_quotient(inner)
            if made is not inner:
                factors[place] = IndexSum(factor.indices, made)
                return product_of([each for each in factors if each not in exponentials])
    return product


def _cosh_apart(logarithm: Expr) -> Expr | None:
    """``log(a cosh(u)^n) = n (softplus(2 u) - u) + log(a/2^n)``; None where no hyperbolic cosine is a factor."""
    powers = [as_number_power(factor) for (argument,) in [children(logarithm)] for factor in factors_of(argument)]
    terms: list[Expr] = []
    rest: list[Expr] = []
    number = Fraction(1)
    for base, exponent in powers:
        if is_call(base, "cosh") and exponent.denominator == 1:
            (inner,) = map(shifted, children(base))
            terms.append(Mul((Const(exponent), Add((Call(_SOFTPLUS, (Mul((const(2), inner)),)), opposite(inner))))))
            number /= Fraction(2) ** exponent.numerator
        elif isinstance(base, Const) and exponent == 1:
            number *= base.value
        else:
            rest.append(power(base, Const(exponent)))
    if not terms:
        return None
    if not rest and number == 1:
        return Add(tuple(terms))
    left = [power(Const(1 / number), MINUS_ONE)] if 0 < number < 1 and not rest else [Const(number), *rest]
    return Add((*terms, shifted(_log_of(left))))


def _logarithm_apart(logarithm: Expr) -> Expr | None:
    """``log(exp(u_i)/sum_k exp(u_k)) = (u_i - m) - log(sum_k exp(u_k - m))``, for the exponential may be 0 as a number;
    None where no exponential is a factor.
    """
    powers = [as_number_power(factor) for (argument,) in [children(logarithm)] for factor in factors_of(argument)]
    exponents = [(children(base)[0], number) for base, number in powers if is_call(base, "exp")]
    terms: list[Expr] = []
    rest: list[Expr] = []
    for base, number in powers if exponents else ():
        if is_call(base, "exp"):
            continue
        shift = Shift.of(base) if number.denominator == 1 else None
        if shift is None:
            rest.append(power(shifted(base), Const(number)))
            continue
        rest.append(shift.off(power(base, Const(number)))[0])
        facing = [each for each in exponents if each[1] == -number and shift.off(Call(_EXP, each[:1]))[1] == 1]
        if facing:
            exponents.remove(facing[0])
            terms.append(Mul((Const(-number), Add((facing[0][0], opposite(shift.largest))))))
        else:
            terms.append(Mul((Const(number), shift.largest)))
    terms += [Mul((Const(number), exponent)) for exponent, number in exponents]
    return Add((*terms, _log_of(rest))) if terms else None


def _log_of(powers: list[Expr]) -> Expr:
    """The logarithm of a product; of a lone quotient ``1/a`` it is ``-log(a)``."""
    match powers:
        case []:
            return ZERO
        case [Pow(base, Const(value))] if value == -1:
            return opposite(Call(_LOG, (base,)))
        case _:
            return Call(_LOG, (product_of(powers),))


def _shifted_logarithm(logarithm: Expr) -> Expr:
    """Of a sum that may be empty it is that of 0; divided by, such a sum stays as it is."""
    (argument,) = children(logarithm)
    for below in (False, True):
        for total in _sums(argument, below=below):
            shift = Shift.of(total)
            if shift and (shift.is_weighted or not (below and shift.may_be_empty)):
                made, degree = shift.off(argument)
                if degree:
                    return Add((Mul((const(degree), shift.largest)), Call(_LOG, (made,))))
    return logarithm
