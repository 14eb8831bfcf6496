"""Definitions solved for what stands in them: where ``y = 1 - s/t`` is known, ``s/t`` is ``1 - y``.

They are for the eye alone: ``1 - y`` is less exact than what it stands for where ``y`` is about 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from tcgrad.ir.guards import is_guard
from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Component, Const, Expr, IndexReduce, IndexValue, Mul, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import factors_of, free_indices, tensors_read, terms_of
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import is_call
from tcgrad.simplify.cost import cost
from tcgrad.simplify.fact import Fact
from tcgrad.simplify.holding import shapes_in
from tcgrad.simplify.idioms import recognise
from tcgrad.simplify.instances import with_components
from tcgrad.simplify.powers import as_power, negated, scaled, split_coefficient

_MOST_LAYERS = 3  # of products and sums in one another
_LEAST_GAIN = -2  # of one instance by itself: what comes of it cancels, or is not taken


@dataclass(frozen=True)
class Solution:
    """What a definition says about a part of it.

    part: the part, and what it means, not simplified.
    divisors: the tensors that it divides by, which must not be 0.
    beside: those that must be read where there is an instance.
    """

    part: Fact
    divisors: tuple[Tensor, ...] = ()
    beside: frozenset[Tensor] = frozenset()

    @cached_property
    def wanted(self) -> frozenset[Tensor]:
        """All that an expression with an instance reads."""
        return self.part.tensors | self.beside

    @cached_property
    def fact(self) -> Fact:
        """The part as a fact."""
        return replace(self.part, meaning=simplify(self.part.meaning or self.part.own))

    @cached_property
    def is_short(self) -> bool:
        """Whether what stands for an instance is short enough."""
        return cost(self.part.body) - cost(self.fact.meaning or self.fact.own) >= _LEAST_GAIN


class Solutions:
    """What the definitions of a program say about their parts."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        self._known = [s for statement in statements if isinstance(statement, Define) for s in _solutions(statement)]

    def facts(self, allowed: Callable[[Tensor], bool]) -> tuple[Fact, ...]:
        """What holds anywhere, where some tensors may be divided by."""
        anywhere = (solution for solution in self._known if not solution.beside)
        return tuple(each.fact for each in anywhere if all(map(allowed, each.divisors)) and each.is_short)

    def written(self, expr: Expr, allowed: Callable[[Tensor], bool]) -> Iterator[tuple[Solution, Expr]]:
        """A simplified expression with the instances of one solution each, where it has any.

        allowed: whether a tensor may be divided by.
        """
        read = set(tensors_read(expr)) if self._known else set[Tensor]()
        near = [solution for solution in self._known if solution.wanted <= read]
        held = shapes_in(expr) if near else frozenset[int]()
        for solution in near:
            if solution.part.shapes <= held and all(map(allowed, solution.divisors)) and solution.is_short:
                made = with_components(expr, (solution.fact,))
                if made is not expr:
                    yield solution, simplify(made)


def _solutions(define: Define) -> Iterator[Solution]:
    plain = simplify(define.body)
    named = recognise(plain)
    for body in (plain,) if named is plain else dict.fromkeys((plain, simplify(named))):
        whole = Fact.of(define.tensor, define.free, body, ())
        if whole.coefficient:
            yield from _of_a_part(whole)
            yield from _of_a_difference(whole)
            yield from _of_a_ratio(whole)
            yield from _of_a_root(whole)
            yield from _of_a_share(whole)


def _of_a_part(whole: Fact) -> Iterator[Solution]:
    """``A^k = y/M`` for ``y = M A^k`` and ``P = y - c`` for ``y = c + P``, one in the other, where ``M`` and ``c`` are
    made of components, constants and sizes.

    Logarithms are read by what they are added to, ``y = c + logsumexp(P)``; anything else, as in ``y = x + tanh(P)``,
    reads best by itself.
    """
    body, meaning = whole.body, scaled(1 / whole.coefficient, whole.own)
    divisors: tuple[Tensor, ...] = ()
    for _ in range(_MOST_LAYERS):
        parts = terms_of(body) if isinstance(body, Add) else factors_of(body)
        is_plain = _is_plain_term if isinstance(body, Add) else _is_plain
        compound = [part for part in parts if not is_plain(part)]
        plain = [part for part in parts if is_plain(part)]
        if len(compound) != 1 or not plain:
            return
        if isinstance(body, Add):
            coefficient, body = split_coefficient(compound[0])
            is_long = cost(body) > cost(whole.own) + sum(map(cost, plain))
            if any(map(tensors_read, plain)) and not (is_long and _is_logarithm(body)):
                return
            meaning = Mul((Const(1 / coefficient), Add((meaning, *map(negated, plain)))))
        else:
            (body,) = compound
            if is_guard(body):
                return  # what it multiplies need not exist where it is 0, but stands beside no quotient
            meaning = Mul((meaning, *map(_inverse, plain)))
            divisors = (*divisors, *_divided_by(plain))
        yield Solution(replace(whole, body=body, coefficient=Fraction(1), meaning=meaning), divisors)


