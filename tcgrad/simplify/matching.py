"""One-way matching: where an expression is an instance of a pattern, up to bound names and the order of factors.

The pattern's free indices are its variables; a match says which integer expression each stands for. Bound indices are
paired as they are met, so that each pair decides others; how much is tried is bounded: beyond, an instance is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from tcgrad.ir.indices import Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import Add, Component, Const, Expr, IndexReduce, IndexSum, Mul
from tcgrad.ir.traversal import bound_indices, children, free_indices, integers
from tcgrad.records import dataclass
from tcgrad.simplify.ranges import reduced
from tcgrad.simplify.shapes import shape

_MOST_STEPS = 5_000  # nodes compared in one search: some milliseconds


@dataclass
class _Budget:
    """The steps that are left to one search."""

    left: int = _MOST_STEPS


@dataclass(frozen=True)
class Match:
    """What the pattern's indices stand for: its free ones for integer expressions, its bound ones for bound ones.

    scopes: the indices that a sum or reduction of the pattern binds, with those that the target's binds in its place,
        and the number of values that were settled outside of it.
    open: positions of the pattern in which an index stands under a division, and what they are to be, until it is
        settled elsewhere.
    """

    free: frozenset[Index]
    values: tuple[tuple[Index, Integer], ...] = ()
    bound: tuple[tuple[Index, Index], ...] = ()
    scopes: tuple[tuple[tuple[Index, ...], tuple[Index, ...], int], ...] = ()
    open: tuple[tuple[Integer, Integer], ...] = ()
    budget: _Budget = field(default_factory=_Budget, compare=False)

    def value(self, index: Index) -> Integer | None:
        """What a free index of the pattern stands for, if that is settled."""
        return next((value for known, value in self.values if known is index), None)

    def partner(self, index: Index) -> Index | None:
        """The bound index of the target that a bound one of the pattern stands for."""
        return next((there for here, there in self.bound if here is index), None)

    def inside(self, own: tuple[Index, ...], other: tuple[Index, ...]) -> Match:
        """The match within binders of these indices, of which the target's may have more.

        Sums beside each other may bind one index: what it stood for in another one is forgotten.
        """
        bound = tuple(pair for pair in self.bound if pair[0] not in own)
        return replace(self, bound=bound, scopes=(*self.scopes, (own, other, len(self.values))))

    def settles(self, own: tuple[Index, ...]) -> bool:
        """Whether all of these bound indices have partners."""
        return all(self.partner(index) is not None for index in own)

    def with_value(self, index: Index, value: Integer) -> Iterator[Match]:
        """The match in which a free index stands for an expression, unless an index would leave its binder."""
        if not any(there in value.indices for _, there in self.bound):
            yield replace(self, values=(*self.values, (index, value)))

    def pairings(self, index: Index, among: Sequence[Index]) -> Iterator[Match]:
        """Every way to let a bound index of the pattern stand for one of ``among``; the match itself for any other."""
        scope = next((scope for scope in reversed(self.scopes) if index in scope[0]), None)
        if scope is None or self.partner(index) is not None:
            yield self
            return
        _, others, before = scope
        taken = {there for here, there in self.bound if here in scope[0]}
        taken.update(inside for _, value in self.values[before:] for inside in value.indices)
        for there in among:
            if there in others and there not in taken and there.size == index.size:
                yield replace(self, bound=(*self.bound, (index, there)))


def matches(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    """Every way to extend ``match`` so that ``target`` is the pattern's instance."""
    for found in _extended(pattern, target, match):
        yield from _closed(found)


def _closed(match: Match) -> Iterator[Match]:
    """The match if its open positions are what they are to be; an index of none else is tried as one that is there."""
    if not match.open:
        yield match
        return
    (pattern, target), *rest = match.open
    (index,) = (index for index in pattern.indices if index in match.free)
    value = match.value(index)
    left = replace(match, open=tuple(rest))
    if value is not None:
        if reduced(pattern.substitute({index: value})) == target:
            yield from _closed(left)
        return
    for tried in _candidates(pattern, index, target):
        if reduced(pattern.substitute({index: tried})) == target:
            for settled in left.with_value(index, tried):
                yield from _closed(settled)


