"""Replacing the indices of expressions: substitution, bound indices made new, definitions read at positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeVar

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.kept import WHATEVER_THE_INDICES, keep
from tcgrad.ir.nodes import Expr, IndexReduce, IndexSum
from tcgrad.ir.traversal import BINDERS, children, free_indices, integers, map_children, map_integers, rebuild, walk
from tcgrad.records import replace

_Binder = TypeVar("_Binder", bound=IndexSum | IndexReduce)

# What other indices in the same order leave as well; positions that are none may read tensors and change forms.
_WHATEVER_THEIR_NAMES = (*WHATEVER_THE_INDICES, "known_tensors", "is_simplified", "is_recognised")


def substitute(expr: Expr, mapping: Mapping[Index, Integer], *, renames: bool = False) -> Expr:
    """Replace free indices by integer expressions; a binder that would capture one of them is renamed.

    renames: whether each of them becomes another index, all in the same order, so that what has its form keeps it.
    """
    return _substituted(expr, mapping, _WHATEVER_THEIR_NAMES if renames else WHATEVER_THE_INDICES)


def _substituted(expr: Expr, mapping: Mapping[Index, Integer], kept: Sequence[str]) -> Expr:
    if mapping.keys().isdisjoint(free_indices(expr)):
        return expr
    if isinstance(expr, BINDERS):
        inner = {index: to for index, to in mapping.items() if index not in expr.indices}
        if any(index in to.indices for to in inner.values() for index in expr.indices):
            expr = rename_binder(expr)
        return keep(rebuild(expr, (_substituted(expr.body, inner, kept),)), expr, kept)
    if integers(expr):
        return keep(map_integers(expr, lambda e: e.substitute(mapping)), expr, kept)
    return keep(rebuild(expr, tuple([_substituted(part, mapping, kept) for part in children(expr)])), expr, kept)


def rename_binder(expr: _Binder) -> _Binder:
    """The same sum or reduction over new indices; binders further inside stay."""
    fresh = tuple(index.fresh() for index in expr.indices)
    mapping = {old: new.expr for old, new in zip(expr.indices, fresh, strict=True)}
    return replace(expr, indices=fresh, body=substitute(expr.body, mapping))


def freshen(expr: Expr) -> Expr:
    """The same expression with every bound index replaced by a new one."""
    return _copied(expr, {}, WHATEVER_THE_INDICES)


def _copied(expr: Expr, mapping: Mapping[Index, Integer], kept: Sequence[str]) -> Expr:
    """The same with free indices replaced and bound ones new, so that none can be captured."""
    if isinstance(expr, BINDERS):
        fresh = tuple(index.fresh() for index in expr.indices)
        inner = {**mapping, **{old: new.expr for old, new in zip(expr.indices, fresh, strict=True)}}
        return keep(replace(expr, indices=fresh, body=_copied(expr.body, inner, kept)), expr, kept)
    if integers(expr):
        return _substituted(expr, mapping, kept)
    made = map_children(expr, partial(_copied, mapping=mapping, kept=kept))
    return expr if made is expr else keep(made, expr, kept)


def bind_apart(expr: Expr) -> Expr:
    """The same expression with no index bound in two places, as one expression that stands twice binds it."""
    bound = [index for node in walk(expr) if isinstance(node, BINDERS) for index in node.indices]
    return expr if len(set(bound)) == len(bound) else freshen(expr)


def instantiate(free: tuple[Index, ...], body: Expr, positions: tuple[Integer, ...], *, renames: bool = False) -> Expr:
    """The body of a definition ``tensor[free] = body`` read at ``positions``, with bound indices of its own.

    renames: as in `substitute`.
    """
    kept = _WHATEVER_THEIR_NAMES if renames else WHATEVER_THE_INDICES
    return _copied(body, dict(zip(free, positions, strict=True)), kept)
