"""Putting IR nodes together the way elaboration writes them: sums and products flat, plain numbers folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from math import prod
from typing import Final

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Const, Expr, IndexSum, IndexValue, Mul, Pow
from tcgrad.ir.traversal import factors_of, terms_of

_FOLDED_BITS: Final = 4096


def add(terms: Iterable[Expr]) -> Expr:
    """The sum of the terms; sums among them are merged into it."""
    flat = [part for term in terms for part in terms_of(term)]
    if all(isinstance(term, Const) for term in flat):
        return _folded(flat, sum, Add)
    return Add(tuple(flat)) if len(flat) > 1 else flat[0]


def multiply(factors: Iterable[Expr]) -> Expr:
    """The product of the factors; products among them are merged into it, ones left out."""
    flat = [part for factor in factors for part in factors_of(factor)]
    kept = [factor for factor in flat if factor != ONE]
    if all(isinstance(factor, Const) for factor in kept):
        return _folded(kept, prod, Mul)
    return Mul(tuple(kept)) if len(kept) > 1 else kept[0]


def _folded(
    numbers: Sequence[Expr], fold: Callable[[Iterable[Fraction]], Fraction | int], node: type[Add | Mul]
) -> Expr:
    """The sum or product of plain numbers as one, unless it would be a number that nobody writes."""
    values = [number.value for number in numbers if isinstance(number, Const)]
    digits = sum(value.numerator.bit_length() + value.denominator.bit_length() for value in values)
    return Const(Fraction(fold(values))) if digits < _FOLDED_BITS else node(tuple(numbers))


def negate(expr: Expr) -> Expr:
    """``-expr``: the sign goes into a number in front."""
    match expr:
        case Const():
            return Const(-expr.value)
        case Mul(factors=(Const(value=value), *rest)):
            return multiply((Const(-value), *rest))
    return multiply((MINUS_ONE, expr))


def invert(expr: Expr) -> Expr:
    """``1/expr``."""
    if isinstance(expr, Const) and expr.value:
        return Const(1 / expr.value)
    return Pow(expr, MINUS_ONE)


def root(expr: Expr) -> Expr:
    """The square root of ``expr``."""
    return Pow(expr, Const(Fraction(1, 2)))


def total(indices: Sequence[Index], body: Expr) -> Expr:
    """The sum of ``body`` over ``indices``; ``body`` itself where there is none."""
    return IndexSum(tuple(indices), body) if indices else body


def mean(indices: Sequence[Index], sizes: Sequence[Index], body: Expr) -> Expr:
    """The sum of ``body`` over ``indices``, divided by their sizes."""
    return multiply((*(invert(IndexValue(Integer.of(size))) for size in sizes), total(indices, body)))
