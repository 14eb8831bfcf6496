"""Instances of definitions in an expression: the factors, power or sum for which a component may be written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tcgrad.ir.guards import slack_of
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.inequalities import normalise
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ZERO,
    Add,
    Component,
    Const,
    Expr,
    IndexSum,
    Iverson,
    Mul,
    Pow,
)
from tcgrad.ir.substitution import substitute
from tcgrad.ir.traversal import children, factors_of, free_indices, map_children
from tcgrad.ir.whole import exact_value, is_whole
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.facts.attained import named_inside
from tcgrad.simplify.facts.exponents import times_in
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.holding import shapes_in
from tcgrad.simplify.matching import Match, matches
from tcgrad.simplify.monomials import is_one
from tcgrad.simplify.powers import as_power, is_division, negated, power, split_coefficient
from tcgrad.simplify.rules.guarding import guards_kept
from tcgrad.simplify.shapes import shape
from tcgrad.simplify.signs import is_positive_number


def with_components(expr: Expr, known: tuple[Fact, ...]) -> Expr:
    """A simplified expression with the instances of the known facts written as components; to be simplified."""
    held = shapes_in(expr)
    near = [fact for fact in known if fact.shapes <= held]
    if not near:
        return expr
    if is_division(expr) and any(fact.given and fact.reads_zeros for fact in near):
        return with_components(expr, tuple(replace(fact, given=()) if fact.reads_zeros else fact for fact in near))
    for fact in near if isinstance(expr, Pow | Component) else ():
        found = _as_power_of_component(expr, fact)
        if found is not None:
            return found
    if isinstance(expr, Component | Const):
        return expr
    given = _guards(expr)
    inside = tuple(replace(fact, given=fact.given + given) for fact in known) if given else known
    if is_call(expr, "log"):
        (argument,) = children(expr)
        inside = tuple(fact for fact in inside if not _is_symbolic_power(fact.body, argument))
    if isinstance(expr, Iverson):
        compared = named_inside(
            expr, lambda part: with_components(part, inside), lambda extreme: _as_defined(extreme, inside)
        )
        if compared is not None:
            return compared if compared is expr else simplify(compared)
    made = map_children(expr, partial(with_components, known=inside))
    if made is not expr:
        expr = simplify(made)
        held = shapes_in(expr)
    for fact in known:
        while fact.shapes <= held:
            found = _as_component(expr, fact)
            if found is None:
                break
            expr = simplify(found)
            held = shapes_in(expr)
    return expr


def _is_symbolic_power(body: Expr, base: Expr) -> bool:
    """Whether a body is ``S^e``, of this ``S`` or one like it: ``log(S)`` is finite where ``S^e`` has become 0."""
    own, exponent = as_power(body)
    return not isinstance(exponent, Const) and shape(own) == shape(base)


def _as_power_of_component(expr: Expr, fact: Fact) -> Expr | None:
    """Where ``n = S^(1/2)`` is known, ``S^(-1/2) = n^-1`` and ``S = n^2``; of whole powers only those of one sign.

    An exponent may be symbolic: where ``y = S^(1/r)`` is known, ``S^(1/r - 1) = y^(1 - r)``.
    """
    (base, wanted), (other, given) = as_power(fact.body), as_power(expr)
    if shape(base) != shape(other) or (isinstance(wanted, Const) and times_in(given, wanted) is None):
        return None
    if not _is_broken(given) and not fact.has_root(other):
        return None
    for match in matches(base, other, Match(fact.free_set)):
        for whole in matches(wanted, given, match):
            read = fact.read(whole)
            if read is not None:
                return read
        found = _as_times(given, wanted, fact, match)
        if found is not None:
            return found
    return None


def _as_defined(extreme: Expr, known: tuple[Fact, ...]) -> Expr:
    """The component that an equation defines to be this extreme, and nothing else; the extreme itself if there is
    none.
    """
    defined = (_as_component(extreme, fact) for fact in known if fact.is_extreme)
    return next((component for component in defined if component is not None), extreme)


def _as_negative(expr: Expr, fact: Fact) -> Expr | None:
    """Where ``y = a - b`` is known, ``b - a = -y``."""
    body = fact.body
    if not (isinstance(expr, Add) and isinstance(body, Add) and len(expr.terms) == len(body.terms)):
        return None
    for match in matches(body, negated(expr), Match(fact.free_set)):
        read = fact.read(match)
        if read is not None:
            return negated(read)
    return None


def _as_times(given: Expr, wanted: Expr, fact: Fact, match: Match) -> Expr | None:
    """A power whose base matches that of a fact, as a power of its component."""
    component = fact.component(match)
    if component is None:
        return None
    times = times_in(
        given, substitute(wanted, dict(zip(fact.free, component.indices, strict=True))), signed=fact.signed
    )
    if times is None or (fact.coefficient < 0 and not is_whole(times)):
        return None
    scale = () if fact.coefficient == 1 else (Pow(Const(fact.coefficient), simplify(Mul((MINUS_ONE, times)))),)
    value = fact.named(component)
    return Mul((*scale, power(value, times))) if scale else power(value, times)


def _as_component(expr: Expr, fact: Fact) -> Expr | None:
    """``expr`` with the factors that are an instance of the fact replaced; None if there are none."""
    if len(fact.factors) == 1:
        read = _as_power_of_component(expr, fact) or _as_negative(expr, fact)
        return read or (_across_a_sum((expr,), fact) if fact.inside[0] else None)
    if not isinstance(expr, Mul | Pow | IndexSum):
        return None
    factors = factors_of(expr)
    found = _taken_out(factors, fact)
    if found is not None:
        return Mul(found)
    return _across_a_sum(factors, fact)


def _across_a_sum(factors: tuple[Expr, ...], fact: Fact) -> Expr | None:
    """An instance of which some factors stand in a sum and some before it.

    Where ``o = sum_j a v/n`` is known, ``n^-2 sum_(e,j) g a v = n^-1 sum_e g o``.
    """
    for place, factor in enumerate(factors):
        if isinstance(factor, IndexSum):
            around = (*factors[:place], *factors[place + 1 :])
            found = _summed_out(factor.indices, (*factors_of(factor.body), *around), fact)
            if found is not None:
                return found
    return None


def _summed_out(indices: tuple[Index, ...], factors: tuple[Expr, ...], fact: Fact) -> Expr | None:
    """A sum of a product with an instance of the fact in it, whose own indices are some of those summed."""
    own, pattern = fact.inside
    if (own and len(pattern) >= len(factors)) or not _may_hold(factors, pattern):
        return None
    for match, rest in _consume(_settling_first(pattern), factors, Match(fact.free_set).inside(own, indices), fact):
        read = fact.read(match) if match.settles(own) else None
        gone = {match.partner(index) for index in own}
        if read is None or any(index in gone for part in (read, *rest) for index in free_indices(part)):
            continue
        guards = guards_kept(factors, rest)
        if not (guards and fact.drops_brackets):
            kept = tuple(index for index in indices if index not in gone)
            product = Mul((read, *rest, *guards))
            return IndexSum(kept, product) if kept else product
    return None


def _taken_out(factors: tuple[Expr, ...], fact: Fact) -> tuple[Expr, ...] | None:
    """The factors with an instance of the fact among them written as its component."""
    if not _may_hold(factors, fact.factors):
        return None
    for match, rest in _consume(_settling_first(fact.factors), factors, Match(fact.free_set), fact):
        read = fact.read(match)
        if read is None:
            continue
        guards = guards_kept(factors, rest)
        if not (guards and fact.drops_brackets):
            return (read, *rest, *guards)
    return None


def _may_hold(factors: tuple[Expr, ...], pattern: tuple[Expr, ...]) -> bool:
    """Whether each factor of the pattern has one of its shape among the factors, whatever the powers."""
    shapes = {shape(as_power(factor)[0]) for factor in factors}
    return all(shape(as_power(factor)[0]) in shapes for factor in pattern)


def _consume(
    pattern: tuple[Expr, ...], factors: tuple[Expr, ...], match: Match, fact: Fact
) -> Iterator[tuple[Match, tuple[Expr, ...]]]:
    """Every way to take the pattern's factors out of a product: the match and what is left.

    A root is taken out of a whole power only where it has a value.
    """
    if not pattern:
        yield match, factors
        return
    base, exponent = as_power(pattern[0])
    is_number = isinstance(exponent, Const)
    for place, factor in enumerate(factors):
        other, given = as_power(factor)
        if shape(base) != shape(other):
            continue
        known = _left_over(exponent, given) if is_number else None
        has_no_value = _is_broken(exponent) and not _is_broken(given) and not fact.has_root(other)
        if has_no_value or (is_number and known is None):
            continue
        for extended in matches(base, other, match):
            found = _powers_left(other, exponent, given, extended) if known is None else ((extended, known),)
            for whole, left in found:
                rest = (*factors[:place], *((power(other, left),) if left != ZERO else ()), *factors[place + 1 :])
                yield from _consume(pattern[1:], rest, whole, fact)


def _settling_first(pattern: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The factors of a pattern, those behind whose exponents hold indices: what these stand for the others settle."""
    exponents = [as_power(factor)[1] for factor in pattern]
    if all(isinstance(exponent, Const) for exponent in exponents):
        return pattern
    last = [bool(free_indices(exponent)) for exponent in exponents]
    return tuple(factor for late in (False, True) for factor, own in zip(pattern, last, strict=True) if own is late)


