"""Clearing denominators: a sum of terms over powers of sums is 0 exactly if its numerators are, class by class.

Powers of one sum ``A`` whose exponents differ by no whole number are independent over the rational functions, so
the terms fall into classes; in each, multiplying by the lowest power of ``A`` leaves polynomials to expand. Roots of a
product that is not known to be positive are cleared likewise: ``x sqrt(y/x) = y/sqrt(y/x)``. Sums over the same ranges
are 0 together where what is summed is.
"""

from __future__ import annotations

from fractions import Fraction

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import ZERO, Add, Const, Expr, IndexSum, IndexValue, Mul, Pow
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import factors_of, terms_of
from tcgrad.simplify.canonical import canonical_labels, key
from tcgrad.simplify.expand import expand
from tcgrad.simplify.monomials import prenex

_MOST_ROUNDS = 6


def vanishes(expr: Expr) -> bool:
    """Whether an expression is 0, as far as expanding and clearing denominators can tell.

    Raises:
        TooLargeError: if an expansion grows too large.
    """
    return _vanishes(expand(expr), _MOST_ROUNDS)


def _vanishes(expr: Expr, rounds: int) -> bool:
    if expr == ZERO:
        return True
    if not rounds:
        return False
    base = _denominator(expr)
    return (base is not None and _is_cleared(expr, base, rounds)) or _summands_vanish(expr, rounds)


def _is_cleared(expr: Expr, base: Expr, rounds: int) -> bool:
    """Whether the terms are 0, class by class, once they are multiplied by a power of ``base``."""
    classes: dict[tuple[Fraction, str], list[tuple[Fraction, Expr]]] = {}
    for term in terms_of(expr):
        exponent, symbols, rest = _power_and_rest(term, base)
        classes.setdefault((exponent % 1, symbols), []).append((exponent, rest))
    return all(_vanishes(_cleared(base, terms), rounds - 1) for terms in classes.values())


def _cleared(base: Expr, terms: list[tuple[Fraction, Expr]]) -> Expr:
    lowest = min(exponent for exponent, _ in terms)
    raised = [Mul((rest, *((base,) * int(exponent - lowest)))) for exponent, rest in terms]
    return expand(Add(tuple(raised)))


def _summands_vanish(expr: Expr, rounds: int) -> bool:
    """``sum_i a[i] - sum_j b[j]`` by ``a[i] - b[i]``, for each choice of ranges that terms are summed over."""
    groups: dict[tuple[Integer, ...], tuple[tuple[Index, ...], list[Expr]]] = {}
    for term in terms_of(expr):
        bound, body = _arranged(term)
        common, bodies = groups.setdefault(tuple(index.size for index in bound), (bound, []))
        bodies.append(substitute(body, {own: new.expr for own, new in zip(bound, common, strict=True)}))
    if () in groups:
        return False
    return all(_vanishes(expand(Add(tuple(bodies))), rounds - 1) for _, bodies in groups.values())


def _arranged(term: Expr) -> tuple[tuple[Index, ...], Expr]:
    """A term as one sum, its indices in an order that their ranges and where they stand tell."""
    whole = prenex(IndexSum((), term))
    if not isinstance(whole, IndexSum):
        return (), term
    labels = canonical_labels(whole.indices, factors_of(whole.body))
    return tuple(sorted(whole.indices, key=lambda index: labels[index])), whole.body


def _denominator(expr: Expr) -> Expr | None:
    """The first base, by key, that is a sum or a product and stands to a negative power in some term."""
    found = {
        key(factor.base): factor.base
        for term in terms_of(expr)
        for factor in factors_of(term)
        if isinstance(factor, Pow) and _is_compound(factor.base) and _is_divided_by(factor)
    }
    return found[min(found)] if found else None


def _is_compound(base: Expr) -> bool:
    """Whether a base is made of others: beside its powers these may stand by themselves."""
    summed = base.body if isinstance(base, IndexSum) else base
    return isinstance(summed, Add) or isinstance(base, Mul) or _is_size(base)


def _is_size(base: Expr) -> bool:
    return isinstance(base, IndexValue) and len(base.value.terms) > 1


def _is_divided_by(factor: Pow) -> bool:
    """Whether a power may be one that is divided by: its exponent is negative or has a symbol in it."""
    number, symbols = _number_and_symbols(factor.exponent)
    return number < 0 or bool(symbols)


def _number_and_symbols(exponent: Expr) -> tuple[Fraction, str]:
    """An exponent as a number and, by name, what is added to it."""
    terms = terms_of(exponent)
    numbers = [term.value for term in terms if isinstance(term, Const)]
    symbols = "+".join(sorted(key(term) for term in terms if not isinstance(term, Const)))
    return sum(numbers, start=Fraction(0)), symbols


def _power_and_rest(term: Expr, base: Expr) -> tuple[Fraction, str, Expr]:
    """A term as a power of ``base``, its exponent as a number and symbols, times the rest."""
    name = key(base)
    exponent, symbols, rest = Fraction(0), "", []
    for factor in factors_of(term):
        if isinstance(factor, Pow) and key(factor.base) == name:
            number, symbols = _number_and_symbols(factor.exponent)
            exponent += number
        elif key(factor) == name:
            exponent += 1
        else:
            rest.append(factor)
    return exponent, symbols, Mul(tuple(rest)) if rest else Const(Fraction(1))
