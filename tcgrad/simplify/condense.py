"""Shorter ways to write sums of products, found by trying: multiplied out, over a common denominator, regrouped.

Where ``y = x s`` is known, ``s (x (1 - s) + 1)`` is ``s (1 - y) + y``, but only multiplying out shows it. What is tried
is kept if it costs less to read; so the textbook forms that simplification keeps closed stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product

from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import ZERO, Add, Const, Expr, IndexSum, IndexValue, Mul, Pow
from tcgrad.ir.traversal import children, factors_of, free_indices, freshen, map_children, size, terms_of, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import power, split_coefficient
from tcgrad.simplify.promise import inert_factors, is_promising
from tcgrad.simplify.regroup import regroup
from tcgrad.simplify.shapes import names
from tcgrad.simplify.totals import Question, Totals

_LARGEST = 60  # nodes of a sum that is worth trying
_LARGEST_OPEN = 32  # nodes of one that is worth multiplying out
_LARGEST_WITH_SQUARES = 24  # the same where squares are multiplied out as well
_MOST_TERMS = 16  # of what is multiplied out
_MOST_ABOVE = 8  # terms of a numerator over a common denominator
_MOST_ROUNDS = 3


class Condensed:
    """What has been condensed, and what was asked of the totals on the way: it is asked again with every answer."""

    def __init__(self, totals: Totals) -> None:
        self._asked = totals.asked
        self._known: dict[Expr, tuple[Expr, tuple[Question, ...]]] = {}

    def get(self, expr: Expr) -> Expr | None:
        """What an expression was condensed to, if it was."""
        found = self._known.get(expr)
        if found is None:
            return None
        self._asked += found[1]
        return found[0]

    def put(self, expr: Expr, condensed: Callable[[Expr], Expr]) -> Expr:
        """Condense an expression; what comes out is condensed too."""
        before = len(self._asked)
        made = condensed(expr)
        asked = tuple(self._asked[before:])
        self._known[expr] = made, asked
        self._known.setdefault(made, (made, asked))
        return made


class Condensing:
    """Condenses expressions.

    settle: writes known definitions into what it is given, and simplifies it.
    patterns: the factors of the definitions that can have instances in an expression.
    known: what has been condensed by the same definitions.
    """

    def __init__(
        self,
        settle: Callable[[Expr], Expr],
        patterns: Callable[[Expr], Sequence[tuple[Expr, ...]]],
        known: Condensed,
    ) -> None:
        self._settle = settle
        self._patterns = patterns
        self._known = known

    def condense(self, expr: Expr) -> Expr:
        """A settled expression, or one of the same value that costs less."""
        if not _holds_sum(expr):
            return expr
        return self._known.get(expr) or self._known.put(expr, self._condensed)

    def _condensed(self, expr: Expr) -> Expr:
        made = map_children(expr, self.condense)
        whole = expr if made is expr else self._settle(made)
        if not isinstance(whole, Add | Mul | IndexSum | Pow) or size(whole) > _LARGEST or not _is_open(whole):
            return whole
        best = min((whole, *self._candidates(whole)), key=cost)
        return best if best is whole else self._condensed(best)

    def _candidates(self, expr: Expr) -> Iterator[Expr]:
        if isinstance(expr, Add):
            grouped = regroup([split_coefficient(term) for term in expr.terms])
            if grouped != expr:
                yield simplify(grouped)
        cleared = _cleared(expr)
        if cleared is not None:
            yield self._settle(cleared)
        if size(expr) > _LARGEST_OPEN:
            return
        expanded = self._expanded(expr)
        if expanded is not None:
            yield expanded
        joined = _joined(expr)
        if joined is not None:
            yield self._settle(joined)

    def _expanded(self, expr: Expr) -> Expr | None:
        """Multiplied out, every term settled, and regrouped; None where that is no shorter.

        Of a product it is only those factors that may have to do with each other.
        """
        opened = _opened(expr)
        if opened is None or len(opened) == len(terms_of(expr)):
            return None
        patterns = self._patterns(expr)
        aside = inert_factors(expr.factors, opened, patterns) if isinstance(expr, Mul) else ()
        if not aside:
            return self._multiplied_out(expr, opened, patterns)
        left = tuple(factor for factor in factors_of(expr) if factor not in aside)
        if len(left) < 2:  # it has been tried by itself
            return None
        core = Mul(left)
        made = self._multiplied_out(core, _opened(core) or [], patterns)
        return None if made is None else simplify(Mul((*aside, made)))

    def _multiplied_out(
        self, expr: Expr, opened: list[Expr] | None, patterns: Sequence[tuple[Expr, ...]]
    ) -> Expr | None:
        if opened is None or not is_promising(opened, patterns):
            return None
        for _ in range(_MOST_ROUNDS):
            settled = list(map(self._settle, opened))
            whole = simplify(Add((ZERO, *settled)))
            opened = _opened(whole)
            if opened is None or len(opened) == len(terms_of(whole)):
                break
            if Counter(map(simplify, opened)) == Counter(settled):  # they would come out of the next round too
                break
        if opened is None:
            return None
        grouped = simplify(regroup([split_coefficient(simplify(term)) for term in opened]))
        return self._settle(grouped) if cost(grouped) < cost(expr) else None


def _holds_sum(expr: Expr) -> bool:
    return isinstance(expr, Add) or any(map(_holds_sum, children(expr)))


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


def simplify_terms(terms: Iterable[Expr]) -> Expr:
    """A sum whose terms are simplified, while nothing is taken out of them."""
    return Add(tuple(simplify(term) for term in terms))


def _opened(expr: Expr) -> list[Expr] | None:
    """The terms of an expression multiplied out; of a short one squares too."""
    return spread_out(expr, squares=size(expr) <= _LARGEST_WITH_SQUARES)


def spread_out(expr: Expr, *, squares: bool = False) -> list[Expr] | None:
    """The terms of an expression multiplied out; None if they are many.

    A sum stays closed while its negative power stands in the same product: it may cancel first.

    squares: those of two terms too.
    """
    match expr:
        case Add():
            parts = [spread_out(term, squares=squares) for term in expr.terms]
            found = [term for part in parts if part is not None for term in part]
            return found if None not in parts and len(found) <= _MOST_TERMS else None
        case Mul():
            divisors = set(_divisors(expr))
            spread = [[part] if part in divisors else spread_out(part, squares=squares) for part in expr.factors]
            known = [part for part in spread if part is not None]
            count = 1
            for part in known:
                count *= len(part)
            if len(known) < len(spread) or count > _MOST_TERMS:
                return None
            return [expr] if count == 1 else [Mul(tuple(choice)) for choice in product(*known)]
        case IndexSum():
            inner = spread_out(expr.body, squares=squares)
            if inner is None or len(inner) == 1:
                return None if inner is None else [expr]
            return [freshen(IndexSum(expr.indices, term)) for term in inner]
        case Pow(base=Add(terms=(_, _)) as base, exponent=Const(value=n)) if n == 2 and squares:
            return spread_out(Mul((base, base)))
        case _:
            return [expr]


def _divisors(expr: Expr) -> Iterator[Expr]:
    """The bases that stand to a negative power in a product or in the terms of its sums."""
    match expr:
        case Pow(base=base, exponent=Const(value=n)) if n < 0:
            yield base
        case Add() | Mul() | IndexSum():
            for part in children(expr):
                yield from _divisors(part)


# Common denominators


def _cleared(expr: Expr) -> Expr | None:
    """``a (b/c + d)^-1 = a c (b + d c)^-1``; None if there is no fraction in what is divided by."""
    match expr:
        case Mul():
            made = [_cleared(factor) for factor in expr.factors]
            if all(part is None for part in made):
                return None
            return Mul(tuple(old if new is None else new for old, new in zip(expr.factors, made, strict=True)))
        case IndexSum():
            body = _cleared(expr.body)
            return None if body is None else IndexSum(expr.indices, body)
        case Pow(base=Add() as base, exponent=Const(value=n)) if n.denominator == 1 and n < 0:
            inner = _over_common_denominator(base)
            return None if inner is None else Pow(simplify(inner), expr.exponent)
        case _:
            return None


def _joined(expr: Expr) -> Expr | None:
    """The expression with every sum of fractions in it as one fraction; None if there is none."""
    match expr:
        case Add():
            return _over_common_denominator(expr)
        case Mul():
            made = [_joined(factor) for factor in expr.factors]
            if all(part is None for part in made):
                return None
            return Mul(tuple(old if new is None else new for old, new in zip(expr.factors, made, strict=True)))
        case Pow(base=Add() as base, exponent=Const(value=n)) if n.denominator == 1:
            inner = _over_common_denominator(base)
            return None if inner is None else Pow(simplify(inner), expr.exponent)
        case _:
            return None


def _over_common_denominator(expr: Add) -> Expr | None:
    """``a/b + c = (a + c b)/b``, the numerator multiplied out and regrouped."""
    below = _lowest_powers(expr)
    if not below or _may_vanish(expr, [base for base, _ in below]):
        return None
    raised = [power(base, Const(-exponent)) for base, exponent in below]
    terms: list[Expr] = []
    for term in expr.terms:
        spread = spread_out(simplify(Mul((term, *raised))))
        if spread is None:
            return None
        terms += spread
        if len(terms) > _MOST_ABOVE:
            return None
    whole = simplify_terms(terms)
    above = regroup([split_coefficient(term) for term in terms_of(simplify(whole))])
    return Mul((simplify(above), *(power(base, Const(exponent)) for base, exponent in below)))


def _may_vanish(expr: Add, bases: Sequence[Expr]) -> bool:
    """Whether a guard in a term may leave out where a base is 0, as ``[i != j]/(x[i] - x[j])``: other terms are there.

    A base of one index is 0 for some inputs at most.
    """
    inside = [set(free_indices(base)) for base in bases]
    guards = [set(free_indices(node)) for term in expr.terms for node in walk(term) if is_guard(node)]
    return any(len(base) > 1 and not base.isdisjoint(guard) for base in inside for guard in guards)


def _lowest_powers(expr: Add) -> list[tuple[Expr, Fraction]]:
    """The bases that are divided by in some term, with their lowest powers; sizes stay where they are."""
    pairs = [
        (factor.base, factor.exponent.value)
        for term in expr.terms
        for factor in factors_of(term)
        if isinstance(factor, Pow) and isinstance(factor.exponent, Const) and not isinstance(factor.base, IndexValue)
        if factor.exponent.value < 0 and factor.exponent.value.denominator == 1
    ]
    lowest: dict[int | str, tuple[Expr, Fraction]] = {}
    for name, (base, exponent) in zip(names([base for base, _ in pairs]), pairs, strict=True):
        if name not in lowest or exponent < lowest[name][1]:
            lowest[name] = (base, exponent)
    return list(lowest.values())
