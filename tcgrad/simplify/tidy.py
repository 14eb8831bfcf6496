"""Numbers worked out and products flattened, and nothing else: what a rule made, as one would write it down."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

from tcgrad.ir.nodes import ONE, ZERO, Add, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import children, flat_factors, product_of, rebuild
from tcgrad.simplify.monomials import fold_power
from tcgrad.simplify.powers import is_division


def tidy(expr: Expr) -> Expr:
    """``2 x^(2 - 1) dx`` as ``2 x dx``: the same terms and factors in the same order, deltas and sums as they are."""
    parts = children(expr)
    return tidy_node(rebuild(expr, tuple(map(tidy, parts))) if parts else expr)


def tidy_node(made: Expr) -> Expr:
    """The same for an expression of which every part is tidy."""
    match made:
        case Add(terms) if all(isinstance(term, Const) for term in terms):
            return Const(sum((term.value for term in terms if isinstance(term, Const)), start=Fraction(0)))
        case Add(terms) if ZERO in terms:
            left = tuple(term for term in terms if term != ZERO)
            return Add(left) if len(left) > 1 else left[0]
        case Mul():
            return _tidied_product(flat_factors(made))
        case Pow(Pow(base, Const(value=inner)), Const(value=outer)) if outer.denominator == 1:
            return _tidied_power(base, inner * outer)
        case Pow(base, Const(value=n)):
            return _tidied_power(base, n)
        case _:
            return made


def _tidied_power(base: Expr, exponent: Fraction) -> Expr:
    if isinstance(base, Const) and exponent.denominator == 1 and base.value:
        folded = fold_power(base.value, Const(exponent))
        return Pow(base, Const(exponent)) if folded is None else Const(folded)
    return ONE if exponent == 0 else base if exponent == 1 else Pow(base, Const(exponent))


def _tidied_product(factors: Sequence[Expr]) -> Expr:
    """The numbers as one coefficient in front, and what stands below the bar in one power for each base."""
    number = prod((factor.value for factor in factors if isinstance(factor, Const)), start=Fraction(1))
    below: dict[Expr, Fraction] = {}
    for factor in factors:
        match factor:
            case Pow(base, Const(value=n)) if n < 0:
                below[base] = below.get(base, Fraction(0)) + n
    above = tuple(factor for factor in factors if not isinstance(factor, Const) and not is_division(factor))
    rest = (*above, *(_tidied_power(base, exponent) for base, exponent in below.items()))
    whole = rest if number == 1 and rest else (Const(number), *rest)
    return product_of(whole)
