"""From IR to layout trees: where sums need no sign, where one-tensors stand, what is a fraction.

A sum is left to the summation convention wherever the convention reads it back at that place, or at a place
that gives the same value because everything between is linear. A dummy that would be left with one occurrence
gets a one-tensor, ``1[k]*exp(x[k])``; a range that is wider in the reads than it is gets a guard, ``[k < n]``, and
one that nothing tells a factor that does, ``x[k]^0``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from fractions import Fraction
from typing import assert_never

from tcgrad.ir.derivative import OPERATOR
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    ZERO,
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices
from tcgrad.notation.chains import join
from tcgrad.notation.extents import range_is_implied, ranging_factor, stands_alone
from tcgrad.notation.factors import UNIT, Factors, by_holder, guard
from tcgrad.notation.shown import (
    Apply,
    Bracket,
    Choice,
    Comparison,
    Differential,
    Kronecker,
    Number,
    Ones,
    Power,
    Product,
    Read,
    Reduce,
    Root,
    Shown,
    Total,
    Whole,
)
from tcgrad.records import dataclass

_HALF = Fraction(1, 2)


def lay_out(
    body: Expr,
    free: Sequence[Index],
    *,
    explicit: bool = False,
    fixed: Collection[Index] = (),
    arrays: Sequence[Tensor] = (),
) -> Shown:
    """The layout of the right side of an equation whose left side has the indices ``free``.

    explicit: name every sum, as ``sum[k](...)``.
    fixed: the indices to whose names the spec gives their ranges.
    arrays: the tensors that may be read to give an index its range.
    """
    return _Layout(explicit, frozenset(fixed), tuple(arrays)).right_side(body, free)


@dataclass(frozen=True)
class _Layout:
    explicit: bool
    fixed: frozenset[Index]
    arrays: tuple[Tensor, ...]
    known: dict[Expr, Shown] = field(default_factory=dict)  # sums that are factors, perhaps of many terms

    def right_side(self, body: Expr, free: Sequence[Index]) -> Shown:
        known = free_indices(body)
        missing = tuple(index for index in free if index not in known)
        if isinstance(body, Const) and body.value == 0:
            missing = ()
        return _one_term(*self.term(body, missing))

    def expression(self, expr: Expr) -> Shown:
        return _one_term(*self.term(expr))

    def term(self, expr: Expr, missing: tuple[Index, ...] = ()) -> tuple[int, Shown]:
        """A term's sign and its layout, times the one-tensor over ``missing``."""
        match expr:
            case Const() | Mul() | IndexSum() | Pow():
                return self.product(self.collect(expr), missing)
            case _ if missing:
                return self.product(self.collect(expr), missing)
            case Add():
                return 1, self.total(expr)
            case _:
                return 1, self.factor(expr)

    def total(self, expr: Add) -> Shown:
        """A sum of terms; one that lacks an index that another has is broadcast, scalars silently."""
        terms = tuple(_flat_terms(expr))
        union = tuple(dict.fromkeys(index for term in terms for index in free_indices(term)))
        shown: list[tuple[int, Shown]] = []
        for term in terms:
            own = free_indices(term)
            missing = tuple(index for index in union if index not in own) if own else ()
            sign, laid = self.term(term, missing)
            shown.extend(laid.terms if sign > 0 and isinstance(laid, Total) else [(sign, laid)])
        return Total(tuple(shown))

    def collect(self, expr: Expr) -> Factors:
        factors = Factors()
        self.gather(expr, factors)
        return factors

    def gather(self, expr: Expr, into: Factors) -> None:
        """Take a product apart into what stands above and below the bar."""
        match expr:
            case Const(value):
                into.coefficient *= value
            case Mul(parts):
                for part in parts:
                    self.gather(part, into)
            case IndexSum(indices, body) if self.explicit:
                used = tuple(index for index in indices if index in free_indices(body))
                into.sums.extend(index for index in indices if index not in used)
                into.above.append(IndexSum(used, body)) if used else self.gather(body, into)
            case IndexSum(indices, body):
                into.sums.extend(indices)
                self.gather(body, into)
            case Pow(base, Const(value)) if value < 0 and ZERO not in factors_of(base):
                into.below = into.below or Factors()
                self.gather(base if value == -1 else Pow(base, Const(-value)), into.below)
            case _:
                into.above.append(expr)

    def product(self, factors: Factors, missing: tuple[Index, ...] = ()) -> tuple[int, Shown]:
        self.settle_sums(factors)
        below, divisor = self.denominator(factors.below)
        coefficient = factors.coefficient if divisor is UNIT else factors.coefficient / divisor
        above = self.row(factors.above)
        if missing:
            above = (Ones(missing), *above)
        if coefficient is UNIT:
            return 1, _over(above, below) if above else _fraction(coefficient, above, below)
        return (-1 if coefficient < 0 else 1), _fraction(abs(coefficient), above, below)

    def denominator(self, factors: Factors | None) -> tuple[tuple[Shown, ...], Fraction]:
        """The factors below the bar, and the number among them."""
        if factors is None:
            return (), UNIT
        self.settle_sums(factors)
        below, divisor = self.denominator(factors.below)
        row = self.row(factors.above)
        if below:
            row = (_fraction(UNIT, row, below),)
        return row, factors.coefficient if divisor is UNIT else factors.coefficient / divisor

    def row(self, items: Iterable[Expr | Ones]) -> tuple[Shown, ...]:
        """Factors laid out, neighbouring brackets joined to chains."""
        shown: list[Shown] = []
        for item in items:
            made = item if isinstance(item, Ones) else self.factor(item)
            joined = join(shown[-1], made) if shown else None
            if joined is None:
                shown.append(made)
            else:
                shown[-1] = joined
        return tuple(shown)

    def settle_sums(self, factors: Factors) -> None:
        """Make sure that each dummy is summed over this product, over its own range."""
        single: list[Index] = []
        for index in factors.sums:
            holders = factors.holders(index)
            if not holders:
                factors.multiply_by_size(index.size)
            elif not self.is_summed_here(index, factors, holders):
                for factor in self.limits(index, factors.parts):
                    factors.insert(factor)
                if _is_one_factor(factors.holders(index)):
                    single.append(index)
        for together in by_holder(single, factors):
            factors.insert(Ones(together))

    def is_implied(self, index: Index, parts: Iterable[Expr]) -> bool | None:
        return True if index in self.fixed else range_is_implied(index, parts)

    def limits(self, index: Index, parts: Iterable[Expr]) -> tuple[Expr, ...]:
        """The factors that keep an index to its range: none where the reads do, a guard where one allows more."""
        parts = tuple(parts)
        if self.is_implied(index, parts):
            return ()
        told = None if stands_alone(index, parts) else ranging_factor(index, self.arrays)
        return (told or guard(index),)

    def is_summed_here(self, index: Index, factors: Factors, holders: Sequence[Expr | Ones | Factors]) -> bool:
        """Whether the convention sums the index over this product, or at places inside that give the same value."""
        match holders:
            case [Component() as read]:
                repeated = sum(index in position.indices for position in read.indices) > 1
                return repeated and bool(self.is_implied(index, [read]))
            case [Add() as inner]:
                within = map(self.collect, _flat_terms(inner))
                return all(self.is_summed_here(index, term, term.holders(index)) for term in within)
            case [_, _, *_] if not _is_one_factor(holders):
                return bool(self.is_implied(index, factors.parts))
            case _:
                return False

    def factor(self, expr: Expr) -> Shown:
        if not isinstance(expr, Add):
            return self.laid_factor(expr)
        known = self.known.get(expr)
        if known is None:
            known = self.known[expr] = self.laid_factor(expr)
        return known

    def laid_factor(self, expr: Expr) -> Shown:
        match expr:
            case Component(tensor, indices):
                return Read(tensor, indices)
            case Delta(left, right) if _is_between_axes(left, right):
                return Bracket(Comparison((Whole(left), Whole(right)), ("==",)))
            case Delta(left, right):
                return Kronecker(left, right)
            case Iverson():
                return Bracket(self.comparison(expr))
            case IndexValue(value):
                return Whole(value)
            case Call(function, (operand, Component(tensor, indices))) if function is OPERATOR:
                return Differential(self.expression(operand), Read(tensor, indices))
            case Call(function, arguments):
                return Apply(function, tuple(self.expression(argument) for argument in arguments))
            case Where(condition, then, otherwise):
                return Choice(self.condition(condition), self.expression(then), self.expression(otherwise))
            case IndexReduce(kind, indices, body):
                return Reduce(kind, indices, self.expression(self.ranged(indices, body)))
            case IndexSum():
                return self.named_sum(expr)
            case Pow(base, exponent):
                return self.power(base, exponent)
            case Const() | Add() | Mul():
                return self.expression(expr)
            case _:
                assert_never(expr)

    def named_sum(self, expr: IndexSum) -> Shown:
        indices, body = expr.indices, expr.body
        while isinstance(body, IndexSum):
            indices, body = indices + body.indices, body.body
        limits = [factor for index in indices for factor in self.limits(index, (body,))]
        return Reduce("sum", indices, self.expression(Mul((*limits, body)) if limits else body))

    def ranged(self, indices: Sequence[Index], body: Expr) -> Expr:
        """The body of a reduction that no guard may change, its indices kept to their ranges by reads."""
        told = [ranging_factor(index, self.arrays) for index in indices if not self.is_implied(index, (body,))]
        factors = [factor for factor in told if factor]
        return Mul((*factors, body)) if factors else body

    def power(self, base: Expr, exponent: Expr) -> Shown:
        if isinstance(exponent, Const) and exponent.value == _HALF:
            return Root(self.expression(base))
        return Power(self.expression(base), self.expression(exponent))

    def comparison(self, expr: Iverson) -> Comparison:
        return Comparison((self.expression(expr.left), self.expression(expr.right)), (expr.operator,))

    def condition(self, expr: Expr) -> Comparison:
        match self.expression(expr):
            case Bracket(condition):
                return condition
            case other:
                return Comparison((other, Number(Fraction(0))), ("!=",))


