"""Shorter ways to write sums of products, found by trying: multiplied out, over a common denominator, regrouped.

Where ``y = x s`` is known, ``s (x (1 - s) + 1)`` is ``s (1 - y) + y``, but only multiplying out shows it. What is tried
is kept if it costs less to read; so the textbook forms that simplification keeps closed stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import Add, Const, Expr, IndexSum, Mul, Pow
from tcgrad.ir.traversal import (
    children,
    factors_of,
    free_indices,
    map_children,
    product_of,
    size,
    sorts_in,
    terms_of,
    walk,
)
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.memory import Memory
from tcgrad.simplify.powers import negated, scaled, split_coefficient
from tcgrad.simplify.shapes import shape
from tcgrad.simplify.shorter.denominators import (
    cleared,
    joined,
    leaves_poles,
    may_lose_poles,
    with_divisors_alike,
    with_fractions_joined,
)
from tcgrad.simplify.shorter.division import divided, with_sums_out, with_terms_divided
from tcgrad.simplify.shorter.other_ways import (
    is_idle,
    scattered,
    with_idle_terms_out,
    with_one_bracket,
    with_signs_apart,
    with_sums_together,
)
from tcgrad.simplify.shorter.promise import inert_factors, is_promising
from tcgrad.simplify.shorter.regroup import regroup
from tcgrad.simplify.shorter.spread import opened, opens_squares

_LARGEST = 60  # nodes of a sum that is worth trying
_LARGEST_FACTOR = 20  # nodes of a factor of a larger product that is worth trying with others
_LARGEST_OPEN = 32  # nodes of one that is worth multiplying out
_MOST_APART = 4  # terms of a sum that are looked at one by one where some stand in products
_FEWEST = 2  # terms of which some may be those of a definition


class Definitions(Protocol):
    """What condensing asks of the definitions that are known."""

    def settle(self, expr: Expr) -> Expr:
        """Write them into an expression, and simplify it."""

    def multiply_out(self, expr: Expr) -> Expr:
        """Multiply an expression out; the very same where that is no shorter."""

    def about(self, expr: Expr) -> Sequence[Fact]:
        """Those that can have instances in an expression."""

    def sums(self, expr: Expr) -> Sequence[Add]:
        """The sums of terms among the factors of those that read nothing but what an expression reads."""

    def may_add_up(self, factor: Expr) -> bool:
        """Whether what one factor adds up to may be a number."""


class Condensing:
    """Condenses expressions.

    known: what has been condensed by the same definitions.
    """

    def __init__(self, definitions: Definitions, known: Memory) -> None:
        self._definitions = definitions
        self._known = known

    def condense(self, expr: Expr) -> Expr:
        """A settled expression, or one of the same value that costs less."""
        if Add not in sorts_in(expr):
            return expr
        made = self._known.get(expr)
        if made is None:
            made = self._known.put(expr, self._condensed)
        return expr if made is expr or made == expr else made

    def _condensed(self, expr: Expr) -> Expr:
        made = map_children(expr, self.condense)
        whole = expr if made is expr else self._definitions.settle(made)
        if not isinstance(whole, Add | Mul | IndexSum | Pow) or not _is_open(whole):
            return whole
        if size(whole) > _LARGEST:
            return self._with_divisors_cancelled(whole) if isinstance(whole, Mul) else whole
        best: Expr = whole
        for candidate in self._candidates(whole):
            if _is_shorter(candidate, best):
                best = candidate
        return best if best is whole else self._condensed(best)

    def _with_divisors_cancelled(self, expr: Mul) -> Expr:
        """A large product with divisors in its small factors cancelled: they may be 0 however large the rest is."""
        small = [factor for factor in expr.factors if size(factor) <= _LARGEST_FACTOR]
        core = product_of(small)
        for candidate in map(self._definitions.settle, with_terms_divided(core) if isinstance(core, Mul) else ()):
            if _is_shorter(candidate, core):
                return simplify(Mul((candidate, *[factor for factor in expr.factors if factor not in small])))
        return expr

    def _candidates(self, expr: Expr) -> Iterator[Expr]:
        if isinstance(expr, IndexSum) and isinstance(expr.body, Add) and self._has_sum_of_sum(expr):
            parts = tuple([IndexSum(expr.indices, term) for term in expr.body.terms])
            yield self._definitions.settle(Add(parts))
        yield from map(self._definitions.settle, self._split(expr))
        if isinstance(expr, Add):
            grouped = regroup([split_coefficient(term) for term in expr.terms])
            if grouped != expr:
                yield self._definitions.settle(grouped)
        if isinstance(expr, Add):
            yield from map(self._definitions.settle, with_one_bracket(expr))
            yield from map(self._definitions.settle, with_signs_apart(expr))
            yield from map(self._definitions.settle, with_sums_together(expr))
        if isinstance(expr, Mul):
            yield from map(self._definitions.settle, divided(expr))
            yield from map(self._definitions.settle, with_divisors_alike(expr))
            yield from map(self._definitions.settle, with_idle_terms_out(expr))
            yield from map(self._definitions.settle, with_terms_divided(expr))
        over_one = cleared(expr)
        if over_one is not None:
            yield self._definitions.settle(over_one)
        if isinstance(expr, Add):
            yield from map(self._definitions.settle, with_fractions_joined(expr))
        is_small = size(expr) <= _LARGEST_OPEN
        expanded = self._expanded(expr) if is_small else None
        if expanded is not None:
            yield expanded
        one_fraction = joined(expr) if is_small or may_lose_poles(expr) else None
        if one_fraction is not None:
            settled = self._definitions.settle(one_fraction)
            if leaves_poles(expr, settled):
                return
            yield settled
            if isinstance(settled, Mul):
                yield from map(self._definitions.settle, with_sums_out(settled, _squared(expr)))

    def _split(self, expr: Expr) -> Iterator[Expr]:
        """A product as a sum of two, each with some of the terms of one factor.

        Where ``y = sum_i p (a - b)`` is known, ``sum_i p (a - b + c)`` is ``sum_i p (a - b) + sum_i p c``; where what
        stands beside the terms adds up to a number, those that are the same for all ``i`` are such a part, too.
        """
        if isinstance(expr, Add):
            for term in expr.terms:
                coefficient, own = split_coefficient(term)
                rest = tuple(other for other in expr.terms if other is not term)
                yield from (Add((*rest, scaled(coefficient, made))) for made in self._split(own))
            return
        factors = factors_of(expr.body if isinstance(expr, IndexSum) else expr)
        for place, factor in enumerate(factors):
            others = [*factors[:place], *factors[place + 1 :]]
            for parts in self._parts(expr, factor, others) if isinstance(factor, Add) and others else ():
                yield Add(tuple(_with_factor(expr, place, simplify(Add(part))) for part in parts))

    def _parts(self, expr: Expr, factor: Add, others: Sequence[Expr]) -> Iterator[tuple[tuple[Expr, ...], ...]]:
        """The terms of one factor of an expression in two: those that may be worth a sum of their own, and the rest.

        others: what stands beside the factor.
        """
        known = self._definitions.sums(expr)
        summed = set(expr.indices) if isinstance(expr, IndexSum) else set[Index]()
        adds_up = bool(summed) and len(others) == 1 and self._definitions.may_add_up(others[0])
        terms = _terms_apart(factor) if known or adds_up else ()
        if len(terms) <= _FEWEST:
            return
        found = [_among(wanted, terms) for own in known for wanted in (own.terms, _negatives(own))]
        if adds_up:
            found.append(tuple(term for term in terms if summed.isdisjoint(free_indices(term))))
        for inside in found:
            if 0 < len(inside) < len(terms):
                yield inside, tuple(term for term in terms if term not in inside)

    def _has_sum_of_sum(self, expr: Expr) -> bool:
        """Whether a definition that may be a part is the sum of a product with a sum of terms in it."""
        held = (factor for fact in self._definitions.about(expr) for factor in fact.factors)
        sums = (factor.body for factor in held if isinstance(factor, IndexSum))
        return any(isinstance(factor, Add) for body in sums for factor in factors_of(body))

    def _expanded(self, expr: Expr) -> Expr | None:
        """Multiplied out; None where that is no shorter, or from far does not look as if it could be.

        Of a product it is only those factors that may have to do with each other.
        """
        terms = opened(expr)
        if terms is None or len(terms) == len(terms_of(expr)):
            return None
        facts = self._definitions.about(expr)
        aside = inert_factors(expr.factors, terms, facts) if isinstance(expr, Mul) else ()
        left = tuple(factor for factor in factors_of(expr) if factor not in aside)
        if not aside:
            return self._multiplied_out(expr, terms, facts)
        if len(left) < 2:  # it has been tried by itself
            return None
        core = Mul(left)
        made = self._multiplied_out(core, opened(core), facts)
        return None if made is None else simplify(Mul((*aside, made)))

    def _multiplied_out(self, expr: Expr, terms: list[Expr] | None, facts: Sequence[Fact]) -> Expr | None:
        may_add_up = self._definitions.may_add_up
        if terms is None or not is_promising(terms, facts, may_add_up, squares=opens_squares(expr)):
            return None
        made = self._definitions.multiply_out(expr)
        return None if made is expr else made


def _squared(expr: Expr) -> list[Add]:
    """The sums that stand to a whole power of at least 2 in an expression."""
    found: dict[Add, None] = {}
    for part in walk(expr):
        match part:
            case Pow(base=Add() as base, exponent=Const(value=n)) if n >= 2 and n.denominator == 1:
                found[base] = None
            case _:
                pass
    return list(found)


def _terms_apart(expr: Add) -> tuple[Expr, ...]:
    """The terms of a sum, those of the sums in its products too if they are few."""
    if not any(isinstance(part, Add) for term in expr.terms for part in factors_of(term)):
        return expr.terms
    spread = opened(expr)
    return expr.terms if spread is None or len(spread) > _MOST_APART else tuple(map(simplify, spread))


def _negatives(known: Add) -> list[Expr]:
    return [simplify(negated(term)) for term in known.terms]


def _among(wanted: Sequence[Expr], terms: Sequence[Expr]) -> tuple[Expr, ...]:
    """Those of the ``terms`` that look like the ``wanted`` ones, each of which is there; else none."""
    left = Counter(map(shape, wanted))
    found = tuple(term for term in terms if left[shape(term)])
    return found if left == Counter(map(shape, found)) else ()


def _with_factor(expr: Expr, place: int, factor: Expr) -> Expr:
    """A product, or a sum of one, with another factor in one place."""
    if isinstance(expr, IndexSum):
        return IndexSum(expr.indices, _with_factor(expr.body, place, factor))
    factors = factors_of(expr)
    return Mul((*factors[:place], factor, *factors[place + 1 :]))


def _is_shorter(one: Expr, other: Expr) -> bool:
    """Whether one costs less to read, or as much with fewer scattered sums, with fewer sums of terms, with fewer terms
    in these, or with fewer terms that are added up and always the same.
    """
    if cost(one) != cost(other):
        return cost(one) < cost(other)
    return _term_counts(one) < _term_counts(other)


def _term_counts(expr: Expr) -> tuple[int, int, int, int]:
    """The number of sums whose terms are scattered, of sums of terms, of the terms in them, and of those that are the
    same wherever they are added up.
    """
    sums = [part for part in walk(expr) if isinstance(part, Add)]
    lengths = [len(part.terms) for part in sums]
    summed = [(part.body, part.indices) for part in walk(expr) if isinstance(part, IndexSum)]
    idle = sum(is_idle(term, indices) for body, indices in summed if isinstance(body, Add) for term in body.terms)
    return sum(len(scattered(part)) for part in sums), len(lengths), sum(lengths), idle


def _is_open(expr: Expr) -> bool:
    """Whether a sum of terms is a part of the product that an expression is, not of a function's argument."""
    match expr:
        case Add():
            return True
        case Mul() | IndexSum():
            return any(map(_is_open, children(expr)))
        case Pow():
            return _is_open(expr.base)
        case _:
            return False
