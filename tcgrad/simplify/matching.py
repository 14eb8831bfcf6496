"""One-way matching: where an expression is an instance of a pattern, up to bound names and the order of factors.

The pattern's free indices are its variables; a match says which integer expression each stands for. Bound indices are
paired as they are met, so that each pair decides others; how much is tried is bounded: beyond, an instance is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from itertools import combinations, permutations

from tcgrad.ir.indices import Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import Add, Call, Component, Const, Delta, Expr, IndexReduce, IndexSum, Iverson, Mul, Pow
from tcgrad.ir.ranges import reduced
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import bound_indices, children, free_indices, integers
from tcgrad.records import dataclass, replace
from tcgrad.simplify.powers import negated
from tcgrad.simplify.shapes import shape

_HEADS: dict[type, str] = {Component: "tensor", Call: "function", Iverson: "operator", IndexReduce: "kind"}
_MOST_STEPS = 5_000  # nodes compared in one search: some milliseconds
_MOST_PLACES = 4  # of a permutation symbol whose orders are tried


@dataclass
class _Budget:
    """The steps that are left to one search."""

    left: int = _MOST_STEPS


@dataclass(frozen=True)
class _Position:
    """A position of the pattern, what it is to be, and what the bound indices in it stand for."""

    pattern: Integer
    target: Integer
    bound: tuple[tuple[Index, Index], ...]

    def unknown(self, match: Match) -> list[Index]:
        """The free indices in it that stand for nothing yet."""
        return [index for index in self.pattern.indices if index in match.free and match.value(index) is None]

    def is_met(self, match: Match) -> bool:
        """Whether it is what it is to be, where every index in it stands for something."""
        return reduced(self._standing(self.pattern, match)) == self.target

    def solved(self, index: Index, coefficient: Integer, match: Match) -> Iterator[Integer]:
        """``c*i + r`` is the target for ``i = (target - r)/c``, the only unknown, if that is a whole polynomial."""
        if not coefficient.value:
            return
        difference = self.target - self._standing(self.pattern - coefficient * index.expr, match)
        if coefficient.value < 0:
            coefficient, difference = -coefficient, -difference
        if (difference % coefficient).as_number == 0:
            yield difference // coefficient

    def candidates(self, index: Index) -> Iterator[Integer]:
        """What an index may be that nothing settles: one of the target's, or the first that gives the target."""
        yield from (there.expr for there in self.target.indices if there.size == index.size)
        match self.pattern.terms:
            case ((((Quotient() | Remainder() as atom),), 1),) if atom.dividend.as_index is index:
                yield self.target * atom.divisor if isinstance(atom, Quotient) else self.target

    def _standing(self, position: Integer, match: Match) -> Integer:
        """A part of the position by what its indices stand for."""
        return position.substitute({here: there.expr for here, there in self.bound} | dict(match.values))


@dataclass(frozen=True)
class Match:
    """What the pattern's indices stand for: its free ones for integer expressions, its bound ones for bound ones.

    scopes: the indices that a sum or reduction of the pattern binds, with those that the target's binds in its place,
        and the number of values that were settled outside of it.
    open: positions of the pattern that do not settle what the free indices in them stand for, until others do.
    """

    free: frozenset[Index]
    values: tuple[tuple[Index, Integer], ...] = ()
    bound: tuple[tuple[Index, Index], ...] = ()
    scopes: tuple[tuple[tuple[Index, ...], tuple[Index, ...], int], ...] = ()
    open: tuple[_Position, ...] = ()
    budget: _Budget = field(default_factory=_Budget, compare=False)

    def value(self, index: Index) -> Integer | None:
        """What a free index of the pattern stands for, if that is settled."""
        return next((value for known, value in self.values if known is index), None)

    def partner(self, index: Index) -> Index | None:
        """The bound index of the target that a bound one of the pattern stands for."""
        return next((there for here, there in self.bound if here is index), None)

    def varies(self, index: Index) -> bool:
        """Whether it is an index of the pattern, free or bound, and no other."""
        return index in self.free or any(index in own for own, _, _ in self.scopes)

    def stands_for(self, index: Index) -> Integer | None:
        """What an index of the pattern stands for, if that is settled."""
        partner = self.partner(index)
        return self.value(index) if partner is None else partner.expr

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
    """The match if its open positions are what they are to be; what none settles is tried, in the first of them."""
    if not match.open:
        yield match
        return
    position = min(match.open, key=lambda position: len(position.unknown(match)))
    others = replace(match, open=tuple(other for other in match.open if other is not position))
    decided = _decided(position, others)
    if decided is None:  # what is tried is compared when all is settled
        index = position.unknown(match)[0]
        decided = (tried for value in position.candidates(index) for tried in match.with_value(index, value))
    for found in decided:
        yield from _closed(found)


