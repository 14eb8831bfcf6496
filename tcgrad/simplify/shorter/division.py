"""Sums that are factors of other sums: ``(a^2 - b^2)/(a - b) = a + b``, ``a^2 + 2 a b - 3 b^2 = (a - b) (a + 3 b)``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Const, Expr, Mul, Pow, const
from tcgrad.ir.traversal import factors_of, product_of, tensors_read
from tcgrad.simplify import simplify
from tcgrad.simplify.powers import as_power, power, scaled, split_coefficient
from tcgrad.simplify.rules.common import powers_of
from tcgrad.simplify.shapes import are_equal, shape
from tcgrad.simplify.shorter.spread import spread_out

_MOST_TERMS = 8  # of what is divided
_MOST_STEPS = 12

_Monomial = tuple[int, ...]  # the exponents of the bases
_Polynomial = dict[_Monomial, Fraction]


def divided(expr: Mul) -> Iterator[Expr]:
    """The product with the quotient of two of its factors in their place, for each two where it is a polynomial."""
    for place, (base, exponent) in enumerate(map(as_power, expr.factors)):
        if isinstance(base, Add) and isinstance(exponent, Const) and exponent.value < 0:
            for other, factor in enumerate(expr.factors):
                reads_it = isinstance(factor, Add) and set(tensors_read(base)) <= set(tensors_read(factor))
                quotient = _quotient(factor, base) if isinstance(factor, Add) and reads_it else None
                if quotient is not None:
                    rest = [part for n, part in enumerate(expr.factors) if n not in (place, other)]
                    yield Mul((quotient, Pow(base, Const(exponent.value + 1)), *rest))


def with_terms_divided(expr: Mul) -> Iterator[Expr]:
    """The product with those terms of a sum in it apart in which a divisor cancels, ``(a + b s)/s = a/s + b``, or which
    divide by a factor beside the sum: ``s (a + b/s) = s a + b``, a number where ``s`` is 0.
    """
    for place, (base, exponent) in enumerate(map(as_power, expr.factors)):
        for other, factor in enumerate(expr.factors) if exponent in (ONE, MINUS_ONE) else ():
            terms = factor.terms if isinstance(factor, Add) and other != place else ()
            whole = [term for term in terms if _is_factor(base, term, divides=exponent == ONE)]
            if 0 < len(whole) < len(terms):
                rest = product_of([part for n, part in enumerate(expr.factors) if n not in (place, other)])
                left = Add((ZERO, *[term for term in terms if term not in whole]))
                quotients = [Mul((term, expr.factors[place])) for term in whole]
                yield Mul((rest, Add((Mul((left, expr.factors[place])), *quotients))))


def _is_factor(base: Expr, term: Expr, *, divides: bool) -> bool:
    """Whether a product has the base, once or more often, as a factor; or divides by it."""
    for own, exponent in map(as_power, factors_of(term)):
        times = exponent.value if isinstance(exponent, Const) else 0
        if shape(own) == shape(base) and (-times if divides else times) >= 1 and are_equal(own, base):
            return True
    return False


def with_sums_out(expr: Mul, sums: Iterable[Add]) -> Iterator[Expr]:
    """The product with a factor that is a sum as a product of one of the ``sums`` and what is left of it."""
    for divisor in sums:
        for place, factor in enumerate(expr.factors):
            quotient = _quotient(factor, divisor) if isinstance(factor, Add) else None
            if quotient is not None:
                yield Mul((*expr.factors[:place], divisor, quotient, *expr.factors[place + 1 :]))


def _quotient(above: Add, below: Add) -> Expr | None:
    spread = spread_out(above, squares=True)
    if spread is None or not len(below.terms) <= len(spread) <= _MOST_TERMS:
        return None
    terms = [simplify(term) for term in spread]
    bases, (dividend, divisor) = _polynomials((terms, below.terms))
    quotient = _exact(dividend, divisor) if dividend and divisor else None
    if not quotient:
        return None
    made = [product_of([power(base, const(n)) for base, n in zip(bases, key, strict=True) if n]) for key in quotient]
    return Add((ZERO, *map(scaled, quotient.values(), made)))


def _polynomials(sums: Sequence[Sequence[Expr]]) -> tuple[list[Expr], list[_Polynomial]]:
    """Sums of terms as polynomials in the same bases; an empty one where an exponent is no whole number above 0."""
    parted = [[split_coefficient(term) for term in terms] for terms in sums]
    powers = iter(powers_of([rest for terms in parted for _, rest in terms]))
    named = [[(number, next(powers)) for number, _ in terms] for terms in parted]
    bases = {name: base for terms in named for _, own in terms for name, (base, _) in own.items()}
    polynomials: list[_Polynomial] = []
    for terms in named:
        found: _Polynomial = {}
        for number, own in terms:
            exponents = [own[name][1] if name in own else ZERO for name in bases]
            values = [n.value for n in exponents if isinstance(n, Const) and n.value >= 0 and n.value.denominator == 1]
            if len(values) < len(exponents):
                found = {}
                break
            key = tuple(map(int, values))
            found[key] = found.get(key, Fraction(0)) + number
        polynomials.append({key: number for key, number in found.items() if number})
    return list(bases.values()), polynomials


def _exact(dividend: _Polynomial, divisor: _Polynomial) -> _Polynomial | None:
    """The quotient of two polynomials; None where something is left over. Long division by the leading terms."""
    lead = max(divisor, key=_degree)
    quotient: _Polynomial = {}
    for _ in range(_MOST_STEPS):
        if not dividend:
            return quotient
        top = max(dividend, key=_degree)
        step = tuple(n - m for n, m in zip(top, lead, strict=True))
        if min(step, default=0) < 0:
            return None
        number = quotient[step] = dividend[top] / divisor[lead]
        dividend = dict(dividend)
        for key, own in divisor.items():
            at = tuple(n + m for n, m in zip(step, key, strict=True))
            dividend[at] = dividend.get(at, Fraction(0)) - number * own
        dividend = {key: own for key, own in dividend.items() if own}
    return None


def _degree(monomial: _Monomial) -> tuple[int, _Monomial]:
    return sum(monomial), monomial
