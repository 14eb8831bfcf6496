"""What ``1 - delta(a, b)`` leaves out of a product: where the two are equal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ZERO, Add, Call, Const, Delta, Expr, IndexReduce, Iverson, Mul, Pow, Where
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, free_indices, map_children, product_of, sorts_in, walk

_FUNCTIONS = (Call, Pow, Where, Iverson, IndexReduce)


def complement_of(expr: Expr) -> Delta | None:
    """The delta of ``1 - delta(a, b)``; None for anything else."""
    match expr:
        case Add(terms=(Const(value=one), Mul(factors=(Const(value=minus_one), Delta() as delta)))):
            return delta if one == 1 and minus_one == -1 else None
        case _:
            return None


def excluding(expr: Expr, beside: Iterable[Expr]) -> Delta | None:
    """The delta of a ``1 - delta(a, b)`` that leaves something out of what is worked out for each ``a`` and ``b``
    among the factors ``beside`` it; None for anything else.

    Those are functions of both, and whatever holds both where one is looked up. Taken off again it were as long as the
    rest, and of ``sum_k exp(s[i,k]) - exp(s[i,i])`` no digit may be left. Of other products it is as short to take off.
    """
    delta = complement_of(expr)
    if delta is None:
        return None
    left, right = set(delta.left.indices), set(delta.right.indices)
    parts = [factor for factor in beside if factor is not expr]
    if left and right and not (delta.left.gathers or delta.right.gathers):
        parts = [part for factor in parts for part in walk(factor) if isinstance(part, _FUNCTIONS)]
    inside = map(free_indices, parts)
    return delta if any(_holds(own, left) and _holds(own, right) for own in inside) else None


def _holds(own: Collection[Index], side: set[Index]) -> bool:
    """Whether any index of a side is among those of an expression; a side may be a fixed position."""
    return not side or not side.isdisjoint(own)


def without_idle_exclusions(expr: Expr, simplify: Callable[[Expr], Expr]) -> Expr:
    """The expression, products in it without those of their factors ``1 - delta(a, b)`` beside which something is 0
    where the two are equal.
    """
    if Delta not in sorts_in(expr):
        return expr
    whole = map_children(expr, lambda part: without_idle_exclusions(part, simplify))
    factors = factors_of(whole)
    kept = [factor for factor in factors if not _is_idle(complement_of(factor), factors, simplify)]
    return whole if len(kept) == len(factors) else product_of(kept)


def _is_idle(delta: Delta | None, factors: Sequence[Expr], simplify: Callable[[Expr], Expr]) -> bool:
    if delta is None:
        return False
    index, value = (delta.left.as_index, delta.right) if delta.left.as_index else (delta.right.as_index, delta.left)
    others = [factor for factor in factors if complement_of(factor) is None]
    return index is not None and any(simplify(substitute(factor, {index: value})) == ZERO for factor in others)
