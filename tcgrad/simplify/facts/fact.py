"""A definition as a fact: what an expression has to hold for its component to be written."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.inequalities import normalise
from tcgrad.ir.nodes import (
    ONE,
    ZERO,
    Add,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexSum,
    Mul,
)
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import bound_indices, factors_of, flat_factors, tensors_read, walk
from tcgrad.records import cached_property, dataclass
from tcgrad.simplify.facts.factored import powers_in, summed_in
from tcgrad.simplify.facts.undefined import has_roots_of_signed
from tcgrad.simplify.matching import Match
from tcgrad.simplify.outline import Outline, outline
from tcgrad.simplify.powers import as_power, scaled, split_coefficient
from tcgrad.simplify.shapes import shape
from tcgrad.simplify.signs import is_never_negative


@dataclass(frozen=True)
class Fact:
    """``tensor[free] = coefficient * body``, the body simplified and worth a name.

    given: what is at least 0 where instances are looked for.
    meaning: what ``coefficient * body`` is, over ``free``, if that is not the tensor's component.
    of_signed: a root of what may be negative stands in the body: the tensor has no value where that is, a whole power
        of it has one.
    rooted: what is known not to be negative where instances are looked for, for a root of it stands there.
    signed: whether the base of the body, if that is a power, may be negative.
    rounded: whether the component is worked out in another way than the body, from which it may differ by rounding.
    """

    tensor: Tensor
    free: tuple[Index, ...]
    body: Expr
    coefficient: Fraction = Fraction(1)
    given: tuple[Integer, ...] = ()
    meaning: Expr | None = None
    of_signed: bool = False
    rooted: frozenset[Expr] = frozenset()
    signed: bool = True
    rounded: bool = False

    @classmethod
    def of(cls, tensor: Tensor, free: tuple[Index, ...], body: Expr, never_negative: Collection[Tensor]) -> Fact:
        """The fact that a simplified definition states."""
        coefficient, rest = split_coefficient(body)
        return cls(
            tensor,
            free,
            rest,
            coefficient,
            of_signed=has_roots_of_signed(rest, never_negative),
            signed=not is_never_negative(as_power(rest)[0], never_negative),
        )

    def has_root(self, base: Expr) -> bool:
        """Whether a root of a base has a value where instances are looked for."""
        return not self.of_signed or base in self.rooted

    @cached_property
    def own(self) -> Component:
        """The component that the definition has on its left side."""
        return Component(self.tensor, tuple(index.expr for index in self.free))

    @cached_property
    def drops_brackets(self) -> bool:
        """Whether all that is said is what the component need not be multiplied by."""
        return self.meaning == self.own

    @cached_property
    def factors(self) -> tuple[Expr, ...]:
        return factors_of(self.body)

    @property
    def is_extreme(self) -> bool:
        """Whether the component is the maximum or minimum of something, and not only proportional to it."""
        is_one = isinstance(self.body, IndexReduce) and self.coefficient == 1 and self.meaning is None
        return is_one and not self.rounded

    @cached_property
    def inside(self) -> tuple[tuple[Index, ...], tuple[Expr, ...]]:
        """The body as one sum of a product, if one of its factors is a sum: the indices, and all factors."""
        sums = [factor for factor in self.factors if isinstance(factor, IndexSum)]
        if len(sums) != 1:
            return (), self.factors
        (whole,) = sums
        others = tuple(factor for factor in self.factors if factor is not whole)
        if any(index in whole.indices for other in others for part in walk(other) for index in bound_indices(part)):
            # What an index stands for in another sum is not what it stands for here.
            fresh = tuple(index.fresh() for index in whole.indices)
            body = instantiate(whole.indices, whole.body, tuple(index.expr for index in fresh))
            return fresh, (*factors_of(body), *others)
        return whole.indices, (*factors_of(whole.body), *others)

    @cached_property
    def sums(self) -> tuple[Add, ...]:
        """The factors that are sums of terms, if there are others."""
        factors = self.inside[1]
        return tuple(factor for factor in factors if isinstance(factor, Add)) if len(factors) > 1 else ()

    @cached_property
    def shapes(self) -> frozenset[int]:
        """The shapes of the bases that every expression with an instance holds."""
        return frozenset([shape(as_power(factor)[0]) for factor in self.inside[1]])

    @cached_property
    def bases(self) -> frozenset[int]:
        """The shapes of the bases of its factors but for numbers."""
        return frozenset([shape(base) for base, _ in powers_in(flat_factors(Mul(self.factors)))])

    @cached_property
    def summed(self) -> tuple[frozenset[int], ...]:
        """For each index that is summed in it the shapes of the factors that hold it."""
        return tuple([frozenset(map(shape, inside)) for inside in summed_in(flat_factors(Mul(self.factors)))])

    @cached_property
    def tensors(self) -> frozenset[Tensor]:
        """All that an expression with an instance reads."""
        return frozenset(tensors_read(self.body))

    @cached_property
    def reads_zeros(self) -> bool:
        """Whether what it says may be of zeros around a tensor, where a quotient by its component has no value.

        Brackets leave such places out, and go where a delta says the same.
        """
        return any(tensor.zero_outside for tensor in self.tensors)

    @cached_property
    def outline(self) -> Outline:
        """The definition without names; one that no other definition has, where it cannot be told."""
        kinds = [ONE if kind else ZERO for kind in (self.of_signed, self.signed)]
        own = outline((self.own, Const(self.coefficient), self.meaning or ZERO, *kinds, self.body))
        return own or Outline(self.tensor, (), (self.tensor, *self.tensors), ())

    @cached_property
    def free_set(self) -> frozenset[Index]:
        return frozenset(self.free)

    def component(self, match: Match) -> Component | None:
        """The component whose definition a match is an instance of, if every index is settled and in range."""
        positions = [match.value(index) for index in self.free]
        settled = tuple(position for position in positions if position is not None)
        if len(settled) < len(positions) or not all(map(self._in_range, settled, self.tensor.shape)):
            return None
        return Component(self.tensor, settled)

    def read(self, match: Match) -> Expr | None:
        """What a match of the body is equal to."""
        component = self.component(match)
        return None if component is None else scaled(1 / self.coefficient, self.named(component))

    def named(self, component: Component) -> Expr:
        """What the body of an instance is, but for the number, written through its component."""
        return component if self.meaning is None else instantiate(self.free, self.meaning, component.indices)

    def at(self, component: Component) -> Expr:
        """The body that a component of the tensor stands for, but for the number."""
        return instantiate(self.free, self.body, component.indices)

    def _in_range(self, position: Integer, size: Integer) -> bool:
        plain = position.as_index
        if plain is not None and plain.size == size:
            return True
        return self._holds(position) and self._holds(size - Integer.of(1) - position)

    def _holds(self, bound: Integer) -> bool:
        """Whether ``bound`` is at least 0: always, or because of what is given."""
        if is_nonnegative(bound):
            return True
        return bool(self.given) and any(is_nonnegative(normalise(bound) - known) for known in self.given)


def is_rounded(body: Expr, written: Expr) -> bool:
    """Whether a definition that is written otherwise is an extreme of what is read only by arithmetic, as
    ``max[i](x[i]*3/3)`` is: no element that is read need attain it.
    """
    return _reduces_components(body) and not _reduces_components(written)


def _reduces_components(body: Expr) -> bool:
    return isinstance(body, IndexReduce) and isinstance(body.body, Component)
