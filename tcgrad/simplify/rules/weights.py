"""Weights of pairs of positions, such as ``1 - delta(a, b)``, which leaves those that are equal out of a product."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from tcgrad.ir.guards import is_structural
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Call, Const, Delta, Expr, IndexReduce, IndexValue, Iverson, Mul, Pow, Where
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import children, factors_of, free_indices, map_children, product_of, sorts_in, walk
from tcgrad.simplify.monomials import taken_from_1

_FUNCTIONS = (Call, Pow, Where, Iverson, IndexReduce)
_NUMBERS = {Add, Mul, Const, IndexValue, Delta}


def complement_of(expr: Expr) -> Delta | None:
    """The delta of ``1 - delta(a, b)``; None for anything else."""
    less = taken_from_1(expr)
    return less if isinstance(less, Delta) else None


def opposite_of(expr: Expr) -> Iverson | None:
    """``[a >= b]`` for ``1 - [a < b]`` of positions; None for anything else: of what is not a number neither holds."""
    less = taken_from_1(expr)
    return less.opposite if isinstance(less, Iverson) and is_structural(less) else None


def _weighing(expr: Expr) -> Delta | None:
    """The delta of ``c + k delta(a, b)`` with numbers ``c``, which positions may make, and ``k``; else None."""
    if not isinstance(expr, Add):
        return None
    deltas = [factor for term in expr.terms for factor in factors_of(term) if isinstance(factor, Delta)]
    return deltas[0] if len(deltas) == 1 and sorts_in(expr) <= _NUMBERS else None


def stays_whole(expr: Expr, beside: Iterable[Expr]) -> bool:
    """Whether it is a ``1 - delta(a, b)``, or another such weight, of what is worked out for each ``a`` and ``b`` among
    the factors ``beside`` it.

    Those are functions of both, and whatever holds both where one is looked up. Taken apart it were as long as the
    rest, and of ``sum_k exp(s[i,k]) - exp(s[i,i])`` no digit may be left. Of other products it is as short.
    """
    delta = _weighing(expr)
    if delta is None:
        return False
    left, right = set(delta.left.indices), set(delta.right.indices)
    parts = [factor for factor in beside if factor is not expr]
    if left and right and not (delta.left.gathers or delta.right.gathers):
        parts = [part for factor in parts for part in walk(factor) if isinstance(part, _FUNCTIONS)]
    return any(_holds(own, left) and _holds(own, right) for own in map(free_indices, parts))


def _holds(own: Collection[Index], side: set[Index]) -> bool:
    """Whether any index of a side is among those of an expression; a side may be a fixed position."""
    return not side or not side.isdisjoint(own)


def without_idle_weights(expr: Expr, simplify: Callable[[Expr], Expr]) -> Expr:
    """The expression, of such weights in its products ``c`` alone where something beside it is 0 where the two are
    equal.
    """
    if Delta not in sorts_in(expr):
        return expr
    whole = map_children(expr, lambda part: without_idle_weights(part, simplify))
    factors = factors_of(whole)
    idle = [_is_idle(_weighing(factor), factors, simplify) for factor in factors]
    if not any(idle):
        return whole
    kept = [_elsewhere(factor) if alone else factor for factor, alone in zip(factors, idle, strict=True)]
    return simplify(product_of(kept))


def _elsewhere(weight: Expr) -> Expr:
    """``c`` of ``c + k delta(a, b)``: what is left where the two are not equal."""
    terms = tuple([term for term in children(weight) if Delta not in sorts_in(term)])
    return terms[0] if len(terms) == 1 else Add(terms)


def _is_idle(delta: Delta | None, factors: Sequence[Expr], simplify: Callable[[Expr], Expr]) -> bool:
    if delta is None:
        return False
    index, value = (delta.left.as_index, delta.right) if delta.left.as_index else (delta.right.as_index, delta.left)
    others = [factor for factor in factors if _weighing(factor) is None]
    return index is not None and any(simplify(substitute(factor, {index: value})) == ZERO for factor in others)