def _of_a_difference(whole: Fact) -> Iterator[Solution]:
    """``y - a = b`` for ``y = a + b``, both of them products of powers of components."""
    match whole.body:
        case Add((first, second)) if all(map(_is_plain, (*factors_of(first), *factors_of(second)))):
            for part, other in ((first, second), (second, first)):
                difference = Add((scaled(1 / whole.coefficient, whole.own), negated(part)))
                coefficient, body = split_coefficient(simplify(difference))
                yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=other))
        case _:
            pass


def _of_a_ratio(whole: Fact) -> Iterator[Solution]:
    """``y/a = c b`` for ``y = c a b``, ``a`` a component and ``b`` made of powers of components."""
    if isinstance(whole.body, Mul) and all(map(_is_plain, whole.factors)):
        for place, factor in enumerate(whole.factors):
            if isinstance(factor, Component):
                rest = (*whole.factors[:place], *whole.factors[place + 1 :])
                body = Mul((whole.own, Pow(factor, MINUS_ONE)))
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
                is_power = not isinstance(body, Component) and all(map(_is_plain, factors_of(body)))
                if is_power and not (whole.of_signed and whole.free):
                    meaning = Add((base, Mul((MINUS_ONE, other))))
                    fact = replace(whole, body=body, coefficient=coefficient, meaning=meaning, of_signed=False)
                    yield Solution(fact, beside=frozenset([whole.tensor]))
        case _:
            pass


def _of_a_share(whole: Fact) -> Iterator[Solution]:
    """``b/(a + b) = 1 - y a/M`` and ``y b = M - y a`` for ``y = M/(a + b)``, where ``a/M`` is made of components."""
    for place, factor in enumerate(whole.factors):
        match factor:
            case Pow(Add((first, second)), exponent) if exponent == MINUS_ONE:
                above = Mul((Const(whole.coefficient), ONE, *whole.factors[:place], *whole.factors[place + 1 :]))
                for own, other in ((first, second), (second, first)):
                    ratio = simplify(Mul((own, Pow(above, MINUS_ONE))))
                    if all(map(_is_plain, factors_of(ratio))):
                        coefficient, body = split_coefficient(simplify(Mul((other, factor))))
                        meaning = Add((ONE, Mul((MINUS_ONE, whole.own, ratio))))
                        divided = tuple(_divided_by([_inverse(part) for part in factors_of(ratio)]))
                        yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning), divided)
                        coefficient, body = split_coefficient(simplify(Mul((whole.own, other))))
                        meaning = Add((above, Mul((MINUS_ONE, whole.own, own))))
                        yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning))


def _is_plain(factor: Expr) -> bool:
    base, exponent = as_power(factor)
    return isinstance(base, Component | IndexValue | Const) and isinstance(exponent, Const)


def _is_plain_term(term: Expr) -> bool:
    """Whether a term is a product of powers of components, or made of constants and sizes alone."""
    return all(map(_is_plain, factors_of(term))) or not (tensors_read(term) or free_indices(term))


def _is_logarithm(body: Expr) -> bool:
    return is_call(body, "log") or (isinstance(body, IndexReduce) and body.kind == "logsumexp")


def _inverse(factor: Expr) -> Expr:
    base, exponent = as_power(factor)
    return Pow(base, simplify(negated(exponent)))


def _divided_by(multiplied: Iterable[Expr]) -> Iterator[Tensor]:
    """The tensors by which is divided once factors are brought to the other side; constants are numbers but 0."""
    for factor in multiplied:
        base, exponent = as_power(factor)
        is_above = not isinstance(exponent, Const) or exponent.value > 0
        if (
            isinstance(base, Component)
            and is_above
            and not (base.tensor.role is Role.CONSTANT and base.tensor.value != 0)
        ):
            yield base.tensor
