"""Definitions solved for what stands in them: where ``y = 1 - s/t`` is known, ``s/t`` is ``1 - y``.

They are for the eye alone: ``1 - y`` is less exact than what it stands for where ``y`` is about 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from tcgrad.functions import FUNCTIONS
from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import MINUS_ONE, Add, Call, Component, Const, Expr, IndexReduce, IndexValue, Mul, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import (
    factors_of,
    free_indices,
    product_of,
    sorts_in,
    tensors_read,
    terms_of,
    walk,
)
from tcgrad.records import replace
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.facts.holding import shapes_in
from tcgrad.simplify.facts.instances import with_components
from tcgrad.simplify.facts.solution import Solution, divided_by, inverse, is_plain
from tcgrad.simplify.folding.chosen import chosen, holds_choice
from tcgrad.simplify.folding.fold import Facts
from tcgrad.simplify.folding.idioms import recognise
from tcgrad.simplify.folding.left_to_one import left_to_one
from tcgrad.simplify.folding.shares import shares, shares_under_roots
from tcgrad.simplify.powers import as_power, is_division, negated, scaled, split_coefficient

_MOST_LAYERS = 3  # of products and sums in one another


class Solutions:
    """What the definitions of a program say about their parts."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        defines = [statement for statement in statements if isinstance(statement, Define)]
        wholes = [whole for define in defines for whole in _wholes(define)]
        self._known = [solution for whole in wholes for solution in _solutions(whole)]
        self._chosen = [each for whole in wholes for each in chosen(whole, _solutions)]
        self._known += shares_under_roots(wholes)

    def facts(self, allowed: Callable[[Tensor], bool]) -> tuple[Fact, ...]:
        """What holds anywhere, where some tensors may be divided by."""
        anywhere = (solution for solution in self._known if not solution.beside)
        return tuple(each.fact for each in anywhere if all(map(allowed, each.divisors)) and each.is_short)

    def written(self, expr: Expr, allowed: Callable[[Tensor], bool]) -> Iterator[tuple[Solution, Expr]]:
        """A simplified expression with the instances of one solution each, where it has any.

        allowed: whether a tensor may be divided by.
        """
        read = set(tensors_read(expr)) if self._known or self._chosen else set[Tensor]()
        near = [solution for solution in self._known if solution.wanted <= read]
        held = shapes_in(expr) if near else frozenset[int]()
        for solution in near:
            if solution.part.shapes <= held and all(map(allowed, solution.divisors)) and solution.is_short:
                made = with_components(expr, (solution.fact,))
                if made is not expr:
                    yield solution, simplify(made)
        for each in self._chosen if self._chosen and holds_choice(expr) else ():
            if each.solution.wanted <= read and all(map(allowed, each.solution.divisors)) and each.solution.is_short:
                made = each.written(expr)
                if made is not expr:
                    yield each.solution, simplify(made)


def _wholes(define: Define) -> Iterator[Fact]:
    """A definition as a fact, as it stands, with idioms by their names, and with its sums as formulas have them."""
    plain = simplify(define.body)
    named = recognise(plain)
    bodies = [plain] if named is plain else [plain, simplify(named)]
    if any(_is_sum_of_compounds(as_power(factor)[0]) for factor in factors_of(plain)):
        bodies.append(Facts(()).fold(plain))
    for body in dict.fromkeys(bodies):
        whole = Fact.of(define.tensor, define.free, body, ())
        if whole.coefficient:
            yield whole


def _is_sum_of_compounds(base: Expr) -> bool:
    """Whether a term of a sum is divided, not by a size alone, or has a sum for a factor."""
    factors = (factor for term in terms_of(base) for factor in factors_of(term)) if isinstance(base, Add) else ()
    return any(
        isinstance(own := as_power(factor)[0], Add) or (is_division(factor) and not isinstance(own, IndexValue))
        for factor in factors
    )


def _solutions(whole: Fact) -> Iterator[Solution]:
    yield from _of_a_part(whole)
    yield from _of_several_terms(whole)
    yield from _of_what_is_divided(whole)
    yield from _of_a_multiple(whole)
    yield from _of_a_difference(whole)
    yield from _of_a_ratio(whole)
    yield from _of_a_root(whole)
    yield from _of_a_divisor(whole)
    yield from _of_a_logarithm(whole)
    yield from shares(whole)
    yield from left_to_one(whole)


