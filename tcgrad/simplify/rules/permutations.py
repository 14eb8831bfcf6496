"""Permutation symbols with their positions in one order: an exchange of two of them turns the sign."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from itertools import combinations

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Component, Expr, IndexSum, Mul
from tcgrad.ir.substitution import substitute
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of, map_children, tensors_read
from tcgrad.simplify.canonical import Labels, canonical_labels, key
from tcgrad.simplify.powers import scaled

_MINUS = Fraction(-1)


def holds_symbol(expr: Expr) -> bool:
    """Whether a permutation symbol stands anywhere in an expression."""
    return Role.LEVI_CIVITA in [tensor.role for tensor in tensors_read(expr)]


def symbols_sorted(expr: Expr) -> Expr:
    """The same value, every symbol with its positions in canonical order; to be simplified."""
    if not holds_symbol(expr):
        return expr
    match expr:
        case IndexSum():
            return IndexSum(expr.indices, product_sorted(map_children(expr.body, symbols_sorted), expr.indices))
        case Mul() | Component():
            return product_sorted(map_children(expr, symbols_sorted), ())
        case _:
            return map_children(expr, symbols_sorted)


def product_sorted(body: Expr, bound: Collection[Index]) -> Expr:
    """A product with the positions of permutation symbols in canonical order, and the sign of that."""
    factors = factors_of(body)
    if not any(map(is_symbol, factors)):
        return body
    marked = [part for factor in factors for part in (_marks(factor) if is_symbol(factor) else (factor,))]
    labels = canonical_labels(tuple(bound), marked)
    return Mul(tuple(_sorted(factor, labels) for factor in factors))


def is_antisymmetric(whole: Expr) -> bool:
    """Whether it is a sum and 0: two summed indices of a symbol, equally long, may change places in all beside it."""
    if not isinstance(whole, IndexSum):
        return False
    factors = factors_of(whole.body)
    for place, factor in enumerate(factors):
        if isinstance(factor, Component) and is_symbol(factor):
            rest = Mul((*factors[:place], *factors[place + 1 :]))
            plain = [position.as_index for position in factor.indices]
            summed = [index for index in plain if index is not None and index in whole.indices]
            for one, other in combinations(summed, 2):
                if one.size != other.size:
                    continue
                turned = substitute(rest, {one: other.expr, other: one.expr})
                others = tuple(index for index in whole.indices if index not in (one, other))
                if _key_over(turned, others) == _key_over(rest, others):
                    return True
    return False


def _key_over(rest: Expr, bound: tuple[Index, ...]) -> str:
    return key(IndexSum(bound, rest) if bound else rest)


def is_symbol(factor: Expr) -> bool:
    """Whether a factor is a permutation symbol."""
    return isinstance(factor, Component) and factor.tensor.role is Role.LEVI_CIVITA


def _marks(symbol: Expr) -> tuple[Expr, ...]:
    """The symbol as if it were symmetric: a factor for each position."""
    if not isinstance(symbol, Component):
        return (symbol,)
    return tuple(Component(symbol.tensor, (position,)) for position in symbol.indices)


def _sorted(symbol: Expr, labels: Labels) -> Expr:
    if not isinstance(symbol, Component) or not is_symbol(symbol):
        return symbol
    places = [_place_key(position, labels) for position in symbol.indices]
    order = sorted(range(len(places)), key=lambda place: places[place])
    swaps = sum(order[a] > order[b] for b in range(len(order)) for a in range(b))
    made = Component(symbol.tensor, tuple(symbol.indices[place] for place in order))
    return scaled(_MINUS, made) if swaps % 2 else made


def _place_key(position: Integer, labels: Labels) -> tuple[str, ...]:
    return tuple(labels.get(index) or f"#{index.serial:08d}" for index in position.indices)