def _is_between_axes(left: Integer, right: Integer) -> bool:
    """Whether a delta is of two indices of different sizes: the language would make these the same."""
    first, second = left.as_index, right.as_index
    return first is not None and second is not None and first.size.value != second.size.value


def _is_one_factor(holders: Sequence[Expr | Ones | Factors]) -> bool:
    """Whether no more than one factor is written: brackets are joined to a chain."""
    return len(holders) < 2 or all(isinstance(holder, Iverson) for holder in holders)


def _one_term(sign: int, shown: Shown) -> Shown:
    return shown if sign > 0 else Total(((-1, shown),))


def _flat_terms(expr: Expr) -> Iterable[Expr]:
    if isinstance(expr, Add):
        for term in expr.terms:
            yield from _flat_terms(term)
    else:
        yield expr


def _fraction(coefficient: Fraction, above: tuple[Shown, ...], below: tuple[Shown, ...]) -> Shown:
    """A coefficient that is not negative, times one row of factors over another."""
    if is_decimal(coefficient):
        above = (Number(coefficient), *above)
    else:
        over, under = (Number(Fraction(n)) for n in coefficient.as_integer_ratio())
        if coefficient.numerator != 1 and coefficient.denominator != 1 and above and not below:
            return Product((Product((over,), (under,)), *above), ())  # 2/3*x
        if coefficient.numerator != 1 or not above:
            above = (over, *above)
        if coefficient.denominator != 1:
            below = (under, *below)
    return _over(above, below)


def _over(above: tuple[Shown, ...], below: tuple[Shown, ...]) -> Shown:
    return above[0] if len(above) == 1 and not below else Product(above, below)


def is_decimal(value: Fraction) -> bool:
    """Whether a number is written as a decimal: a finite one that is no simple fraction such as 3/4."""
    rest, fives = value.denominator, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return fives > 0 and rest & (rest - 1) == 0
