"""Quotients of exponentials, as softmax, evaluated without overflow: the largest exponent is taken off all of them.

``exp(u_i)/sum_k exp(u_k) = exp(u_i - m)/sum_k exp(u_k - m)`` with ``m = max_k u_k``, and so for every product that is
homogeneous of degree 0 in the exponentials, as ``sum_i exp(u_i) v_i/sum_k exp(u_k)``. Where conditions choose among the
terms, the exponent is minus infinity for those that are left out; where they may leave out all, nothing is divided by
0, and the quotient is 0 as its terms are. With weights, as in ``w_i exp(u_i)/sum_k w_k exp(u_k)``, the largest exponent
is that of those that are not 0, so that what they leave out may be as large as it likes.

Of several terms the largest exponent is that of all; a number among them is one times ``exp(0)``:
``exp(u)/(1 + sum_k exp(v_k)) = exp(u - m)/(exp(-m) + sum_k exp(v_k - m))``. So are logarithms:
``log(1 + sum_k exp(v_k)) = m + log(exp(-m) + sum_k exp(v_k - m))``. The exponents of a quotient stand outside of its
logarithm. A hyperbolic cosine stands outside, too: ``log(cosh(u)) = softplus(2 u) - u - log(2)``.

Elsewhere an exponential beside a condition is that of minus infinity where this does not hold: there it might overflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from operator import is_not

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import MINUS_ONE, ZERO, Add, Call, Const, Expr, IndexSum, Iverson, Mul, Pow, Where, const
from tcgrad.ir.traversal import children, factors_of, free_indices, map_children, product_of, rebuild, sorts_in, walk
from tcgrad.simplify.calls import as_number_power, is_call, opposite
from tcgrad.simplify.exponentials.exponent_shift import Shift
from tcgrad.simplify.exponentials.exponential_ratios import with_one_exponential
from tcgrad.simplify.exponentials.sums import exponential_of
from tcgrad.simplify.monomials import fold_power
from tcgrad.simplify.powers import power

_EXP, _LOG, _SOFTPLUS = (FUNCTIONS[name] for name in ("exp", "log", "softplus"))
_OVERFLOWING = frozenset({"exp", "cosh"})


def shifted(expr: Expr, beside: tuple[Expr, ...] = ()) -> Expr:
    """The expression with the exponents of every such quotient, and in every such logarithm, shifted.

    beside: what the expression is multiplied by. Conditions among that choose among its exponentials, too, as those
    do under which a branch is read.
    """
    if _OVERFLOWING.isdisjoint(sorts_in(expr)):
        return expr
    match expr:
        case Mul(factors):
            parts = tuple(
                _shifted_factor(factor, (*beside, *factors[:place], *factors[place + 1 :]))
                for place, factor in enumerate(factors)
            )
            whole = rebuild(expr, parts) if any(map(is_not, parts, factors)) else expr
            made = _shifted_quotient(whole, beside)
            return _shifted_inside(made, (IndexSum, Add) if made is whole else (IndexSum,))
        case Pow():
            return _shifted_quotient(_shifted_factor(expr), beside)
        case Call(function) if function is _LOG:
            return _cosh_apart(expr) or _logarithm_apart(expr) or _shifted_logarithm(map_children(expr, shifted))
        case IndexSum(indices):
            outside = tuple(part for part in beside if not set(indices).intersection(free_indices(part)))
            return map_children(expr, lambda body: shifted(body, outside))
        case Add():
            return map_children(expr, lambda term: shifted(term, beside))
        case Where(condition, then, otherwise):
            failing = (condition.opposite,) if isinstance(condition, Iverson) else ()
            branches = shifted(then, (*beside, *factors_of(condition))), shifted(otherwise, (*beside, *failing))
            parts = (shifted(condition), *branches)
            return rebuild(expr, parts) if any(map(is_not, parts, children(expr))) else expr
    return map_children(expr, shifted)


def _shifted_factor(expr: Expr, beside: tuple[Expr, ...] = ()) -> Expr:
    """The factor of a quotient, which is shifted as a whole, with what is in it shifted."""
    return map_children(expr, shifted) if isinstance(expr, Pow) else shifted(expr, beside)


def _sums(factor: Expr, *, below: bool) -> Iterator[Expr]:
    """The sums that are multiplied in a factor, alone or in a product or a power; or, ``below``, that it divides by."""
    match factor:
        case IndexSum() | Add() if not below:
            yield factor
        case Mul(factors):
            for each in factors:
                yield from _sums(each, below=below)
        case Pow(base, Const(value)):
            yield from _sums(base, below=below != (value < 0))


def _shifted_quotient(quotient: Expr, beside: tuple[Expr, ...] = ()) -> Expr:
    """The quotient with its exponentials shifted, where it has as many of them as it divides by sums of their like; or
    fewer, where a number is one of them.

    beside: what it is multiplied by.
    """
    quotient = with_one_exponential(quotient)
    for total in list(_sums(quotient, below=True)):
        if shift := Shift.of(total):
            made, degree = shift.off(quotient, beside)
            if not degree:
                quotient = made
            elif degree < 0 and shift.has_number:
                quotient = product_of([made, shift.apart(degree)])
    return quotient


def _shifted_inside(product: Expr, sums: tuple[type[IndexSum | Add], ...]) -> Expr:
    """The product with an exponential among the terms of a sum that divide by others of its like, and shifted there:
    ``exp(u_i) sum_v [i <= v] g_v/sum_k [k <= v] exp(u_k)``, ``exp(u) (a/(exp(u) + exp(v)) + b/(exp(u) + exp(w)))``.

    sums: the kinds of sums that are looked into.
    """
    factors = list(factors_of(product))
    exponentials = [each for each in factors if exponential_of(as_number_power(each)[0])]
    for place, factor in enumerate(factors if exponentials else ()):
        if not isinstance(factor, sums) or not all(map(_divides_by_sums, children(factor))):
            continue
        inner = [Mul((*exponentials, *factors_of(term))) for term in children(factor)]
        made = tuple(map(_shifted_quotient, inner))
        if any(new is not old for new, old in zip(made, inner, strict=True)):
            factors[place] = rebuild(factor, made)
            return product_of([each for each in factors if each not in exponentials])
    return product


def _divides_by_sums(expr: Expr) -> bool:
    """Whether a sum is divided by in it, at any depth."""
    return any(next(_sums(part, below=True), None) is not None for part in walk(expr))


def _cosh_apart(logarithm: Expr) -> Expr | None:
    """``log(a cosh(u)^n) = n (softplus(2 u) - u) + log(a/2^n)``; None where no hyperbolic cosine is a factor."""
    powers = [as_number_power(factor) for (argument,) in [children(logarithm)] for factor in factors_of(argument)]
    terms: list[Expr] = []
    rest: list[Expr] = []
    number = Fraction(1)
    for base, exponent in powers:
        if is_call(base, "cosh") and exponent.denominator == 1:
            (inner,) = map(shifted, children(base))
            terms.append(Mul((Const(exponent), Add((Call(_SOFTPLUS, (Mul((const(2), inner)),)), opposite(inner))))))
            scale = fold_power(Fraction(2), Const(-exponent))
            if scale is None:
                terms.append(Mul((Const(-exponent), Call(_LOG, (const(2),)))))
            number *= scale or 1
        elif isinstance(base, Const) and exponent == 1:
            number *= base.value
        else:
            rest.append(power(base, Const(exponent)))
    if not terms:
        return None
    if not rest and number == 1:
        return Add(tuple(terms))
    left = [power(Const(1 / number), MINUS_ONE)] if 0 < number < 1 and not rest else [Const(number), *rest]
    return Add((*terms, shifted(_log_of(left))))


def _logarithm_apart(logarithm: Expr) -> Expr | None:
    """``log(exp(u_i)/sum_k exp(u_k)) = (u_i - m) - log(sum_k exp(u_k - m))``, for the exponential may be 0 as a number;
    None where no exponential is a factor.
    """
    powers = [as_number_power(factor) for (argument,) in [children(logarithm)] for factor in factors_of(argument)]
    exponents = [(children(base)[0], number) for base, number in powers if is_call(base, "exp")]
    terms: list[Expr] = []
    rest: list[Expr] = []
    for base, number in powers if exponents else ():
        if is_call(base, "exp"):
            continue
        shift = Shift.of(base) if number.denominator == 1 else None
        if shift is None:
            rest.append(power(shifted(base), Const(number)))
            continue
        rest.append(shift.off(power(base, Const(number)))[0])
        facing = [each for each in exponents if each[1] == -number and shift.off(Call(_EXP, each[:1]))[1] == 1]
        if facing:
            exponents.remove(facing[0])
            terms.append(Mul((Const(-number), Add((facing[0][0], opposite(shift.largest))))))
        else:
            terms.append(Mul((Const(number), shift.largest)))
    terms += [Mul((Const(number), exponent)) for exponent, number in exponents]
    return Add((*terms, _log_of(rest))) if terms else None


def _log_of(powers: list[Expr]) -> Expr:
    """The logarithm of a product; of a lone quotient ``1/a`` it is ``-log(a)``."""
    match powers:
        case []:
            return ZERO
        case [Pow(base, Const(value))] if value == -1:
            return opposite(Call(_LOG, (base,)))
        case _:
            return Call(_LOG, (product_of(powers),))


def _shifted_logarithm(logarithm: Expr) -> Expr:
    """Of a sum that may be empty it is that of 0; divided by, such a sum stays as it is."""
    (argument,) = children(logarithm)
    for below in (False, True):
        for total in _sums(argument, below=below):
            shift = Shift.of(total)
            if shift and (shift.is_weighted or not (below and shift.may_be_empty)):
                made, degree = shift.off(argument)
                if degree:
                    return Add((Mul((const(degree), shift.largest)), Call(_LOG, (made,))))
    return logarithm
