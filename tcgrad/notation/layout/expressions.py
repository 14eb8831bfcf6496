"""From IR to layout trees: where one-tensors stand, what is a fraction, and which sums need no sign."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from fractions import Fraction
from typing import assert_never

from tcgrad.ir.derivative import OPERATOR
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import (
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
from tcgrad.ir.traversal import free_indices
from tcgrad.notation.layout.chains import join
from tcgrad.notation.layout.extents import is_between_axes
from tcgrad.notation.layout.factors import UNIT, Factors
from tcgrad.notation.layout.summing import Summing, flat_terms
from tcgrad.notation.layout.trees import (
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
    is_parsed: bool = True,
    limits: bool = False,
) -> Shown:
    """The layout of the right side of an equation whose left side has the indices ``free``.

    explicit: name every sum, as ``sum[k](...)``.
    fixed: the indices to whose names the spec gives their ranges.
    arrays: the tensors that may be read to give an index its range.
    is_parsed: whether it is to be read again by the rules of the language.
    limits: whether the signs of reductions tell the ranges that nothing else does.
    """
    return _Layout(Summing(explicit, frozenset(fixed), tuple(arrays), is_parsed, limits)).right_side(body, free)


@dataclass(frozen=True)
class _Layout:
    sums: Summing
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
                return self.product(self.sums.collect(expr), missing)
            case _ if missing:
                return self.product(self.sums.collect(expr), missing)
            case Add():
                return 1, self.total(expr)
            case _:
                return 1, self.factor(expr)

    def total(self, expr: Add) -> Shown:
        """A sum of terms; one that lacks an index that another has is broadcast, scalars silently."""
        terms = tuple(flat_terms(expr))
        union = tuple(dict.fromkeys(index for term in terms for index in free_indices(term)))
        shown: list[tuple[int, Shown]] = []
        for term in terms:
            own = free_indices(term)
            missing = tuple(index for index in union if index not in own) if own else ()
            sign, laid = self.term(term, missing)
            shown.extend(laid.terms if sign > 0 and isinstance(laid, Total) else [(sign, laid)])
        return Total(tuple(shown))

    def product(self, factors: Factors, missing: tuple[Index, ...] = ()) -> tuple[int, Shown]:
        self.sums.settle(factors)
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
        self.sums.settle(factors)
        below, divisor = self.denominator(factors.below)
        row = self.row(factors.above)
        if below:
            row = (_fraction(UNIT, row, below),)
        return row, factors.coefficient if divisor is UNIT else factors.coefficient / divisor

    def row(self, items: Iterable[Expr | Ones]) -> tuple[Shown, ...]:
        """Factors laid out, brackets joined to chains."""
        shown: list[Shown] = []
        for item in items:
            made = item if isinstance(item, Ones) else self.factor(item)
            brackets = enumerate(shown) if isinstance(made, Bracket) else ()
            joined = ((place, chain) for place, before in brackets if (chain := join(before, made)) is not None)
            place, chain = next(joined, (len(shown), made))
            shown[place : place + 1] = [chain]
        return tuple(shown)

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
            case Delta(left, right) if is_between_axes(expr):
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
                kept = self.expression(self.sums.kept_in_range(indices, body))
                return Reduce(kind, indices, kept, self.sums.limited(indices, body))
            case IndexSum():
                indices, body = self.sums.named(expr)
                return Reduce("sum", indices, self.expression(body), self.sums.limited(indices, body))
            case Pow(base, exponent):
                return self.power(base, exponent)
            case Const() | Add() | Mul():
                return self.expression(expr)
            case _:
                assert_never(expr)

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


def _one_term(sign: int, shown: Shown) -> Shown:
    return shown if sign > 0 else Total(((-1, shown),))


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
