"""Quotients of exponentials as one exponential, so that none overflows where the quotient does not."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.nodes import ONE, ZERO, Add, Call, Const, Expr, IndexSum, Mul, Where
from tcgrad.ir.substitution import rename_binder
from tcgrad.ir.traversal import children, factors_of, free_indices, product_of
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import as_number_power, is_call

_EXP = FUNCTIONS["exp"]


def with_one_exponential(quotient: Expr) -> Expr:
    """``exp(a)/exp(b) = exp(a - b)``, ``sum_k exp(a_k)/exp(b) = sum_k exp(a_k - b)``: either exponential may overflow
    where the quotient does not.
    """
    factors = factors_of(quotient)
    for place, factor in enumerate(factors):
        power, others = _power_of_exp(factor), [*factors[:place], *factors[place + 1 :]]
        if power is None:
            continue
        for n, other in enumerate(others):
            made = _times_exp(other, power)
            if made is not None:
                joined = [] if made == ONE else [made]
                return with_one_exponential(product_of([*others[:n], *joined, *others[n + 1 :]]))
    return quotient


def _times_exp(expr: Expr, power: tuple[Expr, Fraction]) -> Expr | None:
    """An expression times a power of an exponential, joined with all that are divided by it, or it by them; None where
    there are none.
    """
    own = _power_of_exp(expr)
    if own is not None:
        is_quotient = (own[1] > 0) != (power[1] > 0)
        inner, outer = sorted((set(free_indices(exponent)) for exponent, _ in (own, power)), key=len)
        exponent = Add(tuple(_times(*each) for each in (own, power)))
        if simplify(exponent) == ZERO:
            return ONE
        # Of others there would be more exponentials to work out.
        return Call(_EXP, (exponent,)) if is_quotient and inner <= outer else None
    match expr:
        case Mul(factors):
            for place, factor in enumerate(factors):
                made = _times_exp(factor, power)
                if made is not None:
                    return product_of([*factors[:place], made, *factors[place + 1 :]])
        case Add(terms):
            parts = [_times_exp(term, power) for term in terms]
            joined = tuple(part for part in parts if part is not None)
            return Add(joined) if len(joined) == len(terms) else None
        case IndexSum():
            whole = rename_binder(expr)
            made = _times_exp(whole.body, power)
            return None if made is None else IndexSum(whole.indices, made)
        case Where(condition, then, Const(value)) if value == 0:
            made = _times_exp(then, power)
            return None if made is None else Where(condition, made, ZERO)
    return None


def _power_of_exp(factor: Expr) -> tuple[Expr, Fraction] | None:
    """``a`` and ``n`` of ``exp(a)^n``; None of anything else."""
    base, number = as_number_power(factor)
    return (children(base)[0], number) if is_call(base, "exp") else None


def _times(expr: Expr, number: Fraction) -> Expr:
    return expr if number == 1 else Mul((Const(number), expr))
