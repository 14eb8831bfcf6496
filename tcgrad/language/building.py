"""Putting IR nodes together the way elaboration writes them: sums and products flat, plain numbers folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Const, Expr, IndexSum, IndexValue, Mul, Pow


def add(terms: Iterable[Expr]) -> Expr:
    """The sum of the terms; sums among them are merged into it."""
    flat = [part for term in terms for part in (term.terms if isinstance(term, Add) else (term,))]
    if not flat:
        return ZERO
    return Add(tuple(flat)) if len(flat) > 1 else flat[0]


def multiply(factors: Iterable[Expr]) -> Expr:
    """The product of the factors; products among them are merged into it, ones left out."""
    flat = [part for factor in factors for part in (factor.factors if isinstance(factor, Mul) else (factor,))]
    kept = [factor for factor in flat if factor != ONE]
    if not kept:
        return ONE
    return Mul(tuple(kept)) if len(kept) > 1 else kept[0]


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
