"""Definitions as facts: where ``e[b,c] = exp(x[b,c])`` is known, ``exp(x[p,q])`` is written ``e[p,q]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    ONE,
    ZERO,
    Add,
    Call,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import (
    children,
    free_indices,
    instantiate,
    map_children,
    replace_components,
    size,
    tensors_read,
    walk,
)
from tcgrad.language.bounds import normalise
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.expand import expand
from tcgrad.simplify.matching import Match, matches, pairings
from tcgrad.simplify.monomials import is_one
from tcgrad.simplify.powers import power
from tcgrad.simplify.ranges import is_nonnegative
from tcgrad.simplify.shapes import shape

_LARGEST_WRITTEN_OUT = 150  # nodes; a sum that vanishes by its definitions is a small one


@dataclass(frozen=True)
class Fact:
    """``tensor[free] = body``, the body simplified and worth a name.

    given: what is at least 0 where instances are looked for.
    """

    tensor: Tensor
    free: tuple[Index, ...]
    body: Expr
    given: tuple[Integer, ...] = ()

    @cached_property
    def factors(self) -> tuple[Expr, ...]:
        return _factors(self.body)

    @cached_property
    def inner(self) -> tuple[Expr, ...]:
        """The factors under the sum that the body is, if it is one."""
        return _factors(self.body.body) if isinstance(self.body, IndexSum) else ()

    @cached_property
    def free_set(self) -> frozenset[Index]:
        return frozenset(self.free)

    def read(self, match: Match) -> Component | None:
        """The component that a match stands for, if every index is settled and in range."""
        positions = [match.value(index) for index in self.free]
        settled = tuple(position for position in positions if position is not None)
        if len(settled) < len(positions) or not all(map(self._in_range, settled, self.tensor.shape)):
            return None
        return Component(self.tensor, settled)

    def _in_range(self, position: Integer, size: Integer) -> bool:
        plain = position.as_index
        if plain is not None and plain.size == size:
            return True
        return self._holds(position) and self._holds(size - Integer.of(1) - position)

    def _holds(self, bound: Integer) -> bool:
        """Whether ``bound`` is at least 0: always, or because of what is given."""
        if is_nonnegative(bound):
            return True
        return bool(self.given) and any(is_nonnegative(normalise(bound) - known) for known in self.given)


class Facts:
    """The definitions of a program that are worth recognising: those with a function, a quotient, a root or a sum."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._reading: dict[Tensor, list[tuple[int, Fact]]] = {}
        self._affine: dict[Tensor, Define] = {}
        self._vanishing: dict[str, bool] = {}
        for order, statement in enumerate(statements):
            if isinstance(statement, Define):
                body = simplify(statement.body)
                if not any(_is_curved(part) for part in walk(body)):
                    self._affine[statement.tensor] = statement
                if any(_is_worth(part) for part in walk(body)):
                    fact = Fact(statement.tensor, statement.free, body)
                    for tensor in tensors_read(body)[:1]:
                        self._reading.setdefault(tensor, []).append((order, fact))

    def about(self, expr: Expr) -> tuple[Fact, ...]:
        """The facts that can have instances in ``expr``, later definitions first, for they stand for more."""
        tensors = tensors_read(expr)
        near = [item for tensor in tensors for item in self._reading.get(tensor, ())]
        fitting = [item for item in near if set(tensors_read(item[1].body)) <= set(tensors)]
        return tuple(fact for _, fact in sorted(fitting, key=lambda item: -item[0]))

    def fold(self, expr: Expr) -> Expr:
        """The same value, with instances of the known definitions written as components; simplified."""
        folded = self._without_vanishing(simplify(expr))
        tried: tuple[Fact, ...] = ()
        while (near := self.about(folded)) != tried:
            tried, folded = near, simplify(_folded(folded, near))
        return folded

    def _without_vanishing(self, expr: Expr) -> Expr:
        """``sum_h (x[b,h] - m[b])`` is 0 where ``m`` is the mean of ``x``: known once ``m`` is written out."""
        if not _holds_lone_sum(expr):
            return expr
        if isinstance(expr, IndexSum) and any(self._vanishes(lone, index) for lone, index in _lone_sums(expr)):
            return ZERO
        made = map_children(expr, self._without_vanishing)
        return expr if made is expr else simplify(made)

    def _vanishes(self, terms: Add, index: Index) -> bool:
        if not any(tensor in self._affine for tensor in tensors_read(terms)):
            return False
        whole = IndexSum((index,), terms)
        form = key(whole, canonical_labels(free_indices(whole), (whole,)))
        if form not in self._vanishing:
            written_out = replace_components(whole, self._written_out)
            self._vanishing[form] = size(written_out) <= _LARGEST_WRITTEN_OUT and expand(written_out) == ZERO
        return self._vanishing[form]

    def _written_out(self, read: Component) -> Expr:
        define = self._affine.get(read.tensor)
        return read if define is None else instantiate(define.free, define.body, read.indices)


