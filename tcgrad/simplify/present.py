"""The last touch before an expression is shown: sums and differences the way round that the spec writes them.

``(t - y)^2`` and ``(y - t)^2``, ``v + eps`` and ``eps + v`` are one to the simplifier. What stands in the spec is shown
as it stands there; any other difference takes up the minus sign in front of it. Where ``r = relu(u)``, ``[u > 0]`` is
``[r > 0]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import prod

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Call, Component, Const, Expr, IndexSum, Iverson, Mul, Pow
from tcgrad.ir.program import Define, Statement, bodies
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import (
    children,
    factors_of,
    free_indices,
    product_of,
    rebuild,
    replace_components,
    tensors_read,
    terms_of,
    walk,
)
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.matching import Match, matches
from tcgrad.simplify.powers import as_power, flattened, negated, power, scaled, scaled_sum, split_coefficient
from tcgrad.simplify.shapes import shape
from tcgrad.simplify.signs import is_positive_with

_PLUS, _MINUS = Fraction(1), Fraction(-1)


class Presentation:
    """Knows the sums that stand in some statements, and the order of their terms."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._known: dict[str, list[str]] = {}
        self._shapes: set[int] = set()
        self._logarithms: set[int] = set()
        self._places: dict[Integer, Integer] = {}
        self._presented: dict[int, tuple[Expr, Expr]] = {}
        self._rectified: list[tuple[Define, Expr]] = []
        for statement in statements:
            for part in (node for body in bodies(statement) for node in walk(body)):
                whole = simplify(part) if isinstance(part, Add) else part
                if isinstance(part, Add) and isinstance(whole, Add):
                    looks = self._looks(whole)
                    written = [looks(simplify(term)) for term in children(flattened(part))]
                    self._known.setdefault(looks(whole), written)
                    self._shapes.add(shape(whole))
                elif isinstance(part, Call) and part.function.name == "log":
                    self._logarithms.add(shape(simplify(part)))
            if isinstance(statement, Define):
                self._rectified += [(statement, argument) for argument in _rectified_by(statement.body)]

    def oriented(self, lines: Iterable[Statement]) -> tuple[Statement, ...]:
        """Lines with no more done to them than to turn differences the way round that the spec has them."""
        return tuple(
            replace(line, body=self.present(line.body)) if isinstance(line, Define) else line for line in lines
        )

    def present(self, expr: Expr) -> Expr:
        """The same value, written for the eye; not simplified any more."""
        known = self._presented.get(id(expr))
        if known is None:  # with the expression itself, so that no other one gets its id
            known = self._presented[id(expr)] = expr, self._without_minus(*self._oriented(expr))
        return known[1]

    def _without_minus(self, sign: Fraction, body: Expr) -> Expr:
        """A sign times an expression, the minus taken in by a difference that the spec does not write itself."""
        number, rest = _number_out(body)
        flipped = self._flip_one(rest) if number * sign < 0 else None
        return _times(sign, body) if flipped is None else scaled(-number * sign, flipped)

    def as_it_reads(self, term: Expr) -> Expr:
        """A product, presented before, with the minus in front of it taken in."""
        return self._without_minus(_PLUS, term)

    def _oriented(self, expr: Expr) -> tuple[Fraction, Expr]:
        """The expression as a sign times what is left, every difference turned as the spec has it."""
        match expr:
            case Component() | Const():
                return _PLUS, expr
            case Add():
                made = Add(tuple(self._without_minus(*self._oriented(term)) for term in expr.terms))
                return self._turned(made)
            case Mul():
                parts = [self._oriented(factor) for factor in expr.factors]
                negative = sum([sign is _MINUS for sign, _ in parts]) % 2
                return (_MINUS if negative else _PLUS), _with_number_in_front([body for _, body in parts])
            case Pow(exponent=Const(value=n)) if n.denominator == 1:
                sign, base = self._oriented(expr.base)
                return (sign if n % 2 else _PLUS), Pow(base, expr.exponent)
            case IndexSum():
                sign, body = self._oriented(expr.body)
                return sign, IndexSum(expr.indices, body)
            case Call(function=function, arguments=(argument,)) if function.parity:
                sign, turned = self._oriented(argument)
                return (sign if function.parity < 0 else _PLUS), Call(function, (turned,))
            case Iverson(operator=">", left=left, right=Const(value=value)) if not value and self._rectified:
                named = self._named(left)
                return _PLUS, Iverson(">", named or self.present(left), expr.right)
            case _:
                parts_in = tuple(self._without_minus(*self._oriented(part)) for part in children(expr))
                return _PLUS, rebuild(expr, parts_in) if parts_in else expr

    def _named(self, argument: Expr) -> Expr | None:
        """What the spec calls ``relu(argument)``, or a leaky one: it is positive where the argument is."""
        for define, body in self._rectified:
            found = next(matches(body, argument, Match(frozenset(define.free))), None)
            positions = [found.value(index) for index in define.free] if found else [None]
            settled = tuple(position for position in positions if position is not None)
            if len(settled) == len(define.free) == len(positions):
                return Component(define.tensor, settled)
        return None

    def _turned(self, base: Add) -> tuple[Fraction, Expr]:
        """A sum as the spec has it, or its negative as the spec has that; of negative terms the negative."""
        for sign in (_PLUS, _MINUS) if self._shapes else ():
            turned = base if sign is _PLUS else scaled_sum(base, _MINUS)
            if shape(turned) not in self._shapes:
                continue
            looks = self._looks(turned)
            written = self._known.get(looks(turned))
            if written is not None:
                places = {name: place for place, name in enumerate(written)}
                ordered = sorted(turned.terms, key=lambda term: places.get(looks(term), len(places)))
                return sign, Add(tuple(ordered))
        if all(split_coefficient(term)[0].numerator < 0 for term in base.terms):
            return _MINUS, scaled_sum(base, _MINUS)
        return _PLUS, base

    def _stands_in_spec(self, base: Add) -> bool:
        return shape(base) in self._shapes and self._looks(base)(base) in self._known

    def _looks(self, base: Expr) -> Callable[[Expr], str]:
        """Texts of the terms of a sum, and of itself: ``x[2*i+k] - m[i]`` of the spec is ``x[p] - m[p//2]`` in a
        derivative, and any position is as good as an index. Where a tensor is read at several they are what counts:
        ``x[i+1] - x[i]``.
        """
        reads = dict.fromkeys(part for part in walk(base) if isinstance(part, Component))
        anywhere = len({read.tensor for read in reads}) == len(reads)
        seen = self._anywhere if anywhere else lambda expr: expr
        whole = seen(base)
        labels = canonical_labels(free_indices(whole), terms_of(whole), sized=False)
        return lambda part: key(seen(part), labels)

    def _anywhere(self, expr: Expr) -> Expr:
        return replace_components(expr, lambda read: Component(read.tensor, tuple(map(self._place, read.indices))))

    def _place(self, position: Integer) -> Integer:
        if position.as_index is not None:
            return position
        if position not in self._places:
            self._places[position] = Index("i", Integer.of(1)).expr
        return self._places[position]

    def _flip_one(self, rest: Expr) -> Expr | None:
        """A product with the first logarithm of a ratio turned, or the first difference, that the spec does not write
        itself; None if there is none.
        """
        factors = factors_of(rest)
        for flip in (self._flip_logarithm, self._flip_factor):
            for place, factor in enumerate(factors):
                turned = flip(factor)
                if turned is not None:
                    return _with_number_in_front([*factors[:place], turned, *factors[place + 1 :]])
        return None

    def _flip_logarithm(self, factor: Expr) -> Expr | None:
        return None if shape(factor) in self._logarithms else _flipped_logarithm(factor)

    def _flip_factor(self, factor: Expr) -> Expr | None:
        match factor:
            case Add() if _is_mixed(factor):
                turned = scaled_sum(factor, _MINUS)
                if self._stands_in_spec(turned):
                    return turned
                if self._stands_in_spec(factor):
                    return None
                return turned if _share_a_sum(turned) else Add(tuple(map(self.as_it_reads, turned.terms)))
            case Add() if _holds_difference(factor) and not self._stands_in_spec(factor):
                return self._flip_term(factor)
            case IndexSum(body=body):
                inner = self._flip_one(body)
                return None if inner is None else IndexSum(factor.indices, inner)
            case _:
                return None

    def _flip_term(self, base: Add) -> Expr | None:
        """``c (x - y) - a`` for ``-(a + c (y - x))``: the negative of a sum of which one term takes the minus in."""
        terms = list(map(split_coefficient, base.terms))
        for place, (number, rest) in enumerate(terms):
            flipped = self._flip_one(rest)
            if flipped is not None:
                others = [scaled(-own, other) for own, other in (*terms[:place], *terms[place + 1 :])]
                return Add((scaled(number, flipped), *others))
        return None


