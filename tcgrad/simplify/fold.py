"""Definitions as facts: where ``e[b,c] = exp(x[b,c])`` is known, ``exp(x[p,q])`` is written ``e[p,q]``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ONE, ZERO, Add, Call, Component, Const, Expr, IndexReduce, IndexSum, Mul, Pow, Where
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, instantiate, rebuild, replace_components, size, tensors_read, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.expand import expand
from tcgrad.simplify.matching import Match, matches
from tcgrad.simplify.powers import power
from tcgrad.simplify.ranges import is_nonnegative

_LARGEST_WRITTEN_OUT = 150  # nodes; a sum that vanishes by its definitions is a small one


@dataclass(frozen=True)
class Fact:
    """``tensor[free] = body``, the body simplified and worth a name."""

    tensor: Tensor
    free: tuple[Index, ...]
    body: Expr

    @property
    def factors(self) -> tuple[Expr, ...]:
        return self.body.factors if isinstance(self.body, Mul) else (self.body,)

    def read(self, match: Match) -> Component | None:
        """The component that a match stands for, if every index is settled and in range."""
        positions = [match.value(index) for index in self.free]
        settled = tuple(position for position in positions if position is not None)
        if len(settled) < len(positions) or not all(map(_in_range, settled, self.tensor.shape)):
            return None
        return Component(self.tensor, settled)


def _in_range(position: Integer, size: Integer) -> bool:
    plain = position.as_index
    if plain is not None and plain.size == size:
        return True
    return is_nonnegative(position) and is_nonnegative(size - Integer.of(1) - position)


class Facts:
    """The definitions of a program that are worth recognising: those with a function, a quotient, a root or a sum."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._reading: dict[Tensor, list[tuple[int, Fact]]] = {}
        self._affine: dict[Tensor, Define] = {}
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
        plain = self._without_vanishing(simplify(expr))
        near = self.about(plain)
        return simplify(_folded(plain, near)) if near else plain

    def _without_vanishing(self, expr: Expr) -> Expr:
        """``sum_h (x[b,h] - m[b])`` is 0 where ``m`` is the mean of ``x``: known once ``m`` is written out."""
        if not any(tensor in self._affine for tensor in tensors_read(expr)):
            return expr
        if isinstance(expr, IndexSum) and any(isinstance(part, Add) for part in walk(expr)):
            written_out = replace_components(expr, self._written_out)
            if _is_small(written_out) and expand(written_out) == ZERO:
                return ZERO
        made = tuple(self._without_vanishing(part) for part in children(expr))
        same = all(a is b for a, b in zip(children(expr), made, strict=True))
        return expr if same else simplify(rebuild(expr, made))

    def _written_out(self, read: Component) -> Expr:
        define = self._affine.get(read.tensor)
        return read if define is None else instantiate(define.free, define.body, read.indices)


def _is_small(expr: Expr) -> bool:
    return size(expr) <= _LARGEST_WRITTEN_OUT


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
    parts = children(expr)
    made = tuple(_folded(part, known) for part in parts)
    if any(a is not b for a, b in zip(parts, made, strict=True)):
        expr = simplify(rebuild(expr, made))
    for fact in known:
        found = _as_component(expr, fact)
        while found is not None:
            expr = simplify(found)
            found = _as_component(expr, fact)
    return expr


def _as_component(expr: Expr, fact: Fact) -> Expr | None:
    """``expr`` with the factors that are an instance of the fact replaced; None if there are none."""
    if isinstance(expr, Mul | Pow) or len(fact.factors) == 1:
        factors = expr.factors if isinstance(expr, Mul) else (expr,)
        for match, rest in _consume(fact.factors, factors, Match(frozenset(fact.free))):
            read = fact.read(match)
            if read is not None:
                return Mul((read, *rest)) if rest else read
    return None


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
        left = _left_over(exponent, given)
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
    left = given.value - wanted.value
    same_sign = (given.value > 0) == (wanted.value > 0)
    return Const(left) if same_sign and abs(left) < abs(given.value) and left * given.value >= 0 else None
