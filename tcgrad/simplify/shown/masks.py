"""What a mask beside it makes shorter: ``cos(m x) m = cos(x) m`` for an ``m`` that is 0 or 1."""

from __future__ import annotations

from tcgrad.ir.gaps import has_gap
from tcgrad.ir.nodes import ONE, Call, Delta, Expr, IndexReduce, IndexSum, Iverson, Mul, Pow
from tcgrad.ir.traversal import free_indices, map_children, product_of, sorts_in, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.facts.attained import attained
from tcgrad.simplify.monomials import is_zero_or_one

_MASKING, _AROUND = frozenset({Iverson, Delta}), frozenset({Call, Pow})


def with_masks_once(expr: Expr) -> Expr:
    """The expression with 1 in the place of every bracket, or 1 less a bracket or delta, in what it multiplies, if that
    has a value wherever the mask is 0 as well; the very same if there is none.
    """
    sorts = sorts_in(expr)
    if _MASKING.isdisjoint(sorts) or _AROUND.isdisjoint(sorts):
        return expr
    whole = map_children(expr, with_masks_once)
    if not isinstance(whole, Mul):
        return whole
    factors = list(whole.factors)
    for place, mask in enumerate(factors):
        if is_zero_or_one(mask) and not isinstance(mask, Delta):
            factors = [factor if n == place else _beside(mask, factor) for n, factor in enumerate(factors)]
    if all(made is factor for made, factor in zip(factors, whole.factors, strict=True)):
        return whole
    return simplify(product_of(factors))


def _beside(mask: Expr, factor: Expr) -> Expr:
    """A factor where a mask is 1; the very same where only the mask gives it a value, or a number of its size."""
    made = _where_it_is_1(mask, factor)
    return factor if made is factor or any(map(_may_lack_value, walk(made))) else made


def _may_lack_value(node: Expr) -> bool:
    return has_gap(node) or (isinstance(node, Call) and node.function.overflows)


def _where_it_is_1(mask: Expr, expr: Expr) -> Expr:
    if expr == mask:
        return ONE
    if isinstance(expr, Iverson) and attained(expr) is not None:
        return expr  # written otherwise than the extreme writes it, an element may differ from that by rounding
    if isinstance(expr, IndexSum | IndexReduce) and not set(expr.indices).isdisjoint(free_indices(mask)):
        return expr
    return map_children(expr, lambda part: _where_it_is_1(mask, part))
