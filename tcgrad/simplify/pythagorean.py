"""Squares of sines and cosines as one: ``cos(u)^2 + sin(u)^2 = 1``, ``cosh(u)^2 - sinh(u)^2 = 1``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import permutations

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import Call, Const, Expr, IndexSum, Pow
from tcgrad.ir.traversal import factors_of, product_of, sorts_in
from tcgrad.records import replace
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import power, split_coefficient
from tcgrad.simplify.shapes import names

_SQUARE = Fraction(2)

# With these weights the squares of two functions of one argument and 1 add up to 0.
_ONE = ""
_RELATIONS = ({"cos": 1, "sin": 1, _ONE: -1}, {"cosh": 1, "sinh": -1, _ONE: -1})
_WEIGHTS = {name: relation for relation in _RELATIONS for name in relation if name != _ONE}


def squares_merged(terms: Sequence[Term], simplify: Callable[[Expr], Expr]) -> Sequence[Term]:
    """The terms of a sum with any two of them that are those of a relation, times the same, as one; the very same where
    none are.

    ``r cos(u)^2 + r sin(u)^2 = r``, ``r - r cos(u)^2 = r sin(u)^2``, also where they are summed over indices of ``u``.
    """
    if all(_WEIGHTS.keys().isdisjoint(sorts_in(rest)) for _, rest in terms):
        return terms
    for place, (coefficient, rest) in enumerate(terms):
        for name, instead in _squares(rest):
            weights = _WEIGHTS[name]
            share = coefficient / weights[name]
            others = {each: split_coefficient(simplify(instead(each))) for each in weights if each != name}
            for one, third in permutations(others):
                number, partner = others[one]
                found = _place_of((share * weights[one] * number, partner), terms)
                if found is not None:
                    left = [term for n, term in enumerate(terms) if n not in (place, found)]
                    number, made = others[third]
                    return squares_merged([*left, (-share * weights[third] * number, made)], simplify)
    return terms


def _place_of(wanted: Term, terms: Sequence[Term]) -> int | None:
    """Where a term stands among others, up to the names of bound indices."""
    candidates = [place for place, (coefficient, _) in enumerate(terms) if coefficient == wanted[0]]
    own, *known = names([wanted[1], *(terms[place][1] for place in candidates)])
    return next((place for place, name in zip(candidates, known, strict=True) if name == own), None)


def _squares(expr: Expr) -> Iterator[tuple[str, Callable[[str], Expr]]]:
    """The functions whose squares are factors of a product, or of what is summed; each with what the whole is with the
    square of another function, or 1, instead.
    """
    body = expr.body if isinstance(expr, IndexSum) else expr
    factors = factors_of(body)
    for place, factor in enumerate(factors):
        match factor:
            case Pow(Call(function, arguments), Const(number)) if function.name in _WEIGHTS and number >= _SQUARE:
                left = [*factors[:place], *factors[place + 1 :]]
                if number > _SQUARE:
                    left.append(power(factor.base, Const(number - _SQUARE)))
                yield function.name, partial(_with_square, expr, arguments, tuple(left))


def _with_square(whole: Expr, arguments: tuple[Expr, ...], factors: tuple[Expr, ...], name: str) -> Expr:
    """A product, or a sum of such, with other factors and the square of a function, if it is one."""
    square = [Pow(Call(FUNCTIONS[name], arguments), Const(_SQUARE))] if name else []
    made = product_of([*factors, *square])
    return replace(whole, body=made) if isinstance(whole, IndexSum) else made