def _holds_lone_sum(expr: Expr) -> bool:
    """Whether there is a lone sum of terms anywhere inside; kept on the node once known."""
    known = expr.known_lone_sum
    if known is None:
        own = isinstance(expr, IndexSum) and any(True for _ in _lone_sums(expr))
        known = vars(expr)["known_lone_sum"] = own or any(map(_holds_lone_sum, children(expr)))
    return known


def _lone_sums(expr: IndexSum) -> Iterator[tuple[Add, Index]]:
    """The factors that are sums of terms and alone hold one of the summed indices."""
    factors = _factors(expr.body)
    for index in expr.indices:
        holding = [factor for factor in factors if index in free_indices(factor)]
        if len(holding) == 1 and isinstance(holding[0], Add):
            yield holding[0], index


def _is_curved(part: Expr) -> bool:
    """Whether a node makes a definition other than a polynomial in components and sizes."""
    return isinstance(part, Call | IndexReduce | Where) or (isinstance(part, Pow) and bool(tensors_read(part)))


def _is_worth(part: Expr) -> bool:
    match part:
        case Call() | IndexSum() | IndexReduce() | Add():
            return True
        case Pow(exponent=Const(value=n)):
            return n < 0 or n.denominator != 1
        case _:
            return isinstance(part, Pow)


def _folded(expr: Expr, known: tuple[Fact, ...]) -> Expr:
    if isinstance(expr, Component | Const):
        return expr
    for fact in known if isinstance(expr, Pow) else ():
        found = _as_power_of_component(expr, fact)
        if found is not None:
            return found
    given = _guards(expr)
    inside = tuple(replace(fact, given=fact.given + given) for fact in known) if given else known
    made = map_children(expr, lambda part: _folded(part, inside))
    if made is not expr:
        expr = simplify(made)
    for fact in known:
        found = _as_component(expr, fact)
        while found is not None:
            expr = simplify(found)
            found = _as_component(expr, fact)
    return expr


def _guards(expr: Expr) -> tuple[Integer, ...]:
    """What is at least 0 wherever a product is not 0, by the comparisons of integers among its factors."""
    return tuple(
        normalise(factor.right.value - factor.left.value - 1)
        for factor in (expr.factors if isinstance(expr, Mul) else ())
        if isinstance(factor, Iverson) and factor.operator == "<"
        if isinstance(factor.left, IndexValue) and isinstance(factor.right, IndexValue)
    )


def _as_power_of_component(expr: Expr, fact: Fact) -> Expr | None:
    """Where ``n = S^(1/2)`` is known, ``S^(-1/2) = n^-1`` and ``S = n^2``; of whole powers only those of one sign."""
    (base, wanted), (other, given) = _as_power(fact.body), _as_power(expr)
    if shape(base) != shape(other):
        return None
    times = given.value / wanted.value if wanted.value else ZERO.value
    if times.denominator != 1 or not times or (times < 0 and wanted.value.denominator == 1):
        return None
    for match in matches(base, other, Match(fact.free_set)):
        read = fact.read(match)
        if read is not None:
            return power(read, Const(times))
    return None