def _rectified_by(body: Expr) -> tuple[Expr, ...]:
    """What a definition is positive with, if that has no name of its own: it is the relu of it, or a leaky one."""
    if not isinstance(body, Call) or not is_positive_with(body):
        return ()
    argument = simplify(body.arguments[0])
    return () if isinstance(argument, Component) else (argument,)


def _flipped_logarithm(factor: Expr) -> Expr | None:
    """``-log(a/b) = log(b/a)``"""
    match factor:
        case Call(function=function, arguments=(Mul(factors=(first, second)),)) if function.name == "log":
            (above, up), (below, down) = as_power(first), as_power(second)
            if {up, down} == {ONE, MINUS_ONE}:
                return Call(function, (Mul((power(above, negated(up)), power(below, negated(down)))),))
        case _:
            pass
    return None


def _is_mixed(base: Add) -> bool:
    return len({split_coefficient(term)[0].numerator > 0 for term in base.terms}) == 2


def _holds_difference(base: Add) -> bool:
    """Whether a difference is a factor of a term."""
    factors = (factor for term in base.terms if isinstance(term, Mul) for factor in term.factors)
    return any(isinstance(factor, Add) and _is_mixed(factor) for factor in factors)


def _share_a_sum(base: Add) -> bool:
    """Whether two terms have factors that may be one sum, to be taken out of both as they stand."""
    seen: set[Tensor] = set()
    for term in base.terms:
        read = {tensor for part in walk(term) if isinstance(part, Add) for tensor in tensors_read(part)}
        if seen & read:
            return True
        seen |= read
    return False