def _powers_left(base: Expr, wanted: Expr, given: Expr, match: Match) -> Iterator[tuple[Match, Expr]]:
    """What is left of an exponent when that of a pattern is taken from it, by what the pattern's indices stand for.

    That of a positive number may be one term of it: ``2^(a + b) = 2^a 2^b``.
    """
    own = [index for index in free_indices(wanted) if match.varies(index)]
    values = {index: value for index in own if (value := match.stands_for(index)) is not None}
    if len(values) < len(own):
        yield from ((extended, ZERO) for extended in matches(wanted, given, match))
        for term in given.terms if isinstance(given, Add) and is_positive_number(base) else ():
            other = simplify(Add((given, negated(term))))
            yield from ((extended, other) for extended in matches(wanted, term, match))
        return
    left = _left_over(simplify(substitute(wanted, values)) if values else wanted, given)
    if left is not None:
        yield match, left


def _is_broken(exponent: Expr) -> bool:
    return isinstance(exponent, Const) and exponent.value.denominator > 1


def _left_over(wanted: Expr, given: Expr) -> Const | None:
    """The exponent that is left of ``given``, if ``wanted`` can be taken from it without turning its sign.

    Of one with a symbol in it a number must be left that divides by nothing by which it did not divide before:
    ``a x^(n - 1)`` is no ``y/x`` at 0.
    """
    if is_one(wanted) and is_one(given):
        return ZERO
    if not isinstance(wanted, Const) or not isinstance(given, Const):
        difference = ZERO if wanted == given else simplify(Add((given, negated(wanted))))
        if not isinstance(difference, Const) or difference.value.denominator != 1:
            return None
        return difference if difference.value >= 0 or _is_negative(wanted) else None
    left = given.value - wanted.value
    same_sign = (given.value > 0) == (wanted.value > 0)
    return Const(left) if same_sign and abs(left) < abs(given.value) and left * given.value >= 0 else None


def _is_negative(exponent: Expr) -> bool:
    """Whether it is a negative number, or one times a size."""
    coefficient, rest = split_coefficient(exponent)
    return (exact_value(exponent) or 0) < 0 or (coefficient < 0 and all(map(is_positive_number, factors_of(rest))))


def _guards(expr: Expr) -> tuple[Integer, ...]:
    """What is at least 0 wherever a product is not 0, by the comparisons of integers among its factors."""
    factors = expr.factors if isinstance(expr, Mul) else ()
    return tuple(normalise(slack) for factor in factors if (slack := slack_of(factor)) is not None)