def _candidates(pattern: Integer, index: Index, target: Integer) -> Iterator[Integer]:
    """What the only index of a position under a division may be: one of the target's, or the first that gives it."""
    yield from (there.expr for there in target.indices if there.size == index.size)
    match pattern.terms:
        case ((((Quotient() | Remainder() as atom),), 1),) if atom.dividend.as_index is index:
            yield target * atom.divisor if isinstance(atom, Quotient) else target


def _extended(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    """The same with positions left open."""
    match.budget.left -= 1
    if match.budget.left < 0 or shape(pattern) != shape(target) or not _same_head(pattern, target):
        return
    if isinstance(pattern, Add | Mul):
        yield from _unordered(children(pattern), children(target), match)
    elif isinstance(pattern, IndexSum | IndexReduce):
        yield from _binders(pattern, target, match)
    else:
        for settled in _positions(pattern, target, match):
            yield from _ordered(children(pattern), children(target), settled)


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


def _ordered(pattern: Sequence[Expr], target: Sequence[Expr], match: Match) -> Iterator[Match]:
    if not pattern:
        yield match
        return
    for extended in _extended(pattern[0], target[0], match):
        yield from _ordered(pattern[1:], target[1:], extended)


def _positions(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    """The positions one by one; the last two of a symmetric tensor either way round."""
    other = integers(target)
    choices = [other]
    if isinstance(pattern, Component) and pattern.tensor.symmetric and len(other) > 1 and other[-1] != other[-2]:
        choices.append((*other[:-2], other[-1], other[-2]))
    for choice in choices:
        found = [match]
        for own, there in zip(integers(pattern), choice, strict=True):
            found = [extended for known in found for extended in _integer(own, there, known)]
        yield from found


def _unordered(pattern: Sequence[Expr], target: Sequence[Expr], match: Match) -> Iterator[Match]:
    if not pattern:
        yield match
        return
    for place, candidate in enumerate(target):
        for extended in _extended(pattern[0], candidate, match):
            yield from _unordered(pattern[1:], [*target[:place], *target[place + 1 :]], extended)


def _binders(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    own, other = bound_indices(pattern), bound_indices(target)
    outside = {inside for index, value in match.values if index in free_indices(pattern) for inside in value.indices}
    if len(own) != len(other) or not outside.isdisjoint(other):  # an index of that name outside is another one
        return
    for extended in _extended(children(pattern)[0], children(target)[0], match.inside(own, other)):
        if extended.settles(own):
            yield extended


def _integer(pattern: Integer, target: Integer, match: Match) -> Iterator[Match]:
    """Settle what the indices of one position stand for; of a compound one all but one must be settled already."""
    plain = pattern.as_index
    if plain is not None and plain in match.free and match.value(plain) is None:
        yield from match.with_value(plain, target)
        return
    found = [match]
    for index in pattern.indices:
        found = [extended for known in found for extended in known.pairings(index, target.indices)]
    for paired in found:
        yield from _compared(pattern, target, paired)


def _compared(pattern: Integer, target: Integer, match: Match) -> Iterator[Match]:
    """The match if a position, with what its indices stand for, is that of the target; solved for one that is open."""
    known = {index: match.value(index) for index in pattern.indices if index in match.free}
    open_indices = [index for index, value in known.items() if value is None]
    settled = {index: value for index, value in known.items() if value is not None}
    settled |= {here: there.expr for here, there in match.bound}
    if len(open_indices) == 1:
        yield from _solved(pattern.substitute(settled), open_indices[0], target, match)
    elif not open_indices and reduced(pattern.substitute(settled)) == target:
        yield match


def _solved(pattern: Integer, index: Index, target: Integer, match: Match) -> Iterator[Match]:
    """``c*i + r`` is the target for ``i = (target - r)/c``, if that is a whole polynomial."""
    coefficient = pattern.coefficient(index)
    if coefficient is None:
        yield replace(match, open=(*match.open, (pattern, target)))
        return
    if not coefficient.value:
        return
    difference = target - (pattern - coefficient * index.expr)
    if coefficient.value < 0:
        coefficient, difference = -coefficient, -difference
    if (difference % coefficient).as_number == 0:
        yield from match.with_value(index, difference // coefficient)
