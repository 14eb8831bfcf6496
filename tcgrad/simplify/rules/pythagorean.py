"""Squares of sines and cosines as one: ``cos(u)^2 + sin(u)^2 = 1``, ``cosh(u)^2 - sinh(u)^2 = 1``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import NamedTuple

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import Call, Const, Expr, IndexSum, Pow, const
from tcgrad.ir.traversal import factors_of, product_of, sorts_in
from tcgrad.records import replace
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import power, split_coefficient
from tcgrad.simplify.shapes import names, shape

_TWO = const(2)

# With these weights the squares of two functions of one argument and 1 add up to 0.
_ONE = ""
_RELATIONS = ({"cos": 1, "sin": 1, _ONE: -1}, {"cosh": 1, "sinh": -1, _ONE: -1})
_WEIGHTS = {name: relation for relation in _RELATIONS for name in relation if name != _ONE}


class _Square(NamedTuple):
    """A square that is a factor of the term at a place, or of what is summed there.

    name: of the function that is squared. instead: what the term is, but for its number, with the square of another
    function, or 1, instead.
    """

    place: int
    name: str
    instead: Callable[[str], Expr]


def squares_merged(terms: Sequence[Term], simplify: Callable[[Expr], Expr]) -> Sequence[Term]:
    """The terms of a sum with any two of them that are those of a relation, times the same, as one; the very same where
    none are.

    ``r cos(u)^2 + r sin(u)^2 = r``, ``r - r cos(u)^2 = r sin(u)^2``, also where they are summed over indices of ``u``.
    """
    if all(sorts_in(rest).isdisjoint(_WEIGHTS) for _, rest in terms):
        return terms
    for place, name, instead in _with_partners(terms):
        weights = _WEIGHTS[name]
        share = terms[place][0] / weights[name]
        others = {each: split_coefficient(simplify(instead(each))) for each in weights if each != name}
        for one, third in permutations(others):
            number, partner = others[one]
            found = _place_of((share * weights[one] * number, partner), terms)
            if found is not None:
                left = [term for n, term in enumerate(terms) if n not in (place, found)]
                number, made = others[third]
                return squares_merged([*left, (-share * weights[third] * number, made)], simplify)
    return terms


def _with_partners(terms: Sequence[Term]) -> Iterator[_Square]:
    """The squares beside which there may be a partner: one that looks like the other of its relation, or a term that
    looks like what it multiplies; or sums over indices, which may be none without it.
    """
    squares = [square for place, (_, rest) in enumerate(terms) for square in _squares(place, rest)]
    looks = {shape(rest) for _, rest in terms}
    for square in squares:
        is_summed = isinstance(terms[square.place][1], IndexSum)
        others = _WEIGHTS[square.name].keys() - {square.name}
        if is_summed or any(shape(square.instead(each)) in looks for each in others):
            yield square


def _place_of(wanted: Term, terms: Sequence[Term]) -> int | None:
    """Where a term stands among others, up to the names of bound indices."""
    candidates = [place for place, (coefficient, _) in enumerate(terms) if coefficient == wanted[0]]
    own, *known = names([wanted[1], *(terms[place][1] for place in candidates)])
    return next((place for place, name in zip(candidates, known, strict=True) if name == own), None)


def _squares(place: int, expr: Expr) -> Iterator[_Square]:
    body = expr.body if isinstance(expr, IndexSum) else expr
    factors = factors_of(body)
    for n, factor in enumerate(factors):
        match factor:
            case Pow(Call(function, arguments), Const(number)) if function.name in _WEIGHTS and number >= _TWO.value:
                left = [*factors[:n], *factors[n + 1 :]]
                if number > _TWO.value:
                    left.append(power(factor.base, Const(number - _TWO.value)))
                yield _Square(place, function.name, partial(_with_square, expr, arguments, tuple(left)))


def _with_square(whole: Expr, arguments: tuple[Expr, ...], factors: tuple[Expr, ...], name: str) -> Expr:
    """A product, or a sum of such, with other factors and the square of a function, if it is one."""
    square = [Pow(Call(FUNCTIONS[name], arguments), _TWO)] if name else []
    made = product_of([*factors, *square])
    return replace(whole, body=made) if isinstance(whole, IndexSum) else made
