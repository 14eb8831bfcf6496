"""``n x^(n - 1)`` at ``n = 0``, which is 0 for every x: also where the power by itself would be 1/0."""

from __future__ import annotations

from fractions import Fraction

from tcgrad.ir.indices import Atom, Integer, Monomial
from tcgrad.ir.nodes import ONE, ZERO, Const, Expr, IndexValue, Iverson, Mul, Pow
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.traversal import factors_of, map_children, sorts_in, terms_of, walk
from tcgrad.ir.whole import as_integer, exact_value, is_whole
from tcgrad.simplify.powers import split_coefficient
from tcgrad.simplify.signs import is_positive

Factors = tuple[Expr, ...]
Part = Monomial | Expr | None


def without_poles(expr: Expr) -> Expr:
    """An equal expression whose powers are finite at 0 where a factor beside them is 0; the same if it has none.

    ``n x^(n - 1) = n x^((n - 1) [n != 0])``. Kept on the node once known.
    """
    known = expr if expr.is_without_poles else expr.without_poles
    if known is None:
        lowered = Pow in sorts_in(expr) and any(map(_is_lowered, walk(expr)))
        known = _within(expr, ()) if lowered else expr
        expr.__dict__.update({"is_without_poles": True} if known is expr else {"without_poles": known})
    return known


def may_have_pole(exponent: Expr) -> bool:
    """Whether a power of 0 is finite for some values of a whole number in its exponent and is not for others."""
    if isinstance(exponent, Const) or not is_whole(exponent):
        return False
    return exact_value(exponent) is None and not _is_nonnegative(exponent)


def _within(expr: Expr, around: Factors) -> Expr:
    """around: what the expression is multiplied by."""
    if isinstance(expr, Mul):
        around = (*around, *map(_base, factors_of(expr)))
    made = map_children(expr, lambda part: _within(part, around))
    if not isinstance(made, Pow) or not _is_lowered(made):
        return made
    guards = [Iverson("!=", factor, ZERO) for factor in around if _decides(factor, made.exponent)]
    return Pow(made.base, Mul((made.exponent, *guards))) if guards else made


def _is_lowered(part: Expr) -> bool:
    """Whether it is a power, of what may be 0, by a number that is not known and may be negative."""
    if not isinstance(part, Pow) or isinstance(part.exponent, Const):
        return False
    if is_whole(part.exponent):
        return may_have_pole(part.exponent)
    return exact_value(part.exponent) is None and not is_positive(part.base, ())


def _is_nonnegative(exponent: Expr) -> bool:
    """Whether a number made of indices and sizes is at least 0 for all of them."""
    terms = _linear(exponent)
    known = [(part or (), number) for part, number in terms.items() if part is None or isinstance(part, tuple)]
    if len(known) < len(terms) or any(number.denominator != 1 for _, number in known):
        return False
    return is_nonnegative(Integer.collect((monomial, int(number)) for monomial, number in known))


def _base(factor: Expr) -> Expr:
    return factor.base if isinstance(factor, Pow) else factor


def _decides(factor: Expr, exponent: Expr) -> bool:
    """Whether an exponent is negative where a factor is 0: ``2 n - 1`` and ``n^2 - 1`` beside ``n``, but not ``n``
    itself.
    """
    own, other = _linear(factor), _linear(exponent)
    constant, value = own.pop(None, ZERO.value), other.pop(None, ZERO.value)
    if own and own.keys() == other.keys():
        times = {other[part] / own[part] for part in own}
        return len(times) == 1 and value - times.pop() * constant < 0
    if all(_is_multiple(part, factor) for part in other):
        return value < 0
    found = _value_where_zero(factor, exponent)
    return found is not None and found < 0


def _value_where_zero(factor: Expr, exponent: Expr) -> int | None:
    """The value of an integer expression where another is 0: of ``k (n - k) - 1`` where ``k = n``; None of any else."""
    zero, value = as_integer(factor), as_integer(exponent)
    if zero is None or value is None:
        return None
    for monomial, sign in zero.terms:
        if len(monomial) == 1 and abs(sign) == 1 and zero.atoms.count(monomial[0]) == 1:
            found = _replaced(value, monomial[0], Integer.of(monomial[0]) - zero * sign).as_number
            if found is not None:
                return found
    return None


def _replaced(value: Integer, atom: Atom, by: Integer) -> Integer:
    return value.map_atoms(lambda each: by if each == atom else Integer.of(each))


def _is_multiple(part: Part, factor: Expr) -> bool:
    """Whether a part of a sum is 0 wherever a factor is: ``k n^2`` where ``n`` is."""
    if part is None:
        return False
    if isinstance(part, tuple):
        own = [*_linear(factor)]
        return len(own) == 1 and isinstance(own[0], tuple) and set(own[0]) <= set(part)
    bases = [_base(each) for each in factors_of(part) if not isinstance(each, Pow) or _is_positive(each)]
    return any(
        base == factor or (base != part and all(_is_multiple(each, factor) for each in _linear(base))) for base in bases
    )


def _is_positive(power: Pow) -> bool:
    return isinstance(power.exponent, Const) and power.exponent.value > 0


def _linear(expr: Expr) -> dict[Part, Fraction]:
    """A sum as its parts with their coefficients, none of which is 0; the number among them stands for None."""
    found: dict[Part, Fraction] = {}
    for term in terms_of(expr):
        coefficient, rest = split_coefficient(term)
        if isinstance(rest, IndexValue):
            for monomial, number in rest.value.terms:
                found[monomial or None] = found.get(monomial or None, ZERO.value) + coefficient * number
        else:
            part = None if rest == ONE else rest
            found[part] = found.get(part, ZERO.value) + coefficient
    return {part: number for part, number in found.items() if number}
