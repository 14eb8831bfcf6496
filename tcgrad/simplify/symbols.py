"""Permutation symbols in pairs, as deltas: ``eps[i,j,m] eps[m,p,q] = delta[i,p] delta[j,q] - delta[i,q] delta[j,p]``.

``eps[i1,...,in] eps[j1,...,jn]`` is the determinant of the ``delta[ia,jb]``; what is summed makes it short.
"""

from __future__ import annotations

from itertools import combinations, permutations

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Component, Const, Delta, Expr, IndexSum, Mul, Pow, const
from tcgrad.ir.traversal import factors_of, map_children, product_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.expand import expand
from tcgrad.simplify.rules.permutations import holds_symbol, is_symbol

_MOST_INDICES = 4  # 24 terms


def with_symbols_as_deltas(expr: Expr) -> Expr:
    """The same value, with one permutation symbol of a length at most in a product; itself, if there is no symbol."""
    return expand(simplify(_in_pairs(expand(expr)))) if holds_symbol(expr) else expr


def with_shorter_deltas(expr: Expr) -> Expr:
    """The same value, with pairs of symbols that a sum links as deltas, where no more is to be read, sums counted by
    their indices: ``sum_jkm eps[i,j,k] eps[k,p,m] a[j] c[m] = delta[i,p] sum_j a[j] c[j] - a[p] c[i]``.
    """
    if not holds_symbol(expr):
        return expr
    made = map_children(expr, with_shorter_deltas)
    if isinstance(made, IndexSum):
        factors = [part for factor in factors_of(made.body) for part in _without_power(factor)]
        pair = _pair(factors)
        if pair is not None and not _positions(pair[0]).isdisjoint(_positions(pair[1]) & {*made.indices}):
            rest = [factor for factor in factors if not any(factor is symbol for symbol in pair)]
            paired = with_shorter_deltas(simplify(IndexSum(made.indices, Mul((*rest, _determinant(*pair))))))
            return paired if _length(paired) <= _length(made) else made
    return made


def _positions(symbol: Component) -> set[Index | None]:
    return {position.as_index for position in symbol.indices}


def _length(expr: Expr) -> int:
    """What there is to read, each index that is summed as well."""
    return cost(expr) + sum(len(part.indices) for part in walk(expr) if isinstance(part, IndexSum))


def _in_pairs(expr: Expr) -> Expr:
    made = map_children(expr, _in_pairs)
    if not isinstance(made, Mul | Pow):
        return made
    factors = [part for factor in factors_of(made) for part in _without_power(factor)]
    while pair := _pair(factors):
        for symbol in pair:
            factors.remove(symbol)
        factors.append(_determinant(*pair))
    return product_of(factors)


def _without_power(factor: Expr) -> tuple[Expr, ...]:
    """A symbol as often as its power says."""
    match factor:
        case Pow(Component() as symbol, Const(value)) if is_symbol(symbol) and value > 0 and value.denominator == 1:
            return (symbol,) * value.numerator
        case _:
            return (factor,)


def _pair(factors: list[Expr]) -> tuple[Component, Component] | None:
    """Two symbols, if there are any, that have most positions in common: these are the shortest together."""
    symbols = [factor for factor in factors if isinstance(factor, Component) and is_symbol(factor)]
    pairs = [
        (one, other)
        for one, other in combinations(symbols, 2)
        if len(one.indices) == len(other.indices) <= _MOST_INDICES
    ]
    return max(pairs, key=lambda pair: len(set(pair[0].indices) & set(pair[1].indices)), default=None)


def _determinant(one: Component, other: Component) -> Expr:
    """``sum_s sign(s) delta[i1,j_s(1)] ... delta[in,j_s(n)]`` over all permutations ``s``."""
    terms: list[Expr] = []
    for order in permutations(range(len(one.indices))):
        turned = sum(a > b for a, b in combinations(order, 2)) % 2
        deltas = (Delta(left, other.indices[place]) for left, place in zip(one.indices, order, strict=True))
        terms.append(Mul((const(-1 if turned else 1), *deltas)))
    return Add(tuple(terms))