def _number_out(expr: Expr) -> tuple[Fraction, Expr]:
    """The number that a product has as a factor, in sums too, and the rest."""
    match expr:
        case Const(value):
            return value, ONE
        case IndexSum(indices, body):
            number, rest = _number_out(body)
            return (_PLUS, expr) if number == 1 else (number, IndexSum(indices, rest))
        case Mul(factors):
            parts = list(map(_number_out, factors))
            number = prod((own for own, _ in parts if own is not _PLUS), start=_PLUS)
            return number, product_of([rest for _, rest in parts if rest != ONE])
        case _:
            return _PLUS, expr


def _with_number_in_front(factors: list[Expr]) -> Expr:
    if Const not in map(type, factors):
        return product_of(factors)
    numbers = [factor.value for factor in factors if isinstance(factor, Const)]
    rest = [factor for factor in factors if not isinstance(factor, Const)]
    coefficient = _PLUS
    for number in numbers:
        coefficient *= number
    body = product_of(rest)
    return scaled(coefficient, body)


def _times(sign: Fraction, body: Expr) -> Expr:
    if sign is _PLUS:
        return body
    if isinstance(body, Add):
        return scaled_sum(body, sign)
    coefficient, rest = split_coefficient(body)
    return scaled(sign * coefficient, rest)
