"""Rows that are looked up: ``delta(p, tok[b]) f(tok[b]) = delta(p, tok[b]) f(p)``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.gaps import has_gap
from tcgrad.ir.guards import is_guard
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Component, Delta, Expr, IndexSum, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import (
    factors_of,
    free_indices,
    integers,
    map_children,
    map_integers,
    product_of,
    sorts_in,
    walk,
)
from tcgrad.simplify import simplify
from tcgrad.simplify.rules.deltas import range_guards


def with_rows_looked_up(expr: Expr) -> Expr:
    """An expression with the index in the place of each position that a delta beside it says to be that index, but not
    in brackets: with an index more they would no longer leave out what has no value for the others. What is made anew
    is simplified, for factors and terms may have become alike. Nor does a factor that may lack a value leave the sum
    over what is looked up: the delta leaves out rows that nothing looks up.
    """
    made = _with_rows_looked_up(expr, ())
    return expr if made is expr else simplify(made)


def _with_rows_looked_up(expr: Expr, bound: tuple[Index, ...]) -> Expr:
    """bound: the indices of the sums around an expression."""
    if Delta not in sorts_in(expr):
        return expr
    inner = (*bound, *expr.indices) if isinstance(expr, IndexSum) else bound
    made = map_children(expr, lambda part: _with_rows_looked_up(part, inner))
    return with_looked_up(made, in_brackets=False, bound=bound) if isinstance(made, Mul) else made


def with_rows_exchanged(expr: Expr) -> Expr:
    """``x[r] (x[q] - delta(q,r))`` for ``x[q] ([0 <= r < N] x[r] - delta(q,r))``, wherever that stands; the very same
    if nowhere.

    The row that is looked up may cancel a divisor of what else it multiplies. What divides by it needs no bracket.
    """
    if Delta not in sorts_in(expr):
        return expr
    made = _with_rows_exchanged(expr)
    return expr if made is expr else simplify(made)


def _with_rows_exchanged(expr: Expr) -> Expr:
    made = map_children(expr, _with_rows_exchanged)
    if not isinstance(made, Mul):
        return made
    for place, factor in enumerate(made.factors):
        for other, base in enumerate(made.factors):
            exchanged = _exchanged(factor, base) if isinstance(factor, Component) and isinstance(base, Add) else None
            if exchanged is not None:
                factors = list(made.factors)
                factors[place], factors[other] = exchanged
                return Mul(tuple(factors))
    return made


def _exchanged(row: Component, base: Add) -> tuple[Expr, Expr] | None:
    """``x[r]`` and ``x[q] c - delta(q,r)`` for ``x[q]`` and ``x[r] c - delta(q,r)``; None where these are others."""
    deltas = [factor for term in base.terms for factor in factors_of(term) if isinstance(factor, Delta)]
    for delta in deltas[:1]:
        for side, position in ((delta.left, delta.right), (delta.right, delta.left)):
            index = side.as_index
            if index is None or index in position.indices or index not in free_indices(row):
                continue
            looked_up, guards = substitute(row, {index: position}), range_guards(position, index.size) or ()
            others = [term for term in base.terms if delta not in factors_of(term)]
            terms = [_with_factor(term, looked_up, row, guards) for term in others]
            if len(terms) == len(base.terms) - 1 and all(term is not None for term in terms):
                kept = [term for term in base.terms if delta in factors_of(term)]
                return looked_up, Add((*[term for term in terms if term is not None], *kept))
    return None


def _with_factor(term: Expr, old: Expr, new: Expr, guards: Sequence[Expr]) -> Expr | None:
    """A product with another factor in the place of one, and of its guards; None where that is no factor."""
    factors = [factor for factor in factors_of(term) if factor not in guards]
    if old not in factors:
        return None
    factors[factors.index(old)] = new
    return product_of(factors)


def with_looked_up(expr: Mul, *, in_brackets: bool, bound: tuple[Index, ...] = ()) -> Mul:
    """A product with the index in the place of each position that a delta in it says to be that index.

    bound: the indices of the sums that are taken of it.
    """
    factors = expr.factors
    for k in range(len(factors)):
        for index, position in _lookups(factors[k]):
            factors = tuple(
                factor
                if n == k or not (in_brackets or _is_open(factor))
                else _where_it_stays(factor, _at_index(factor, position, index), bound)
                for n, factor in enumerate(factors)
            )
    return expr if all(new is old for new, old in zip(factors, expr.factors, strict=True)) else Mul(factors)


def _where_it_stays(factor: Expr, made: Expr, bound: tuple[Index, ...]) -> Expr:
    """What is made of a factor, but where that may lack a value and would leave the sums."""
    if made is factor or not bound or not set(bound).isdisjoint(free_indices(made)):
        return made
    leaves = not set(bound).isdisjoint(free_indices(factor)) and any(map(has_gap, walk(made)))
    return factor if leaves else made


def _is_open(factor: Expr) -> bool:
    """Whether a factor is no bracket of indices, nor a sum of such."""
    return isinstance(factor, Delta) or not is_guard(factor)


def _lookups(delta: Expr) -> Iterator[tuple[Index, Integer]]:
    """The index and the position that a delta makes equal, if that is an integer tensor's component."""
    sides = ((delta.left, delta.right), (delta.right, delta.left)) if isinstance(delta, Delta) else ()
    for side, position in sides:
        index = side.as_index
        if index is not None and position.as_gather is not None:
            yield index, position


def _at_index(expr: Expr, position: Integer, index: Index) -> Expr:
    """With the index in the place of the position, but on axes of another size: it would run over these as well."""
    made = expr
    if isinstance(expr, Component) and position in expr.indices:
        axes = zip(expr.indices, expr.tensor.shape, strict=True)
        made = Component(expr.tensor, tuple(_on_axis(own, size, position, index) for own, size in axes))
    elif position in integers(expr):
        made = map_integers(expr, lambda own: index.expr if own == position else own)
    return map_children(made, lambda part: _at_index(part, position, index))


def _on_axis(own: Integer, size: Integer, position: Integer, index: Index) -> Integer:
    return index.expr if own == position and size == index.size else own
