"""Branches told apart by the signs of what they compare: an expression is 0 if it is 0 in every case.

``abs(u)``, ``max(u, 0)`` and ``[u > 0]`` are one thing where ``u > 0``, another where ``u < 0``, and where ``u = 0`` a
component can be written by the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from fractions import Fraction
from functools import partial
from typing import Literal

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Component, Const, Expr, Iverson, Mul, Pow, const
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import (
    children,
    factors_of,
    free_indices,
    map_children,
    product_of,
    replace_components,
    tensors_read,
    terms_of,
    walk,
)
from tcgrad.prove.gathering import summand
from tcgrad.records import dataclass
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import exponent_of
from tcgrad.simplify.canonical import key
from tcgrad.simplify.expand import TooLargeError, expand
from tcgrad.simplify.order import first_term
from tcgrad.simplify.powers import negated, scaled, split_coefficient
from tcgrad.simplify.signs import is_positive

Sign = Literal[-1, 0, 1]

_MOST_SPLIT = 5  # comparisons that decide on one another
_MOST_CASES = 60
_SIGNS: tuple[Sign, ...] = (1, -1, 0)
_OPERATORS = {"<": (-1,), "<=": (-1, 0), "==": (0,), "!=": (-1, 1), ">=": (0, 1), ">": (1,)}


def has_cases(expr: Expr) -> bool:
    """Whether something with branches stands in an expression."""
    return any(_compared(part) is not None for part in walk(expr))


def vanishes_by_cases(expr: Expr, positive: Collection[Tensor], is_zero: Callable[[Expr], bool]) -> bool:
    """Whether a simplified expression is 0 in each case.

    positive: tensors that are positive.
    is_zero: tells whether an expression without branches is 0.

    Raises:
        TooLargeError: where there are many cases.
    """
    return _Cases(positive, is_zero).vanish(expr, ())


@dataclass(frozen=True)
class _Known:
    """What is compared with 0, its first coefficient 1 or -1, and its sign."""

    compared: Expr
    sign: Sign


class _Cases:
    def __init__(self, positive: Collection[Tensor], is_zero: Callable[[Expr], bool]) -> None:
        self._positive = positive
        self._is_zero = is_zero
        self._count = 0

    def vanish(self, expr: Expr, known: tuple[_Known, ...]) -> bool:
        compared = next(self._open(expr), None)
        if compared is None:
            return self._no_more_vanish(expr, known)
        if len(known) == _MOST_SPLIT:
            raise TooLargeError
        return all(
            self.vanish(self._in_case(expr, compared, sign), (*known, _Known(compared, sign)))
            for sign in self._possible(compared, known)
        )

    def _no_more_vanish(self, expr: Expr, known: tuple[_Known, ...]) -> bool:
        self._count += 1
        if self._count > _MOST_CASES:
            raise TooLargeError
        one = simplify(summand(expr)) if has_cases(expr) else expr
        return self.vanish(one, known) if one != expr else self._is_zero(expr)

    def _open(self, expr: Expr) -> Iterator[Expr]:
        """What is compared in an expression outside of all sums, what stands inside another comparison first."""
        free = set(free_indices(expr))
        for part in reversed(list(walk(expr))):
            own = _compared(part)
            if own is not None and free.issuperset(free_indices(own)) and not has_cases(own):
                yield self._told(own)[0]

    def _told(self, difference: Expr) -> tuple[Expr, Sign]:
        """What has the sign of a difference, or the opposite one: without positive factors."""
        opened = self._without_denominators(expand(self._bare(_without_exponentials(self._bare(difference)))))
        number = first_term(map(split_coefficient, terms_of(opened)))[0] if opened != ZERO else Fraction(0)
        if not number:
            return ZERO, 0
        return expand(scaled(1 / number, opened)), 1 if number > 0 else -1

    def _bare(self, expr: Expr) -> Expr:
        """A product without its positive factors."""
        return product_of([part for part in factors_of(simplify(expr)) if not is_positive(part, self._positive)])

    def _without_denominators(self, expr: Expr) -> Expr:
        """An expanded sum times what is positive below a line in it: ``u - d`` for ``u/d - 1``."""
        below: dict[Expr, Fraction] = {}
        for part in (part for term in terms_of(expr) for part in factors_of(term)):
            match part:
                case Pow(base, Const(value)) if value < 0 and is_positive(base, self._positive):
                    below[base] = max(below.get(base, -value), -value)
                case _:
                    pass
        return expand(Mul((*(Pow(base, Const(value)) for base, value in below.items()), expr))) if below else expr

    def _possible(self, compared: Expr, known: tuple[_Known, ...]) -> tuple[Sign, ...]:
        """The signs that what is compared can have beside what is known."""
        if isinstance(compared, Const):
            return (_sign(compared.value),)
        for fact in known:
            apart, together = (
                expand(Add((compared, Mul((const(-n), fact.compared))))) for n in (1, -1)
            )  # compared = fact + apart = together - fact
            if fact.sign and self._sign_of(apart) in (0, fact.sign):
                return (fact.sign,)
            if fact.sign and self._sign_of(together) in (0, -fact.sign):
                return (_sign(Fraction(-fact.sign)),)
        return _SIGNS

    def _sign_of(self, expr: Expr) -> Sign | None:
        """The sign that an expression has for all arguments; None where that is not seen."""
        if isinstance(expr, Const):
            return _sign(expr.value)
        if is_positive(expr, self._positive):
            return 1
        return -1 if is_positive(simplify(negated(expr)), self._positive) else None

    def _in_case(self, expr: Expr, compared: Expr, sign: Sign) -> Expr:
        """The expression where what is compared has a sign."""
        made = simplify(self._resolved(expr, key(compared), sign))
        if sign:
            return made
        # of a component that is written by others it is forgotten that it is positive: such ones come last
        solved = sorted(_solved(compared), key=lambda each: is_positive(each[0], self._positive))
        if not solved:
            return made
        component, value = solved[0]
        return simplify(replace_components(made, lambda read: value if read == component else read))

    def _resolved(self, expr: Expr, compared: str, sign: Sign) -> Expr:
        made = map_children(expr, partial(self._resolved, compared=compared, sign=sign))
        own = _compared(made)
        if own is None or has_cases(own):
            return made
        told, turned = self._told(own)
        if key(told) != compared:
            return made
        return _chosen(made, _sign(Fraction(sign * turned)))


def _sign(value: Fraction) -> Sign:
    return 1 if value > 0 else -1 if value < 0 else 0


def _compared(part: Expr) -> Expr | None:
    """What the branches of a node hang on the sign of."""
    match part:
        case Call(function=function, arguments=arguments):
            match function.name, arguments:
                case (("abs" | "sign" | "relu" | "elu" | "leaky_relu"), (argument, *_)):
                    return argument
                case (("max" | "min"), (one, other)):
                    return _difference(one, other)
                case "clip", (argument, low, _):
                    return _difference(argument, low)
        case Iverson(left=left, right=right) if any(tensor.is_real for tensor in tensors_read(part)):
            return _difference(left, right)
    return None


def _difference(one: Expr, other: Expr) -> Expr:
    return one if other == ZERO else Add((one, Mul((MINUS_ONE, other))))


def _chosen(part: Expr, sign: Sign) -> Expr:
    """What a node is where what it compares has a sign."""
    match part:
        case Iverson(operator=operator):
            return ONE if sign in _OPERATORS[operator] else ZERO
        case Call(function=function, arguments=(first, *rest)):
            match function.name:
                case "abs":
                    return Mul((const(sign), first))
                case "sign":
                    return const(sign)
                case "relu":
                    return first if sign > 0 else ZERO
                case "elu":
                    return first if sign > 0 else Add((Call(FUNCTIONS["exp"], (first,)), MINUS_ONE))
                case "leaky_relu":
                    return first if sign > 0 else Mul((rest[0], first))
                case "max":
                    return first if sign >= 0 else rest[0]
                case "min":
                    return first if sign <= 0 else rest[0]
                case "clip":
                    return Call(FUNCTIONS["min"], (first if sign >= 0 else rest[0], rest[1]))
    return part


def _without_exponentials(expr: Expr) -> Expr:
    """``a - b`` for ``exp(a) - exp(b)``, and ``a`` for ``exp(a) - 1``: these have one sign."""
    if not isinstance(expr, Add) or len(expr.terms) != 2:
        return expr
    (number, first), (beside, second) = map(split_coefficient, expr.terms)
    exponents = exponent_of(first), exponent_of(second)
    if number != -beside or exponents[0] is None or exponents[1] is None:
        return expr
    return Mul((Const(number), Add((exponents[0], Mul((MINUS_ONE, exponents[1]))))))


def _solved(compared: Expr) -> Iterator[tuple[Component, Expr]]:
    """The components that stand once, with a number before them, and what they are where the whole is 0."""
    terms = list(map(split_coefficient, terms_of(compared)))
    for place, (number, rest) in enumerate(terms):
        others = [scaled(-coefficient / number, other) for n, (coefficient, other) in enumerate(terms) if n != place]
        if isinstance(rest, Component) and rest.tensor.is_real and not any(_reads(other, rest) for other in others):
            yield rest, Add((ZERO, *others))


def _reads(expr: Expr, component: Component) -> bool:
    return expr == component or any(_reads(part, component) for part in children(expr))