def _of_a_part(whole: Fact) -> Iterator[Solution]:
    """``A^k = y/M`` for ``y = M A^k`` and ``P = y - c`` for ``y = c + P``, one in the other, where ``M`` and ``c`` are
    made of components, constants and sizes; of several such powers, their product.

    Logarithms are read by what they are added to, ``y = c + logsumexp(P)``; anything else, as in ``y = x + tanh(P)``,
    reads best by itself.
    """
    body, meaning = whole.body, scaled(1 / whole.coefficient, whole.own)
    divisors: tuple[Tensor, ...] = ()
    for _ in range(_MOST_LAYERS):
        parts = terms_of(body) if isinstance(body, Add) else factors_of(body)
        stays = _is_plain_term if isinstance(body, Add) else is_plain
        compound = [part for part in parts if not stays(part)]
        plain = [part for part in parts if stays(part)]
        if not plain or not compound or (isinstance(body, Add) and len(compound) > 1):
            return
        if isinstance(body, Add):
            coefficient, body = split_coefficient(compound[0])
            is_long = cost(body) > cost(whole.own) + sum(map(cost, plain))
            if any(map(tensors_read, plain)) and not (is_long and _is_logarithm(body)):
                return
            meaning = Mul((Const(1 / coefficient), Add((meaning, *map(negated, plain)))))
        else:
            if any(map(is_guard, compound)):
                return  # what it multiplies need not exist where it is 0, but stands beside no quotient
            divided = divided_by(plain)
            if divided is None:
                return
            body = product_of(compound)
            meaning = Mul((meaning, *map(inverse, plain)))
            divisors = (*divisors, *divided)
        yield Solution(replace(whole, body=body, coefficient=Fraction(1), meaning=meaning), divisors)


def _of_several_terms(whole: Fact) -> Iterator[Solution]:
    """``P + Q = y - c`` for ``y = P + Q + c``, where ``P`` and ``Q`` hold functions, which come back when they are
    differentiated, and ``c`` is made of components, constants and sizes.
    """
    terms = terms_of(whole.body)
    compound = [term for term in terms if Call in sorts_in(term)]
    plain = [term for term in terms if Call not in sorts_in(term)]
    if len(compound) > 1 and plain and all(map(_is_plain_term, plain)):
        meaning = Add((scaled(1 / whole.coefficient, whole.own), *map(negated, plain)))
        yield Solution(replace(whole, body=Add(tuple(compound)), coefficient=Fraction(1), meaning=meaning))


def _of_what_is_divided(whole: Fact) -> Iterator[Solution]:
    """``c A = y b`` for ``y = c A/b``, where ``b`` and ``c`` are made of powers of components: ``c`` may be 0."""
    below = [factor for factor in whole.factors if is_division(factor) and is_plain(factor)]
    above = [factor for factor in whole.factors if factor not in below]
    compound = [factor for factor in above if not is_plain(factor)]
    if below and len(above) > 1 and compound and not any(map(is_guard, above)):
        meaning = Mul((Const(1 / whole.coefficient), whole.own, *map(inverse, below)))
        yield Solution(replace(whole, body=product_of(above), coefficient=Fraction(1), meaning=meaning))


def _of_a_multiple(whole: Fact) -> Iterator[Solution]:
    """``M P = y - M c`` for ``y = M (c + P)``, where ``M`` is made of components and ``c`` is a number."""
    sums = [factor for factor in whole.factors if isinstance(factor, Add)]
    rest = [factor for factor in whole.factors if not isinstance(factor, Add)]
    if len(sums) == 1 and rest and all(map(is_plain, rest)):
        numbers = [term for term in sums[0].terms if not (tensors_read(term) or free_indices(term))]
        others = [term for term in sums[0].terms if term not in numbers]
        if len(others) == 1 and not isinstance(split_coefficient(others[0])[1], Component):
            coefficient, body = split_coefficient(simplify(Mul((*rest, *others))))
            less = [negated(simplify(Mul((*rest, number)))) for number in numbers]
            meaning = Add((scaled(1 / whole.coefficient, whole.own), *less))
            yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning))


