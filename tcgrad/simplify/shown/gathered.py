"""Powers and logarithms written as one: ``x^a y^-a = (x/y)^a``, ``log(x) - log(y) = log(x) + log(1/y) = log(x/y)``.

They are for the eye alone, and hold wherever both sides have a value: what stands beside its root, or its logarithm, is
not negative there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Call, Const, Expr, Mul, Pow
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, map_children, product_of, terms_of
from tcgrad.ir.whole import exact_value
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import argument_of
from tcgrad.simplify.canonical import key
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import as_power, negated, scaled, sign, split_coefficient
from tcgrad.simplify.signs import is_never_negative, is_positive, is_positive_number

_FEWEST = 2  # powers that may be one


def gathered(expr: Expr, positive: Collection[Tensor], not_negative: Collection[Tensor] = ()) -> Expr:
    """A simplified expression with its powers and logarithms written as one where that is shorter; simplified.

    positive: tensors by which may be divided wherever they stand to a power.
    not_negative: others that are not negative; divided by only where they are already.
    """
    made = map_children(expr, lambda part: gathered(part, positive, not_negative))
    whole = expr if made is expr else simplify(made)
    match whole:
        case Mul():
            others = _products(whole, positive, not_negative)
        case Add():
            others = _differences(whole)
        case _:
            return whole
    for other in others:
        if cost(other) < cost(whole):
            return gathered(other, positive, not_negative)
    return whole


class _Power(NamedTuple):
    """``base^(sign*exponent + left)``, where ``left`` is a number."""

    base: Expr
    sign: int
    exponent: Expr
    left: Expr


def _products(whole: Mul, positive: Collection[Tensor], not_negative: Collection[Tensor]) -> Iterator[Expr]:
    """The product with powers of one exponent, or of one but for a number, under that exponent."""
    factors = [as_power(factor) for factor in whole.factors]
    powers = [pair for pair in factors if _may_be_joined(*pair)]
    if len(powers) < _FEWEST:
        return
    never_0 = [pair for pair in powers if is_positive(pair[0], positive)]
    told = [pair for pair in powers if pair not in never_0 and _is_told(*pair, (*positive, *not_negative))]
    for joined, parted in (((*never_0, *told), _as_it_is), (never_0, _without_number)):
        groups: dict[str, list[_Power]] = {}
        for power in (parted(base, exponent) for base, exponent in joined):
            groups.setdefault(key(power.exponent), []).append(power)
        if any(len(group) > 1 for group in groups.values()):
            rest = [Pow(*pair) for pair in factors if pair not in joined]
            yield simplify(Mul((ONE, *rest, *(part for group in groups.values() for part in _as_one(group)))))


def _is_told(base: Expr, exponent: Expr, not_negative: Collection[Tensor]) -> bool:
    """Whether it is known of a power that may be 0 whether it stands above or below, and that it is no other one."""
    if isinstance(exponent, Const):
        return True
    return exact_value(exponent) is not None and is_never_negative(base, not_negative)


def _as_it_is(base: Expr, exponent: Expr) -> _Power:
    """The exponent as it is or its negative: that which is positive, or else that whose first term is."""
    value = exact_value(exponent) or sign(exponent)
    return _Power(base, 1, exponent, ZERO) if value > 0 else _Power(base, -1, negated(exponent), ZERO)


def _may_be_joined(base: Expr, exponent: Expr) -> bool:
    """Whether a power has a symbol in its exponent, or is a root of what is no number."""
    if not isinstance(exponent, Const):
        return True
    return exponent.value.denominator != 1 and not is_positive_number(base)


def _without_number(base: Expr, exponent: Expr) -> _Power:
    if isinstance(exponent, Const):
        return _as_it_is(base, exponent)
    numbers = [term for term in terms_of(exponent) if isinstance(term, Const)]
    rest = [term for term in terms_of(exponent) if not isinstance(term, Const)]
    symbols = simplify(Add(tuple(rest))) if len(rest) > 1 else rest[0]
    return _as_it_is(base, symbols)._replace(left=numbers[0] if numbers else ZERO)


def _as_one(group: Sequence[_Power]) -> tuple[Expr, ...]:
    """The powers of one exponent as one, and what is left of each."""
    turn = -1 if isinstance(group[0].exponent, Const) and all(power.sign < 0 for power in group) else 1
    base = product_of([Pow(power.base, Const(Fraction(power.sign * turn))) for power in group])
    return Pow(base, scaled(Fraction(turn), group[0].exponent)), *(Pow(power.base, power.left) for power in group)


def _differences(whole: Add) -> Iterator[Expr]:
    """The sum with two logarithms as that of a ratio, of which each has a part or one is all that is below."""
    found: dict[tuple[Fraction, str], tuple[Expr, Expr]] = {}
    for term in whole.terms:
        coefficient, rest = split_coefficient(term)
        for place, factor in enumerate(factors_of(rest)):
            argument = argument_of(factor, "log")
            if argument is not None:
                around = product_of([*factors_of(rest)[:place], *factors_of(rest)[place + 1 :]])
                partner = found.get((-coefficient, key(around)))
                beside = found.get((coefficient, key(around)))
                if partner is None and beside is not None and (_is_below(argument) or _is_below(beside[1])):
                    partner = beside[0], Pow(beside[1], MINUS_ONE)
                elif partner is None:
                    found[coefficient, key(around)] = (term, argument)
                    continue
                elif coefficient < 0:
                    argument, partner, coefficient = partner[1], (partner[0], argument), -coefficient
                other, below = partner
                ratio = Call(FUNCTIONS["log"], (Mul((argument, Pow(below, MINUS_ONE))),))
                kept = [each for each in whole.terms if each is not term and each is not other]
                yield simplify(Add((ZERO, *kept, scaled(coefficient, Mul((ratio, around))))))


def _is_below(argument: Expr) -> bool:
    """Whether a whole argument stands below the bar."""
    exponents = [exponent for _, exponent in map(as_power, factors_of(argument))]
    return all(isinstance(exponent, Const) and exponent.value < 0 for exponent in exponents)