def _extended(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    """The same with positions left open."""
    match.budget.left -= 1
    if match.budget.left < 0 or shape(pattern) != shape(target) or not _same_head(pattern, target):
        return
    if _is_unordered(pattern):
        yield from _unordered(children(pattern), children(target), match)
    elif isinstance(pattern, IndexSum | IndexReduce):
        yield from _binders(pattern, target, match)
    else:
        for settled in _position_matches(pattern, target, match):
            yield from _ordered(children(pattern), children(target), settled)
        if isinstance(target, Pow) and _is_even_power(target):
            yield from _ordered(children(pattern), (negated(target.base), target.exponent), match)


def _is_even_power(power: Pow) -> bool:
    """Whether it is one of a sum, which may as well have the opposite sign."""
    exponent = power.exponent
    return isinstance(power.base, Add) and isinstance(exponent, Const) and exponent.value % 2 == 0


def _is_unordered(pattern: Expr) -> bool:
    """Whether it is the same in any order of what it is made of."""
    match pattern:
        case Add() | Mul():
            return True
        case Iverson(operator):
            return operator in ("==", "!=")
        case _:
            return False


def _same_head(pattern: Expr, target: Expr) -> bool:
    """Whether two nodes are of one type and agree in all but their children and integer expressions."""
    if isinstance(pattern, Const) or type(pattern) is not type(target):
        return pattern == target
    if len(children(pattern)) != len(children(target)) or len(integers(pattern)) != len(integers(target)):
        return False
    name = _HEADS.get(type(pattern))
    return name is None or bool(getattr(pattern, name) == getattr(target, name))


def _ordered(pattern: Sequence[Expr], target: Sequence[Expr], match: Match) -> Iterator[Match]:
    if not pattern:
        yield match
        return
    for extended in _extended(pattern[0], target[0], match):
        yield from _ordered(pattern[1:], target[1:], extended)


def _position_matches(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    """The positions one by one; the last two of a symmetric tensor, and those of a delta, either way round, those of a
    permutation symbol in each order that keeps its sign.
    """
    other = integers(target)
    choices = [other]
    if isinstance(pattern, Component) and pattern.tensor.role is Role.LEVI_CIVITA:
        choices = [tuple(other[place] for place in order) for order in _even_orders(len(other))]
    is_symmetric = isinstance(pattern, Delta) or (isinstance(pattern, Component) and pattern.tensor.symmetric)
    if is_symmetric and len(other) > 1 and other[-1] != other[-2]:
        choices.append((*other[:-2], other[-1], other[-2]))
    for choice in choices:
        found = [match]
        for own, there in zip(integers(pattern), choice, strict=True):
            found = [extended for known in found for extended in _integer_matches(own, there, known)]
        yield from found


def _even_orders(length: int) -> list[tuple[int, ...]]:
    """The orders of so many places that are made by an even number of exchanges; of many places the given one."""
    if length > _MOST_PLACES:
        return [tuple(range(length))]
    orders = permutations(range(length))
    return [order for order in orders if sum(a > b for a, b in combinations(order, 2)) % 2 == 0]


def _unordered(pattern: Sequence[Expr], target: Sequence[Expr], match: Match) -> Iterator[Match]:
    """Depth first, without a call inside of a call for each: a sum may have thousands of terms."""
    if not pattern:
        yield match
        return
    tried = [_partners(pattern[0], target, match)]
    while tried:
        found = next(tried[-1], None)
        if found is None:
            tried.pop()
        elif len(tried) == len(pattern):
            yield found[0]
        else:
            tried.append(_partners(pattern[len(tried)], found[1], found[0]))


def _partners(pattern: Expr, target: Sequence[Expr], match: Match) -> Iterator[tuple[Match, Sequence[Expr]]]:
    """Every way to match one of several, and the others that are left."""
    for place, candidate in enumerate(target):
        for extended in _extended(pattern, candidate, match):
            yield extended, [*target[:place], *target[place + 1 :]]


def _binders(pattern: Expr, target: Expr, match: Match) -> Iterator[Match]:
    own, other = bound_indices(pattern), bound_indices(target)
    outside = {inside for index, value in match.values if index in free_indices(pattern) for inside in value.indices}
    if len(own) != len(other) or not outside.isdisjoint(other):  # an index of that name outside is another one
        return
    for extended in _extended(children(pattern)[0], children(target)[0], match.inside(own, other)):
        if extended.settles(own):
            yield extended


def _integer_matches(pattern: Integer, target: Integer, match: Match) -> Iterator[Match]:
    """Settle what the indices of one position stand for; one that does not is looked at when the rest is known."""
    plain = pattern.as_index
    if plain is not None and plain in match.free and match.value(plain) is None:
        yield from match.with_value(plain, target)
        return
    found = [match]
    for index in pattern.indices:
        found = [extended for known in found for extended in known.pairings(index, target.indices)]
    for paired in found:
        position = _Position(pattern, target, paired.bound)
        decided = _decided(position, paired)
        if decided is None:
            yield replace(paired, open=(*paired.open, position))
        else:
            yield from decided


def _decided(position: _Position, match: Match) -> Iterator[Match] | None:
    """The match with a position that is what it is to be, solved for one unknown index; None if that is not enough."""
    unknown = position.unknown(match)
    if not unknown:
        return iter([match] if position.is_met(match) else [])
    coefficient = position.pattern.coefficient(unknown[0]) if len(unknown) == 1 else None
    if coefficient is None:
        return None
    values = position.solved(unknown[0], coefficient, match)
    return (found for value in values for found in match.with_value(unknown[0], value))
