"""Definitions solved for what stands in them: where ``y = 1 - s/t`` is known, ``s/t`` is ``1 - y``.

They are for the eye alone: ``1 - y`` is less exact than what it stands for where ``y`` is about 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tcgrad.ir.nodes import MINUS_ONE, ONE, Add, Component, Const, Expr, IndexValue, Mul, Pow
from tcgrad.ir.program import Define, Statement
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.ir.traversal import factors_of, tensors_read
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.fact import Fact
from tcgrad.simplify.holding import shapes_in
from tcgrad.simplify.instances import with_components
from tcgrad.simplify.powers import as_power, negated, split_coefficient

_LEAST_GAIN = -2  # of one instance by itself: what comes of it cancels, or is not taken


@dataclass(frozen=True)
class Solution:
    """A fact about a part of a definition.

    divisors: the tensors that it divides by, which must not be 0.
    beside: those that must be read where there is an instance.
    """

    fact: Fact
    divisors: tuple[Tensor, ...] = ()
    beside: frozenset[Tensor] = frozenset()

    @cached_property
    def wanted(self) -> frozenset[Tensor]:
        """All that an expression with an instance reads."""
        return self.fact.tensors | self.beside

    @cached_property
    def gain(self) -> int:
        """By how much an instance is longer than what stands for it."""
        return cost(self.fact.body) - cost(self.fact.meaning or self.fact.own)


class Solutions:
    """What the definitions of a program say about their parts."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        found = [s for statement in statements if isinstance(statement, Define) for s in _solutions(statement)]
        self._known = [solution for solution in found if solution.gain >= _LEAST_GAIN]

    def facts(self, allowed: Callable[[Tensor], bool]) -> tuple[Fact, ...]:
        """What holds anywhere, where some tensors may be divided by."""
        anywhere = (solution for solution in self._known if not solution.beside)
        return tuple(solution.fact for solution in anywhere if all(map(allowed, solution.divisors)))

    def written(self, expr: Expr, allowed: Callable[[Tensor], bool]) -> Iterator[tuple[Solution, Expr]]:
        """A simplified expression with the instances of one solution each, where it has any.

        allowed: whether a tensor may be divided by.
        """
        read = set(tensors_read(expr)) if self._known else set[Tensor]()
        near = [solution for solution in self._known if solution.wanted <= read]
        held = shapes_in(expr) if near else frozenset[int]()
        for solution in near:
            if solution.fact.shapes <= held and all(map(allowed, solution.divisors)):
                made = with_components(expr, (solution.fact,))
                if made is not expr:
                    yield solution, simplify(made)


def _solutions(define: Define) -> Iterator[Solution]:
    whole = Fact.of(define.tensor, define.free, simplify(define.body), ())
    yield from _of_a_product(whole)
    yield from _of_a_difference(whole)
    yield from _of_a_root(whole)
    yield from _of_a_share(whole)


def _of_a_product(whole: Fact) -> Iterator[Solution]:
    """``A^k = y/M`` for ``y = M A^k``, where ``M`` is made of components, constants and sizes."""
    compound = [factor for factor in whole.factors if not _is_plain(factor)]
    plain = [factor for factor in whole.factors if _is_plain(factor)]
    if len(compound) == 1 and plain:
        meaning = Mul((whole.own, *(_inverse(factor) for factor in plain)))
        yield Solution(replace(whole, body=compound[0], meaning=simplify(meaning)), tuple(_divided_by(plain)))


def _of_a_difference(whole: Fact) -> Iterator[Solution]:
    """``P = y - c`` for ``y = c + P``, where ``c`` is a number."""
    match whole.body:
        case Add((Const() as number, rest)) | Add((rest, Const() as number)):
            coefficient, body = split_coefficient(rest)
            shifted = Const(number.value * whole.coefficient)
            meaning = simplify(Add((whole.own, negated(shifted))))
            yield Solution(replace(whole, body=body, coefficient=whole.coefficient * coefficient, meaning=meaning))


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
                    meaning = simplify(Add((base, Mul((MINUS_ONE, other)))))
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
                        meaning = simplify(Add((ONE, Mul((MINUS_ONE, whole.own, ratio)))))
                        divided = tuple(_divided_by([_inverse(part) for part in factors_of(ratio)]))
                        yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning), divided)
                        coefficient, body = split_coefficient(simplify(Mul((whole.own, other))))
                        meaning = simplify(Add((above, Mul((MINUS_ONE, whole.own, own)))))
                        yield Solution(replace(whole, body=body, coefficient=coefficient, meaning=meaning))


def _is_plain(factor: Expr) -> bool:
    base, exponent = as_power(factor)
    return isinstance(base, Component | IndexValue | Const) and isinstance(exponent, Const)


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
