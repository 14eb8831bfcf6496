"""What a definition says about a part of it."""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.ir.nodes import Component, Const, Expr, IndexValue, Pow
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.records import cached_property, dataclass, replace
from tcgrad.simplify import simplify
from tcgrad.simplify.cost import cost
from tcgrad.simplify.facts.fact import Fact
from tcgrad.simplify.powers import as_power, negated
from tcgrad.simplify.signs import is_positive_number

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


def is_plain(factor: Expr) -> bool:
    """Whether a factor is a number, a component, an index or a power of one by a number."""
    base, exponent = as_power(factor)
    return isinstance(base, Component | IndexValue | Const) and isinstance(exponent, Const)


def inverse(factor: Expr) -> Expr:
    """One over a power, as a power."""
    base, exponent = as_power(factor)
    return Pow(base, simplify(negated(exponent)))


def divided_by(multiplied: Iterable[Expr]) -> tuple[Tensor, ...] | None:
    """The tensors by which is divided once factors are brought to the other side; constants are numbers but 0.

    None where an index is divided by, or what is made of some and may be 0.
    """
    found: list[Tensor] = []
    for base, exponent in map(as_power, multiplied):
        is_above = not isinstance(exponent, Const) or exponent.value > 0
        if isinstance(base, IndexValue) and is_above and not is_positive_number(base):
            return None
        if (
            isinstance(base, Component)
            and is_above
            and not (base.tensor.role is Role.CONSTANT and base.tensor.value != 0)
        ):
            found.append(base.tensor)
    return tuple(found)
