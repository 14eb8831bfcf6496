"""One-way matching: where an expression is an instance of a pattern, up to bound names and the order of factors.

The pattern's free indices are its variables; a match says which integer expression each stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import Add, Component, Const, Expr, IndexReduce, IndexSum, Mul
from tcgrad.ir.traversal import bound_indices, children, integers
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Match:
    """What the pattern's indices stand for: its free ones for integer expressions, its bound ones for bound ones."""

    free: frozenset[Index]
    values: tuple[tuple[Index, Integer], ...] = ()
    bound: tuple[tuple[Index, Index], ...] = ()

    def value(self, index: Index) -> Integer | None:
        """What a free index of the pattern stands for, if that is settled."""
        return next((value for known, value in self.values if known is index), None)

    def partner(self, index: Index) -> Index | None:
        """The bound index of the target that a bound one of the pattern stands for."""
        return next((there for here, there in self.bound if here is index), None)


def matches(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    """Every way to extend ``match`` so that ``target`` is the pattern's instance."""
    if type(pattern) is not type(target) or not _same_head(pattern, target):
        return
    if isinstance(pattern, Add | Mul):
        yield from _unordered(children(pattern), children(target), match)
    elif isinstance(pattern, IndexSum | IndexReduce):
        yield from _binders(pattern, target, match)
    else:
        yield from _ordered(pattern, target, match)


def _same_head(pattern: Expr, target: Expr) -> bool:
    """Whether two nodes of one type agree in all but their children and integer expressions."""
    if isinstance(pattern, Const):
        return pattern == target
    if len(children(pattern)) != len(children(target)) or len(integers(pattern)) != len(integers(target)):
        return False
    return all(
        getattr(pattern, name, None) == getattr(target, name, None)
        for name in ("tensor", "function", "operator", "kind")
    )


def _ordered(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    found = list(_positions(pattern, target, match))
    for own_part, other_part in zip(children(pattern), children(target), strict=True):
        found = [extended for known in found for extended in matches(own_part, other_part, known)]
    yield from found


def _positions(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    """The positions one by one; the last two of a symmetric tensor either way round."""
    other = integers(target)
    choices = [other]
    if isinstance(pattern, Component) and pattern.tensor.symmetric and len(other) > 1 and other[-1] != other[-2]:
        choices.append((*other[:-2], other[-1], other[-2]))
    for choice in choices:
        settled: Match | None = match
        for own, there in zip(integers(pattern), choice, strict=True):
            settled = settled and _integer(own, there, settled)
        if settled:
            yield settled


def _unordered(pattern: Sequence[Expr], target: Sequence[Expr], match: Match) -> Iterator[Match]:
    if not pattern:
        yield match
        return
    for place, candidate in enumerate(target):
        for extended in matches(pattern[0], candidate, match):
            yield from _unordered(pattern[1:], [*target[:place], *target[place + 1 :]], extended)


def _binders(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    own, other = bound_indices(pattern), bound_indices(target)
    if len(own) != len(other):
        return
    for extended in pairings(own, other, match):
        yield from matches(children(pattern)[0], children(target)[0], extended)


def pairings(own: tuple[Index, ...], other: tuple[Index, ...], match: Match) -> Iterator[Match]:
    """Every way to let each bound index of the pattern stand for one of ``other``, of the same size."""
    if not own:
        yield match
        return
    for place, candidate in enumerate(other):
        if candidate.size == own[0].size:
            extended = Match(match.free, match.values, (*match.bound, (own[0], candidate)))
            yield from pairings(own[1:], other[:place] + other[place + 1 :], extended)


def _integer(pattern: Integer, target: Integer, match: Match) -> Match | None:
    """Settle what the indices of one position stand for; a compound position must be settled already."""
    plain = pattern.as_index
    if plain is not None and plain in match.free and match.value(plain) is None:
        escapes = any(index is there for index in target.indices for _, there in match.bound)
        return None if escapes else Match(match.free, (*match.values, (plain, target)), match.bound)
    known = {index: match.value(index) for index in pattern.indices if index in match.free}
    open_indices = [index for index, value in known.items() if value is None]
    settled = {index: value for index, value in known.items() if value is not None}
    settled |= {here: there.expr for here, there in match.bound}
    if len(open_indices) == 1:
        return _solved(pattern.substitute(settled), open_indices[0], target, match)
    return match if not open_indices and pattern.substitute(settled) == target else None


def _solved(pattern: Integer, index: Index, target: Integer, match: Match) -> Match | None:
    """``c*i + r`` is the target for ``i = (target - r)/c``, if that is a whole polynomial."""
    coefficient = pattern.coefficient(index)
    if coefficient is None or not coefficient.value:
        return None
    difference = target - (pattern - coefficient * index.expr)
    if coefficient.value < 0:
        coefficient, difference = -coefficient, -difference
    if (difference % coefficient).as_number != 0:
        return None
    return _integer(index.expr, difference // coefficient, match)
