"""Idioms: what people write for want of a function's name, given that name.

``1/(1 + exp(-u))`` is sigmoid, ``log(1 + exp(u))`` softplus, ``log`` of a sum of ``exp`` logsumexp. The derivative of a
named function is the one that is known for it, and code for it does not overflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Const,
    Expr,
    IndexSum,
    Iverson,
    Mul,
    Pow,
)
from tcgrad.ir.traversal import children, map_children, product_of, sorts_in, walk
from tcgrad.ir.whole import exact_value
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import abs_of, as_number_power, call, exponent_of, is_call, minus, opposite, two_exponents
from tcgrad.simplify.canonical import key
from tcgrad.simplify.exponentials.logarithms import log_named, softplus_apart
from tcgrad.simplify.folding.completed import with_sums_completed
from tcgrad.simplify.powers import as_power, is_division, power, split_coefficient

_HINTS = frozenset({"exp", "log", "log1p", "sigmoid", "sinh", "softplus", "relu", "max", "min", "sign"})


def recognise(expr: Expr) -> Expr:
    """An equal expression in which idioms have their names; the very same if there are none."""
    if expr.is_recognised or _HINTS.isdisjoint(sorts_in(expr)):
        return expr
    whole = map_children(expr, recognise)
    named = _named(simplify(whole)) if isinstance(whole, Mul | Pow | Call | Add) else None
    if named is not None:
        return recognise(named)
    whole.__dict__["is_recognised"] = True
    return whole


def _named(expr: Expr) -> Expr | None:
    """A simplified node whose outermost idiom has its name; None if it is none."""
    match expr:
        case Call(function=function, arguments=(argument,)) if function.name == "log":
            return log_named(argument)
        case Call(function=function, arguments=(Call(arguments=(exponent,)) as inner,)) if function.name == "log1p":
            return call("softplus", exponent) if is_call(inner, "exp") else None
        case Pow(base=Add(), exponent=Const(value=n)) if n < 0:
            return _quotient((expr,))
        case Mul(factors=factors):
            return _quotient(factors) or _pair(factors)
        case Add(terms=terms):
            named = softplus_apart(terms) or (_shifted_sigmoid(*terms) if len(terms) == 2 else None)
            return named or (with_sums_completed(terms) if {IndexSum, Iverson} <= sorts_in(expr) else None)
        case _:
            return None


def _tanh_of(argument: Expr) -> Expr:
    """``tanh(-u) = -tanh(u)``, the argument the way round that begins without a minus sign."""
    lead = argument.terms[0] if isinstance(argument, Add) else argument
    if split_coefficient(lead)[0] > 0:
        return call("tanh", argument)
    return opposite(call("tanh", opposite(argument)))


def _half(expr: Expr) -> Expr:
    return simplify(Mul((Const(Fraction(1, 2)), expr)))


# Quotients of exponentials


def _quotient(factors: tuple[Expr, ...]) -> Expr | None:
    """
    ``exp(u) (exp(u) + exp(v))^-1 = sigmoid(u - v)``, the power of which may be any number below 0;
    ``(exp(u) - exp(-u)) (exp(u) + exp(-u))^-1 = tanh(u)``; ``sinh(u) cosh(u)^-2 = tanh(u) cosh(u)^-1``.
    """
    for place, factor in enumerate(factors):
        if is_division(factor):
            others = (*factors[:place], *factors[place + 1 :])
            found = _sigmoid(factor, others) or _tanh(factor, others)
            if found is not None:
                return found
    return None


def _sigmoid(divisor: Pow, others: tuple[Expr, ...]) -> Expr | None:
    base, exponent = as_number_power(divisor)
    pair = two_exponents(base)
    if pair is None:
        return None
    for own, other in (pair, pair[::-1]):
        for place, factor in enumerate(others):
            if own != ZERO and exponent <= -1 and exponent_of(factor) == own:
                left = ONE if exponent == -1 else power(base, Const(exponent + 1))
                return Mul((*others[:place], *others[place + 1 :], call("sigmoid", minus(own, other)), left))
    if ZERO not in pair:
        return _tanh(divisor, others)
    other = pair[0] if pair[1] == ZERO else pair[1]
    named = power(call("sigmoid", opposite(other)), Const(-exponent))
    return Mul((*others, named)) if others else named


def _tanh(factor: Expr, others: tuple[Expr, ...]) -> Expr | None:
    base, exponent = as_number_power(factor)
    for place, other in enumerate(others):
        left = (*others[:place], *others[place + 1 :])
        if isinstance(base, Call):
            named = _ratio(*as_number_power(other), base, -exponent)
            if named is not None:
                return Mul((*left, *named))
        for argument in _hyperbolic(other, base) if exponent == -1 else ():
            return Mul((*left, _tanh_of(argument)))
    return None


def _ratio(above: Expr, times: Fraction, below: Expr, divided: Fraction) -> tuple[Expr, ...] | None:
    """``sinh(u)^m cosh(u)^-n`` or its inverse by as many of ``tanh(u)`` as there are of both: either may overflow."""
    if {"sinh", "cosh"} != {part.function.name for part in (above, below) if isinstance(part, Call)}:
        return None
    shared = min(times, divided)
    if children(above) != children(below) or shared <= 0 or shared.denominator != 1:
        return None
    ratio = power(_tanh_of(children(above)[0]), Const(shared if is_call(above, "sinh") else -shared))
    left = ((above, times - shared), (below, shared - divided))
    return ratio, *(power(base, Const(exponent)) for base, exponent in left if exponent)


def _hyperbolic(above: Expr, below: Expr) -> Iterator[Expr]:
    """``u`` for each way to read ``above/below`` as ``tanh(u)``."""
    pair = two_exponents(below)
    if pair is None or not isinstance(above, Add) or len(above.terms) != 2:
        return
    for first, second in (pair, pair[::-1]):
        difference = minus(_exponential(first), _exponential(second))
        if key(simplify(difference)) == key(above):
            yield _half(minus(first, second))


def _exponential(exponent: Expr) -> Expr:
    return ONE if exponent == ZERO else Call(FUNCTIONS["exp"], (exponent,))


# Products and sums of functions


def _pair(factors: tuple[Expr, ...]) -> Expr | None:
    """
    ``relu(u) [u > 0] = relu(u)``, ``max(0,u)`` too, ``min(0,u) [u < 0] = min(0,u)``; ``u sign(u) = abs(u)``;
    ``abs(u) sign(u) = u``;
    ``abs(u)^n sign(u)^2 = abs(u)^n``;
    ``(1 - exp(-w)) sigmoid(w) = tanh(w/2)``; ``exp(-w) sigmoid(w) = sigmoid(-w)``.
    """
    for place, factor in enumerate(factors):
        others = (*factors[:place], *factors[place + 1 :])
        base, exponent = as_number_power(factor)
        match base:
            case Iverson() if any(_is_part_of_a_sign(other, base) for other in others):
                return product_of(others)
            case Call(arguments=(argument,)) if is_call(factor, "sign"):
                found = _signed(argument, others)
            case Call(arguments=(argument,)) if exponent > 1 and exponent.denominator == 1 and is_call(base, "sign"):
                found = _with_sign_once(argument, exponent, others)
            case Call(arguments=(argument,)) if is_call(base, "sigmoid") and exponent >= 1:
                left_over = (power(base, Const(exponent - 1)),) if exponent > 1 else ()
                found = _exponential_times_sigmoid(argument, (*others, *left_over))
            case _:
                continue
        if found is not None:
            return found
    return None


def _is_part_of_a_sign(factor: Expr, bracket: Iverson) -> bool:
    """Whether a factor is 0 where the bracket is: a power of the relu of what that says to be above 0, or of
    ``max(0, argument)``, and of ``min(0, argument)`` of what it says to be below.
    """
    base, exponent = as_power(factor)
    if (exact_value(exponent) or 0) <= 0 or not isinstance(base, Call):
        return False
    match bracket:
        case Iverson(">" | ">=", argument, Const(value=0)) | Iverson("<" | "<=", Const(value=0), argument):
            extreme = "max"
        case Iverson("<" | "<=", argument, Const(value=0)) | Iverson(">" | ">=", Const(value=0), argument):
            extreme = "min"
        case _:
            return False
    match base.function.name, base.arguments:
        case "relu", (inner,):
            return extreme == "max" and key(inner) == key(argument)
        case name, (inner, Const(value=0)) | (Const(value=0), inner):
            return name == extreme and key(inner) == key(argument)
        case _:
            return False


def _signed(argument: Expr, others: tuple[Expr, ...]) -> Expr | None:
    wanted = {key(argument): Call(FUNCTIONS["abs"], (argument,)), key(abs_of(argument)): argument}
    for place, other in enumerate(others):
        if key(other) in wanted:
            return Mul((ONE, *others[:place], wanted[key(other)], *others[place + 1 :]))
    return None


def _with_sign_once(argument: Expr, exponent: Fraction, others: tuple[Expr, ...]) -> Expr | None:
    """A sign to an even power is 1 but where the argument is 0: nothing beside what is 0 there."""
    names = {key(argument), key(abs_of(argument))}
    for other in others:
        base, power_of = as_power(other)
        if key(base) in names and (exact_value(power_of) or 0) > 0:
            return product_of((*others, Call(FUNCTIONS["sign"], (argument,))) if exponent % 2 else others)
    return None


def _exponential_times_sigmoid(argument: Expr, others: tuple[Expr, ...]) -> Expr | None:
    """``(1 - exp(-w)) sigmoid(w) = tanh(w/2)``, or the negative of that; ``exp(-w) sigmoid(w) = sigmoid(-w)``;
    ``exp(-w/2) sigmoid(w) = 1/(2 cosh(w/2))``.
    """
    turned = simplify(opposite(argument))
    for place, other in enumerate(others):
        exponent = exponent_of(other)
        if exponent == turned:
            return Mul((*others[:place], *others[place + 1 :], call("sigmoid", turned)))
        if exponent is not None and exponent == _half(turned):
            return _half(Mul((*others[:place], *others[place + 1 :], power(call("cosh", exponent), MINUS_ONE))))
        if isinstance(other, Add) and len(other.terms) == 2 and any(is_call(part, "exp") for part in walk(other)):
            wanted = simplify(minus(ONE, Call(FUNCTIONS["exp"], (turned,))))
            for sign in (ONE, MINUS_ONE):
                if key(simplify(Mul((sign, wanted)))) == key(other):
                    return Mul((sign, *others[:place], *others[place + 1 :], _tanh_of(_half(argument))))
    return None


def _shifted_sigmoid(first: Expr, second: Expr) -> Expr | None:
    """``2 sigmoid(2 u) - 1 = tanh(u)``"""
    for term, number in ((first, second), (second, first)):
        coefficient, rest = split_coefficient(term)
        is_doubled = isinstance(number, Const) and number.value == -coefficient / 2 and abs(coefficient) == 2
        if is_doubled and isinstance(rest, Call) and is_call(rest, "sigmoid"):
            return Mul((Const(coefficient / 2), _tanh_of(_half(rest.arguments[0]))))
    return None
