"""Factors that all terms of a sum have in common, taken out: ``y a - y b = y (a - b)``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import MINUS_ONE, ONE, ZERO, Add, Const, Expr, Mul, Pow
from tcgrad.ir.traversal import factors_of, free_indices, product_of
from tcgrad.simplify.monomials import is_one
from tcgrad.simplify.order import Term
from tcgrad.simplify.powers import as_power, power
from tcgrad.simplify.rules.brackets import brackets_joined
from tcgrad.simplify.rules.guarding import gaps_in
from tcgrad.simplify.shapes import names

Powers = dict[int | str, tuple[Expr, Expr]]  # by the name of the base: the base and its exponent


def take_out(terms: list[Term]) -> tuple[list[Expr], list[Term]]:
    """The common factors of two or more terms, and the terms without them; a number only where
    it is in every term and not all that is.

    Of ``A^(-3/2)`` and ``A^(-1/2)`` the latter is common; positive powers only where they are the same everywhere:
    ``x^3 + x^2`` stays. What the guards of the terms leave out is left out of a factor as well:
    ``[i < j] a r + [j < i] b r = [i != j] r ([i < j] a + [j < i] b)`` for ``r = 1/(x[i] - x[j])``.
    """
    factored = powers_of([rest for _, rest in terms])
    shared: Powers = {}
    for name, (base, _) in factored[0].items():
        found = [factors[name][1] for factors in factored if name in factors]
        exponent = _common(found) if len(found) == len(factored) else None
        if exponent is not None:
            shared[name] = (base, exponent)
    if not shared:
        return [], terms
    guards: dict[Expr, None] = {}
    are_guarded = all(any(is_guard(base) for base, _ in factors.values()) for factors in factored)
    for name, (base, exponent) in list(shared.items()) if are_guarded else ():
        beside = guards_beside(factored, name, power(base, exponent))
        if beside is None:
            del shared[name]
        else:
            guards.update(dict.fromkeys(beside))
    rests = [divided(factors, shared) for factors in factored]
    common = [*(power(base, exponent) for base, exponent in shared.values()), *guards]
    left = [coefficient for coefficient, _ in terms]
    sizes = set(map(abs, left)) if common else set[Fraction]()
    if len(sizes) == 1 and 1 not in sizes:
        (number,) = sizes
        common.insert(0, Const(number))
        left = [coefficient / number for coefficient in left]
    return common, list(zip(left, rests, strict=True))


def guards_beside(factored: Sequence[Powers], name: int | str, shared: Expr) -> list[Expr] | None:
    """The guards that a power which is taken out of all terms needs beside it, for each term has its own.

    None where there is no single bracket for those of all the terms.

    factored: the terms, with the power under ``name``; shared: the power.
    """
    own = [[base for other, (base, _) in factors.items() if other != name and is_guard(base)] for factors in factored]
    found: dict[Expr, None] = {}
    for gap in gaps_in(shared) if all(own) else ():
        inside = [[guard for guard in guards if gap.issuperset(free_indices(guard))] for guards in own]
        if not all(inside) or any(all(guard in guards for guards in inside) for guard in inside[0]):
            continue
        joined = brackets_joined([(Fraction(1), product_of(guards)) for guards in inside])
        if len(joined) > 1:
            return None
        if joined[0][1] != ONE:
            found[joined[0][1]] = None
    return list(found)


def powers_of(terms: list[Expr]) -> list[Powers]:
    """The powers of each term, under names that are the same for equal bases in all of them.

    A term need not be simplified: ``(1 + a)^-2 (a + 1)`` is one power of one base.
    """
    pairs = [list(map(as_power, _factors(term))) for term in terms]
    named = iter(names([base for powers in pairs for base, _ in powers]))
    return [_merged([(next(named), *power) for power in powers]) for powers in pairs]


def _merged(named: Sequence[tuple[int | str, Expr, Expr]]) -> Powers:
    """The powers by name, those of one name as one."""
    merged: Powers = {}
    for name, base, exponent in named:
        before = merged[name][1] if name in merged else None
        merged[name] = (base, exponent if before is None else _added(before, exponent))
    return merged if len(merged) == len(named) else {n: pair for n, pair in merged.items() if pair[1] != ZERO}


def _added(left: Expr, right: Expr) -> Expr:
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(left.value + right.value)
    return Add((left, right))


def _factors(term: Expr) -> tuple[Expr, ...]:
    return () if is_one(term) else factors_of(term)


def _common(exponents: list[Expr]) -> Expr | None:
    """The power that is taken out of all, if any."""
    first = exponents[0]
    if exponents.count(first) == len(exponents):
        return first
    values = [exponent.value for exponent in exponents if isinstance(exponent, Const)]
    negative = len(values) == len(exponents) and all(value < 0 for value in values)
    whole = negative and all((value - values[0]).denominator == 1 for value in values)
    return Const(max(values)) if whole else None


def divided(factors: Powers, shared: Powers) -> Expr:
    """The product of powers without the shared ones."""
    left: list[Expr] = []
    for name, (base, exponent) in factors.items():
        taken = shared[name][1] if name in shared else None
        if taken is None:
            left.append(power(base, exponent))
        elif isinstance(exponent, Const) and isinstance(taken, Const) and exponent != taken:
            left.append(power(base, Const(exponent.value - taken.value)))
        elif exponent != taken:
            left.append(Pow(base, Add((exponent, Mul((MINUS_ONE, taken))))))
    return product_of(left)
