"""Where expressions have no value: at roots of what is negative, and where a read that they need has none."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import Add, Component, Const, Delta, Expr, IndexSum, Iverson, Mul, Pow, Where
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, walk
from tcgrad.simplify.signs import is_never_negative


def has_roots_of_signed(expr: Expr, known: Collection[Tensor]) -> bool:
    """Whether a broken power stands in an expression whose base may be negative, so that it has no value there."""
    return holds_root(expr) and any(
        isinstance(part, Pow) and _is_root(part) and not is_never_negative(part.base, known) for part in walk(expr)
    )


def bases_of_roots(expr: Expr) -> Iterator[Expr]:
    """What an expression takes roots of, so that it has no value where one of these is negative.

    Not what a choice or a guard may leave out.
    """
    if not holds_root(expr) or isinstance(expr, Where):
        return
    if isinstance(expr, Mul) and any(isinstance(factor, Delta | Iverson) for factor in expr.factors):
        return
    if isinstance(expr, Pow) and _is_root(expr):
        yield expr.base
    for part in children(expr):
        yield from bases_of_roots(part)


def reads_needed(expr: Expr) -> Iterator[Component]:
    """The components without a value of which an expression has none, whatever the others are."""
    match expr:
        case Component():
            yield expr
        case Mul() if any(map(is_guard, expr.factors)):
            return
        case Add() | Mul() | IndexSum():
            for part in children(expr):
                yield from reads_needed(part)
        case _:
            return


def holds_root(expr: Expr) -> bool:
    """Whether a broken power occurs at any depth; kept on the node once known."""
    known = expr.known_root
    if known is None:
        known = vars(expr)["known_root"] = _is_root(expr) or any(map(holds_root, children(expr)))
    return known


def _is_root(expr: Expr) -> bool:
    return isinstance(expr, Pow) and isinstance(expr.exponent, Const) and expr.exponent.value.denominator > 1
