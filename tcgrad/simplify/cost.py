"""What an expression costs to read: the components, functions, sums and numbers that it is written with."""

from __future__ import annotations

from tcgrad.ir.nodes import Call, Component, Const, Delta, Expr, IndexReduce, IndexSum, IndexValue, Iverson, Where
from tcgrad.ir.traversal import children

_FREE_NUMBERS = (-1, 1)


def cost(expr: Expr) -> int:
    """The number of signs that a reader has to take in; -1, 1 and a plain division cost nothing."""
    known = expr.known_cost
    if known is None:
        known = expr.__dict__["known_cost"] = _own(expr) + sum(map(cost, children(expr)))
    return known


def _own(expr: Expr) -> int:
    match expr:
        case Const():
            return 0 if expr.value in _FREE_NUMBERS else 1
        case Component() | Delta() | IndexValue() | Call() | IndexSum() | IndexReduce() | Iverson() | Where():
            return 1
        case _:
            return 0