def _of_a_difference(whole: Fact) -> Iterator[Solution]:
    """``y - a = b`` for ``y = a + b``, both of them products of powers of components."""
    match whole.body:
        case Add((first, second)) if all(map(is_plain, (*factors_of(first), *factors_of(second)))):
            for part, other in ((first, second), (second, first)):
                difference = Add((scaled(1 / whole.coefficient, whole.own), negated(part)))
                coefficient, body = split_coefficient(simplify(difference))
                yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=other))
                if isinstance(part, Const) and not isinstance(split_coefficient(other)[1], Component):
                    coefficient, body = split_coefficient(other)
                    yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=difference))
        case _:
            pass


def _of_a_ratio(whole: Fact) -> Iterator[Solution]:
    """``y/a = c b`` and ``b y = c a`` for ``y = c a b`` and ``y = c a/b``, all made of powers of components, and each
    power to the other side by itself.
    """
    if isinstance(whole.body, Mul) and all(map(is_plain, whole.factors)):
        for place, factor in enumerate(whole.factors):
            if isinstance(factor, Component) or is_division(factor):
                rest = (*whole.factors[:place], *whole.factors[place + 1 :])
                body = simplify(Mul((whole.own, inverse(factor))))
                meaning = Mul((Const(whole.coefficient), *rest))
                yield Solution(replace(whole, body=body, coefficient=Fraction(1), meaning=meaning))


def _of_a_root(whole: Fact) -> Iterator[Solution]:
    """``P = (y/k)^n - c`` for ``y = k (c + P)^(1/n)``, where ``P`` is made of powers of components.

    A root of what may be negative has to be there already, and for all indices alike.
    """
    match whole.body:
        case Pow(base=Add((first, second)), exponent=Const(value=n)) if n.numerator == 1 and n.denominator > 1:
            base = Pow(Mul((Const(1 / whole.coefficient), whole.own)), Const(1 / n))
            for part, other in ((first, second), (second, first)):
                coefficient, body = split_coefficient(part)
                is_power = not isinstance(body, Component) and all(map(is_plain, factors_of(body)))
                if is_power and not (whole.of_signed and whole.free):
                    meaning = Add((base, Mul((MINUS_ONE, other))))
                    fact = replace(whole, body=body, coefficient=coefficient, meaning=meaning, of_signed=False)
                    yield Solution(fact, beside=frozenset([whole.tensor]))
        case _:
            pass


def _of_a_divisor(whole: Fact) -> Iterator[Solution]:
    """``d = c/y`` for ``y = c/d``, where ``y`` is read already."""
    match whole.body:
        case Pow(base=Component() as base, exponent=exponent) if exponent == MINUS_ONE:
            meaning = Mul((Const(whole.coefficient), Pow(whole.own, MINUS_ONE)))
            fact = replace(whole, body=base, coefficient=Fraction(1), meaning=meaning)
            yield Solution(fact, beside=frozenset([whole.tensor]))
        case _:
            pass


def _of_a_logarithm(whole: Fact) -> Iterator[Solution]:
    """``log(S) = n log(y)`` for ``y = S^(1/n)``, where ``n`` is no number and ``y`` is read already."""
    base, exponent = as_power(whole.body)
    times = simplify(Pow(exponent, MINUS_ONE))
    if whole.coefficient == 1 and not isinstance(exponent, Const) and not any(map(is_division, walk(times))):
        meaning = Mul((times, _logarithm(whole.own)))
        yield Solution(replace(whole, body=_logarithm(base), meaning=meaning), beside=frozenset([whole.tensor]))


def _is_plain_term(term: Expr) -> bool:
    """Whether a term is a product of powers of components, or made of constants and sizes alone."""
    return all(map(is_plain, factors_of(term))) or not (tensors_read(term) or free_indices(term))


def _logarithm(expr: Expr) -> Expr:
    return Call(FUNCTIONS["log"], (expr,))


def _is_logarithm(body: Expr) -> bool:
    return is_call(body, "log") or (isinstance(body, IndexReduce) and body.kind == "logsumexp")
