"""Products of many operands with sums: in which order they are combined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import field
from fractions import Fraction
from itertools import chain

from tcgrad.emit.graph.arrays import Axes, Kind, Node, Value
from tcgrad.emit.graph.built import Built, Operand
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.lowering.contract import contraction, outer
from tcgrad.emit.lowering.paths import OPTIMAL_UP_TO, Known, Tree, contraction_tree
from tcgrad.emit.lowering.structure import UNIT
from tcgrad.ir.indices import Index
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Product:
    """``coefficient * value``; the coefficient is what could not be multiplied into something smaller."""

    coefficient: Fraction
    value: Value


class Products:
    """Builds products; those that were ``built`` before are found again."""

    def __init__(self, build: Builder) -> None:
        self.build = build
        self.built = Built(build.graph)

    def product(self, coefficient: Fraction, operands: Sequence[Operand], summed: Axes, hint: Axes) -> Product:
        """The product of the operands, summed over ``summed``.

        hint: the order in which the axes of the result are wanted, if that costs nothing.
        """
        present = {index for operand in operands for index in operand.value.axes}
        sizes = [Operand(Value(self.build.size(index.size))) for index in summed if index not in present]
        operands = [*sizes, *self._without_private_sums(self._with_masks_joined(operands, hint), summed)]
        scalars = [operand for operand in operands if not operand.value.axes]
        arrays = [operand for operand in operands if operand.value.axes]
        scale = _Scale(coefficient, scalars)
        if not arrays:
            return Product(coefficient, Value(scale.scalar(self.build)))
        return _Plan(self, arrays, summed, hint, scale).result()

    def _with_masks_joined(self, operands: Sequence[Operand], hint: Axes) -> Sequence[Operand]:
        """Truth values along the same axes as one array, of a byte an element, before numbers multiply it."""
        masks: dict[frozenset[Index], list[Operand]] = {}
        for operand in operands:
            if operand.value.node.kind is Kind.BOOL:
                masks.setdefault(frozenset(operand.value.axes), []).append(operand)
        several = [group for group in masks.values() if len(group) > 1]
        if not several:
            return operands
        joined = [self._joined([operand.value for operand in group], hint) for group in several]
        return [*(each for each in operands if not any(each in group for group in several)), *map(Operand, joined)]

    def _joined(self, masks: Sequence[Value], hint: Axes) -> Value:
        axes = self.build.combined_axes(masks, hint)
        return Value(self.build.times([self.build.aligned(mask, axes) for mask in masks]), axes)

    def _without_private_sums(self, operands: Sequence[Operand], summed: Axes) -> Sequence[Operand]:
        """Sum the indices that one operand alone has, before anything is multiplied."""
        if not summed:
            return operands
        count = Counter(index for operand in operands for index in operand.value.axes)
        private = {index for index in summed if count[index] == 1}
        return [self._summed(operand, private) for operand in operands] if private else operands

    def _summed(self, operand: Operand, indices: Collection[Index]) -> Operand:
        own = [index for index in operand.value.axes if index in indices]
        return Operand(self.build.summed(self.plain(operand), own)) if own else operand

    def plain(self, operand: Operand) -> Value:
        """The value of an operand, 1 divided by it if it is inverted."""
        if not operand.inverted:
            return operand.value
        return Value(self.build.times([], [operand.value.node]), operand.value.axes)

    def combine(self, left: Operand, right: Operand, summed: Axes, hint: Axes, *, last: bool) -> Operand:
        """The product of two operands, summed over indices that both have."""
        if summed:
            return Operand(contraction(self.build, self.plain(left), self.plain(right), summed, hint))
        axes = self.build.combined_axes((left.value, right.value), hint)
        if (
            last
            and not (left.inverted or right.inverted)
            and len(left.value.axes) == len(right.value.axes) == len(axes) - 1 == 1
        ):
            return Operand(outer(self.build, left.value, right.value, axes))
        both = [(self.build.aligned(operand.value, axes), operand.inverted) for operand in (left, right)]
        if left.inverted and right.inverted:
            return Operand(Value(self.build.times([node for node, _ in both]), axes), inverted=True)
        numerators = [node for node, inverted in both if not inverted]
        denominators = [node for node, inverted in both if inverted]
        return Operand(Value(self.build.times(numerators, denominators), axes))

    def pair(self, left: Operand, right: Operand, summed: Axes, kept: Axes, hint: Axes) -> Value:
        """The product of two operands that is the whole one; the one built before, if there is one."""
        both = [left, right]
        known = self.built.known(both, kept) if self.built.sets_known(both) else None
        if known is not None and len(known.axes) == len(kept):
            return known
        value = self.plain(self.combine(left, right, summed, hint, last=True))
        self.built.remember(both, value)
        return value


@dataclass(frozen=True)
class _Scale:
    """The scalar factors of a product."""

    coefficient: Fraction
    scalars: list[Operand]

    def __bool__(self) -> bool:
        return bool(self.scalars) or (self.coefficient is not UNIT and abs(self.coefficient) != 1)

    def scalar(self, build: Builder) -> Node:
        """The product of the scalars but for the coefficient."""
        above = [scalar.value.node for scalar in self.scalars if not scalar.inverted]
        below = [scalar.value.node for scalar in self.scalars if scalar.inverted]
        return build.times(above, below)

    def applied(self, build: Builder, operand: Operand) -> Operand:
        """An operand times the scalars."""
        above = [scalar.value.node for scalar in self.scalars if not scalar.inverted]
        below = [scalar.value.node for scalar in self.scalars if scalar.inverted]
        (below if operand.inverted else above).append(operand.value.node)
        return Operand(Value(build.times(above, below), operand.value.axes))

    def folded(self, build: Builder, operand: Operand) -> Operand:
        """An operand times the scalars and the coefficient, but for its sign."""
        over, under = abs(self.coefficient.numerator), self.coefficient.denominator
        numbers = [Operand(Value(build.number(over)))] if over != 1 else []
        numbers += [Operand(Value(build.number(under)), inverted=True)] if under != 1 else []
        return _Scale(UNIT, [*numbers, *self.scalars]).applied(build, operand)


@dataclass
class _Plan:
    """One product on its way: sets of operands are bit masks, and so are sets of indices."""

    products: Products
    operands: list[Operand]
    summed: Axes
    hint: Axes
    scale: _Scale
    reused: dict[int, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        axes = [operand.value.axes for operand in self.operands]
        self.indices = tuple(dict.fromkeys(chain.from_iterable(axes)))
        self._bits = {index: 1 << k for k, index in enumerate(self.indices)}
        self._masks = [self._bits_of(own) for own in axes]
        self._result = (1 << len(self.indices)) - 1 & ~self._bits_of(filter(self._bits.__contains__, self.summed))
        self._whole = (1 << len(self.operands)) - 1

    def _bits_of(self, axes: Iterable[Index]) -> int:
        bits = 0
        for index in axes:
            bits |= self._bits[index]
        return bits

    def result(self) -> Product:
        """Combine the operands along the cheapest tree, the scalars with what is small."""
        sizes = [index.size.value for index in self.indices]
        tree = contraction_tree(self._masks, self._result, sizes, self._known())
        if isinstance(tree, int):
            return self._scaled(self._operand(tree))
        left, right = self._operand(tree[0]), self._operand(tree[1])
        small = min((left, right), key=lambda operand: (_volume(operand.value.axes), operand.value.node.serial))
        one_array = left.value.node.base is right.value.node.base  # BLAS computes half of a matrix times its transpose
        is_mask = small.value.node.kind is Kind.BOOL  # it stays one, of a byte an element
        if not self.scale or one_array or is_mask or _volume(small.value.axes) >= _volume(self._kept(self._whole)):
            return self._scaled(self._combined(left, right, self._whole))
        summed = self._summed_between(left, right, self._whole)
        folded = self.scale.folded(self.products.build, small)
        left, right = (folded if operand is small else operand for operand in (left, right))
        value = self.products.pair(left, right, summed, self._kept(self._whole), self.hint)
        return Product(UNIT if self.scale.coefficient > 0 else -UNIT, value)

    def _scaled(self, operand: Operand) -> Product:
        if self.scale.scalars or operand.inverted:
            operand = self.scale.applied(self.products.build, operand)
        return Product(self.scale.coefficient, operand.value)

    def _operand(self, tree: Tree) -> Operand:
        if isinstance(tree, int):
            known = self.reused.get(tree)
            return Operand(known) if known is not None else self.operands[tree.bit_length() - 1]
        mask = _mask(tree)
        return self._combined(self._operand(tree[0]), self._operand(tree[1]), mask)

    def _combined(self, left: Operand, right: Operand, mask: int) -> Operand:
        summed = self._summed_between(left, right, mask)
        last = mask == self._whole
        result = self.products.combine(left, right, summed, self.hint if last else self._hint(mask), last=last)
        if not result.inverted:
            self.products.built.remember(self._members(mask), result.value)
        return result

    def _summed_between(self, left: Operand, right: Operand, mask: int) -> Axes:
        kept = self._kept(mask)
        return tuple(index for index in left.value.axes if index not in kept and index in right.value.axes)

    def _members(self, mask: int) -> list[Operand]:
        return [operand for k, operand in enumerate(self.operands) if mask >> k & 1]

    def _kept(self, mask: int) -> Axes:
        """The indices that the product of some operands keeps: those of the result and of the other operands."""
        inside, outside = 0, self._result
        for k, bits in enumerate(self._masks):
            if mask >> k & 1:
                inside |= bits
            else:
                outside |= bits
        return tuple(index for index in self.indices if self._bits[index] & inside & outside)

    def _hint(self, mask: int) -> Axes:
        """The order that suits what comes next: an operand that is multiplied elementwise or contracted with this."""
        kept = self._kept(mask)
        for other in self._members(self._whole & ~mask):
            shared = tuple(index for index in kept if index in other.value.axes)
            if len(shared) > 1:
                return tuple(dict.fromkeys((*other.value.axes, *self.hint)))
            if shared and shared[0] in self.summed:
                return self._beside(shared, kept, other)
        return self.hint

    def _beside(self, shared: Axes, kept: Axes, other: Operand) -> Axes:
        """The shared index last where the others come before those of the operand in the result, else first."""
        position = {index: k for k, index in enumerate(self.hint)}
        own = [position[index] for index in kept if index in position and index not in shared]
        theirs = [position[index] for index in other.value.axes if index in position]
        own_first = not own or not theirs or min(own) < min(theirs)
        rest = tuple(index for index in self.hint if index not in shared)
        return (*rest, *shared) if own_first else (*shared, *rest)

    def _known(self) -> Known:
        """The sets of operands whose product was built before, and what it costs to use it."""
        if not 2 <= len(self.operands) <= OPTIMAL_UP_TO:
            return ()
        found = [(mask, self._cost_known(mask)) for mask in self.products.built.sets_known(self.operands)]
        return tuple([(mask, cost) for mask, cost in found if cost is not None])

    def _cost_known(self, mask: int) -> int | None:
        """What it costs to use a product that was built before; None if none has all the indices."""
        kept = self._kept(mask)
        value = self.products.built.known(self._members(mask), kept)
        if value is None:
            return None
        surplus = [index for index in value.axes if index not in kept]
        self.reused[mask] = self.products.build.summed(value, surplus)
        return _volume(value.axes) if surplus else 0


def _mask(tree: Tree) -> int:
    return tree if isinstance(tree, int) else _mask(tree[0]) | _mask(tree[1])


def _volume(axes: Axes) -> int:
    volume = 1
    for index in axes:
        volume *= index.size.value
    return volume
