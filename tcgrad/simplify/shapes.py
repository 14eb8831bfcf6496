"""What an expression looks like whatever its indices are: a number that is the same for all that can be equal.

Two expressions of different shapes are never equal, so that only those of one shape need be compared in full.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import assert_never

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
from tcgrad.simplify.canonical import key


def shape(expr: Expr) -> int:
    """Equal for expressions that are equal up to the names of indices and the order of terms and factors."""
    known = expr.known_shape
    if known is None:
        known = expr.__dict__["known_shape"] = hash(_shape(expr))
    return known


def _shape(expr: Expr) -> Hashable:
    match expr:
        case Component():
            return "component", expr.tensor.name
        case Const():
            return expr.value.as_integer_ratio()  # a fraction's own hash takes a modular inverse
        case Mul():
            return "product", *sorted(map(shape, expr.factors))
        case Add():
            return "sum", *sorted(map(shape, expr.terms))
        case Pow():
            return "power", shape(expr.base), shape(expr.exponent)
        case IndexSum():
            return "sum over", len(expr.indices), shape(expr.body)
        case Call():
            return expr.function.name, *map(shape, expr.arguments)
        case Delta() | IndexValue():
            return type(expr).__name__
        case Iverson():
            return "bracket", *sorted((shape(expr.left), shape(expr.right)))
        case Where():
            return "where", shape(expr.condition), shape(expr.then), shape(expr.otherwise)
        case IndexReduce():
            return expr.kind, len(expr.indices), shape(expr.body)
        case _:
            assert_never(expr)


def names(exprs: Sequence[Expr]) -> list[int | str]:
    """A name for each expression, the same for two of them exactly where they are equal.

    It is the shape where no other has that one, else the key.
    """
    shapes = list(map(shape, exprs))
    if len(set(shapes)) == len(shapes):
        return list[int | str](shapes)
    places = range(len(shapes))
    first = dict(zip(reversed(shapes), reversed(places), strict=True))
    last = dict(zip(shapes, places, strict=True))
    return [own if first[own] == last[own] else key(expr) for own, expr in zip(shapes, exprs, strict=True)]


def are_equal(left: Expr, right: Expr) -> bool:
    """Whether two expressions are the same up to the order of what may be exchanged."""
    return shape(left) == shape(right) and (left == right or key(left) == key(right))
