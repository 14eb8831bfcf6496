"""Factors that some terms of a sum have in common, taken out: ``a b + a c + d = a (b + c) + d``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tcgrad.ir.nodes import Add, Component, Const, Expr, IndexValue, Mul
from tcgrad.ir.traversal import terms_of
from tcgrad.simplify.cost import cost
from tcgrad.simplify.order import Term
from tcgrad.simplify.poles import may_have_pole
from tcgrad.simplify.powers import add_of, power, scaled
from tcgrad.simplify.rules.common import Powers, divided, guards_beside, powers_of

_MOST_TERMS = 24

_Row = tuple[Fraction, Powers]


def regroup(terms: Sequence[Term]) -> Expr:
    """The sum of the terms, the factor that saves most taken out of those that have it, and so on; not simplified."""
    if not 1 < len(terms) <= _MOST_TERMS:
        return add_of(list(terms)) if len(terms) > 1 else scaled(*terms[0])
    rows = list(zip((number for number, _ in terms), powers_of([rest for _, rest in terms]), strict=True))
    best = _best(rows)
    if best is None:
        return _with_number(terms)
    name, (base, exponent), guards = best
    inside, outside = [], []
    for (number, powers), term in zip(rows, terms, strict=True):
        if name in powers and _common(powers[name][1], exponent) == exponent:
            inside.append((number, divided(powers, {name: (base, exponent)})))
        else:
            outside.append(term)
    product = Mul((power(base, exponent), *guards, regroup(inside)))
    return Add((product, regroup(outside))) if outside else product


def _with_number(terms: Sequence[Term]) -> Expr:
    """``2 a - 2 b = 2 (a - b)``"""
    sizes = {abs(number) for number, _ in terms}
    (only, *others) = sizes
    if others or only == 1:
        return add_of(list(terms))
    return Mul((Const(only), add_of([(number / only, rest) for number, rest in terms])))


def _best(rows: Sequence[_Row]) -> tuple[int | str, tuple[Expr, Expr], list[Expr]] | None:
    """The power that saves most when it is taken out of all terms that have it, and the guards that it needs then.

    None if none is in two.

    Sizes stay where they are: they belong to the means of the terms.
    """
    best, saved = None, 0
    seen: dict[int | str, list[tuple[Expr, Expr]]] = {}
    for _, powers in rows:
        for name, pair in powers.items():
            seen.setdefault(name, []).append(pair)
    for name, pairs in seen.items():
        if len(pairs) == 1 or isinstance(pairs[0][0], IndexValue):
            continue
        has_powers = _has_powers(name, rows)
        for base, exponent in pairs:
            count = sum((_common(other, exponent) if has_powers else other) == exponent for _, other in pairs)
            gain = (count - 1) * max(cost(power(base, exponent)), 1)
            if count > 1 and gain > saved:
                taken = power(base, exponent)
                having = [each for _, each in rows if name in each and _common(each[name][1], exponent) == exponent]
                guards = guards_beside(having, name, taken)
                if guards is not None:
                    best, saved = (name, (base, exponent), guards), gain
    return best


def _has_powers(name: int | str, rows: Sequence[_Row]) -> bool:
    """Whether lower powers of a base are taken out of higher ones: not of a polynomial, ``3 x^3 + 2 x^2`` stays."""
    found = [powers for _, powers in rows if name in powers]
    match found[0][name][0]:
        case Component():
            return any(len(powers) > 1 for powers in found)
        case base:
            return isinstance(base, Add)


def _common(given: Expr, wanted: Expr) -> Expr | None:
    """``wanted``, if that power can be taken out of the given one; of powers by numbers only of higher whole ones.

    Where a base is 0 it must not be divided by because of that, as ``x^(n - 1)`` out of ``x^n`` would be for ``n = 0``.
    """
    if given == wanted:
        return wanted
    difference = _difference(given, wanted)
    if difference is None:
        return None
    if not difference:
        return wanted
    if isinstance(wanted, Const) and (wanted.value.denominator != 1 or wanted.value.numerator < 0):
        return None
    if may_have_pole(wanted):
        return None
    return wanted if difference.denominator == 1 and difference.numerator > 0 else None


def _difference(given: Expr, wanted: Expr) -> Fraction | None:
    """The number that is left of an exponent without another one; None if something else is left."""
    left, right = _parts(given), _parts(wanted)
    return left[0] - right[0] if left[1] == right[1] else None


def _parts(exponent: Expr) -> tuple[Fraction, tuple[Expr, ...]]:
    terms = terms_of(exponent)
    numbers = [term.value for term in terms if isinstance(term, Const)]
    return sum(numbers, start=Fraction(0)), tuple(term for term in terms if not isinstance(term, Const))