def _as_inner_sum(expr: Expr, fact: Fact) -> Expr | None:
    """Where ``o = sum_j a v`` is known, ``sum_(e,j) g a v = sum_e g o``."""
    if not isinstance(expr, IndexSum) or not isinstance(fact.body, IndexSum):
        return None
    pattern, factors = fact.inner, _factors(expr.body)
    if len(pattern) >= len(factors) or not _may_hold(factors, pattern):
        return None
    for start in pairings(fact.body.indices, expr.indices, Match(fact.free_set)):
        for match, rest in _consume(pattern, factors, start):
            read = fact.read(match)
            gone = {there for _, there in match.bound if there in expr.indices}
            if read is not None and not any(index in gone for part in (read, *rest) for index in free_indices(part)):
                kept = tuple(index for index in expr.indices if index not in gone)
                return IndexSum(kept, Mul((read, *rest))) if kept else Mul((read, *rest))
    return None


def _factors(body: Expr) -> tuple[Expr, ...]:
    return body.factors if isinstance(body, Mul) else (body,)


def _as_component(expr: Expr, fact: Fact) -> Expr | None:
    """``expr`` with the factors that are an instance of the fact replaced; None if there are none."""
    if len(fact.factors) == 1:
        return _as_power_of_component(expr, fact) or _as_inner_sum(expr, fact)
    if not isinstance(expr, Mul | Pow):
        return None
    factors = _factors(expr)
    found = _taken_out(factors, fact)
    if found is not None:
        return Mul(found)
    return _across_a_sum(factors, fact)


def _across_a_sum(factors: tuple[Expr, ...], fact: Fact) -> Expr | None:
    """An instance of which some factors stand in a sum and some before it."""
    for place, factor in enumerate(factors):
        if isinstance(factor, IndexSum):
            around = (*factors[:place], *factors[place + 1 :])
            inside = _factors(factor.body)
            found = _taken_out((*inside, *around), fact)
            if found is not None:
                return IndexSum(factor.indices, Mul(found))
    return None


def _taken_out(factors: tuple[Expr, ...], fact: Fact) -> tuple[Expr, ...] | None:
    """The factors with an instance of the fact among them written as its component."""
    if not _may_hold(factors, fact.factors):
        return None
    for match, rest in _consume(fact.factors, factors, Match(fact.free_set)):
        read = fact.read(match)
        if read is not None:
            return (read, *rest)
    return None


def _may_hold(factors: tuple[Expr, ...], pattern: tuple[Expr, ...]) -> bool:
    """Whether each factor of the pattern has one of its shape among the factors, whatever the powers."""
    shapes = {shape(_as_power(factor)[0]) for factor in factors}
    return all(shape(_as_power(factor)[0]) in shapes for factor in pattern)


def _consume(
    pattern: tuple[Expr, ...], factors: tuple[Expr, ...], match: Match
) -> Iterator[tuple[Match, tuple[Expr, ...]]]:
    """Every way to take the pattern's factors out of a product: the match and what is left."""
    if not pattern:
        yield match, factors
        return
    base, exponent = _as_power(pattern[0])
    for place, factor in enumerate(factors):
        other, given = _as_power(factor)
        left = _left_over(exponent, given) if shape(base) == shape(other) else None
        if left is None:
            continue
        rest = (*factors[:place], *((power(other, left),) if left.value else ()), *factors[place + 1 :])
        for extended in matches(base, other, match):
            yield from _consume(pattern[1:], rest, extended)


def _as_power(factor: Expr) -> tuple[Expr, Const]:
    if isinstance(factor, Pow) and isinstance(factor.exponent, Const):
        return factor.base, factor.exponent
    return factor, ONE


def _left_over(wanted: Const, given: Const) -> Const | None:
    """The exponent that is left of ``given``, if ``wanted`` can be taken from it without turning its sign."""
    if is_one(wanted) and is_one(given):
        return ZERO
    left = given.value - wanted.value
    same_sign = (given.value > 0) == (wanted.value > 0)
    return Const(left) if same_sign and abs(left) < abs(given.value) and left * given.value >= 0 else None
