"""Renaming indices in simplified expressions without simplifying them again.

What is simplified stays so when an index takes the place of another one that does not occur yet: no two factors become
equal by it, and no delta is decided. The order of factors goes by that of the indices, which must stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import lt

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Delta, Expr, Iverson
from tcgrad.ir.substitution import instantiate, substitute
from tcgrad.ir.traversal import children, free_indices, walk


def substituted(expr: Expr, mapping: Mapping[Index, Integer], simplify: Callable[[Expr], Expr]) -> Expr:
    """A simplified expression with indices replaced, simplified where that is more than a renaming."""
    if mapping.keys().isdisjoint(free_indices(expr)):
        return expr
    renames = _is_renaming(expr, mapping)
    made = substitute(expr, mapping, renames=renames)
    return simplify(made if renames else _marked(made, expr, mapping))


def instantiated(
    free: tuple[Index, ...], body: Expr, positions: tuple[Integer, ...], simplify: Callable[[Expr], Expr]
) -> Expr:
    """A simplified body of ``tensor[free] = body`` at ``positions``, with bound indices of its own; simplified."""
    mapping = dict(zip(free, positions, strict=True))
    renames = _is_renaming(body, mapping)
    made = instantiate(free, body, positions, renames=renames)
    return simplify(made if renames else _marked(made, body, mapping))


def _is_renaming(expr: Expr, mapping: Mapping[Index, Integer]) -> bool:
    """Whether every replaced index becomes another plain one, all in the same order, and nothing hangs on which.

    Deltas and brackets can be decided by the ranges, where these change.
    """
    occurring = sorted(free_indices(expr), key=lambda index: index.serial)
    renamed = [mapping[index].as_index if index in mapping else index for index in occurring]
    serials = [-1 if index is None else index.serial for index in renamed]
    if not all(map(lt, [-1, *serials], serials)):
        return False
    same_ranges = all(new is None or new.size == old.size for new, old in zip(renamed, occurring, strict=True))
    return same_ranges or not any(isinstance(part, Delta | Iverson) for part in walk(expr))


def _marked(made: Expr, source: Expr, mapping: Mapping[Index, Integer]) -> Expr:
    """With what is known to be in its form carried over, node by node, where none of the replaced indices occurs."""
    if made is not source:
        if source.is_simplified and mapping.keys().isdisjoint(free_indices(source)):
            made.__dict__["is_simplified"] = True
            made.__dict__["is_recognised"] = source.is_recognised
        for part, own in zip(children(made), children(source), strict=True):
            _marked(part, own, mapping)
    return made
