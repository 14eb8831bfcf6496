"""Shares of the terms of a sum, written through what is divided by it: where ``y = 1/(1 + e)`` is known, ``e/(1 + e)``
is ``1 - y``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Component, Const, Expr, Mul, Pow
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of, product_of, tensors_read
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.solution import Solution, divided_by, inverse, is_plain
from tcgrad.simplify.powers import as_power, negated, scaled, split_coefficient


def shares(whole: Fact) -> Iterator[Solution]:
    """What the definition of a ratio says of the terms that its divisor is made of."""
    yield from _of_one_term(whole)
    yield from _of_what_is_left(whole)


def _of_one_term(whole: Fact) -> Iterator[Solution]:
    """``b/(a + b) = 1 - y a/M`` and ``y b = M - y a`` for ``y = M/(a + b)``, where ``a/M`` is made of components."""
    for place, factor in enumerate(whole.factors):
        match factor:
            case Pow(Add((first, second)), exponent) if exponent == MINUS_ONE:
                above = Mul((Const(whole.coefficient), ONE, *whole.factors[:place], *whole.factors[place + 1 :]))
                for own, other in ((first, second), (second, first)):
                    ratio = simplify(Mul((own, Pow(above, MINUS_ONE))))
                    if all(map(is_plain, factors_of(ratio))):
                        coefficient, body = split_coefficient(simplify(Mul((other, factor))))
                        meaning = Add((ONE, Mul((MINUS_ONE, whole.own, ratio))))
                        divided = divided_by([inverse(part) for part in factors_of(ratio)])
                        if divided is not None:
                            yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning), divided)
                        coefficient, body = split_coefficient(simplify(Mul((whole.own, other))))
                        meaning = Add((above, Mul((MINUS_ONE, whole.own, own))))
                        yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning))


def _of_what_is_left(whole: Fact) -> Iterator[Solution]:
    """``T/D = 1 - y/c`` for ``y = c N/D``, where ``N`` is ``D - T``, and ``1 + y/c`` where it is ``T - D``."""
    sums = [as_power(factor) for factor in whole.factors]
    above = [base for base, exponent in sums if exponent == ONE and isinstance(base, Add)]
    below = [base for base, exponent in sums if exponent == MINUS_ONE and isinstance(base, Add)]
    if len(whole.factors) == 2 and above and below:
        for sign in (ONE, MINUS_ONE):
            other = simplify(Add((below[0], Mul((sign, above[0])))))
            if not isinstance(other, Add):
                coefficient, body = split_coefficient(simplify(Mul((other, Pow(below[0], MINUS_ONE)))))
                meaning = Add((ONE, scaled(1 / whole.coefficient, Mul((sign, whole.own)))))
                yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning))


def shares_under_roots(wholes: Sequence[Fact]) -> Iterator[Solution]:
    """``a y^2/k^2 = 1 - c/S`` for ``y = k x S^(-1/2)``, where ``S = c + a x^2``.

    Where the root has a name, ``s = sqrt(S)``, it is known by it: ``a y^2/k^2 = 1 - c/s^2``.
    """
    roots = {whole.tensor: whole for whole in wholes if whole.coefficient == 1 and _root(whole.body)}
    for whole in wholes:
        named = [(as_power(factor), factor) for factor in whole.factors]
        for place, ((base, exponent), factor) in enumerate(named):
            rest = [*whole.factors[:place], *whole.factors[place + 1 :]]
            name = base if isinstance(base, Component) and base.tensor in roots else None
            root = _root(simplify(Pow(roots[name.tensor].at(name), exponent)) if name else factor) if rest else None
            if root is not None:
                yield from _under_a_root(whole, rest, root, None if name is None else (name, exponent))


def _root(factor: Expr) -> tuple[Add, Fraction] | None:
    """A sum of two terms, one of them made of components, and the broken number that it is raised to."""
    match factor:
        case Pow(base=Add(terms=(first, second)) as base, exponent=Const(value=n)) if n.denominator > 1:
            return (base, n) if _may_be_share(first) or _may_be_share(second) else None
        case _:
            return None


def _may_be_share(term: Expr) -> bool:
    """Whether a term is made of components, and not of constants and sizes alone."""
    factors = factors_of(term)
    return all(map(is_plain, factors)) and any(tensor.role is not Role.CONSTANT for tensor in tensors_read(term))


def _under_a_root(
    whole: Fact, rest: Sequence[Expr], root: tuple[Add, Fraction], name: tuple[Component, Expr] | None
) -> Iterator[Solution]:
    """The shares of the terms of a sum that a definition has the root of, beside the ``rest``.

    name: what the root is called, and the power of that which stands in the definition.
    """
    base, n = root
    if n.numerator != -1:
        return
    times = Const(-1 / n)
    below = Pow(base, MINUS_ONE) if name is None else Pow(name[0], simplify(Mul((times, name[1]))))
    for own, other in (base.terms, base.terms[::-1]):
        if _may_be_share(own) and set(tensors_read(own)).issuperset(tensors_read(product_of(rest))):
            ratio = simplify(Mul((own, *(Pow(inverse(part), times) for part in rest))))
            if all(map(is_plain, factors_of(ratio))):
                power = Pow(scaled(1 / whole.coefficient, whole.own), times)
                coefficient, part = split_coefficient(simplify(Mul((ratio, power))))
                meaning = Add((ONE, negated(Mul((other, below)))))
                yield Solution(replace(whole, body=part, coefficient=coefficient, meaning=meaning))
