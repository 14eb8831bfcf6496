"""Products of arrays whose axes carry indices."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tcgrad.evaluate.arrays.labelled import Labelled, union
from tcgrad.evaluate.arrays.numbers import number
from tcgrad.evaluate.arrays.parts import absolute, is_finite
from tcgrad.evaluate.context import Context
from tcgrad.records import dataclass, replace


def multiply(values: Sequence[Labelled], context: Context) -> Labelled:
    """The product, over the union of the indices."""
    if not values:
        return Labelled(np.ones((), context.dtype))
    axes = union(values)
    result: Any = values[0].aligned(axes)
    for each in values[1:]:
        result = result * each.aligned(axes)
    return Labelled(np.asarray(result, context.dtype), axes)


@dataclass(frozen=True)
class Factor:
    """A factor of a product.

    divisor: what one divides by that is a reciprocal or a fraction.
    numerator: that of a fraction.
    """

    value: Labelled
    divisor: Labelled | None = None
    numerator: Fraction | None = None


def in_turn(factors: Sequence[Factor], context: Context) -> Labelled:
    """The product with one division for each divisor: ``k/49`` is 1 for ``k = 49``, ``k*(1/49)`` is not.

    Fractions are divided at the end.
    """
    values, divisors = [each.value for each in factors], [each.divisor for each in factors if each.divisor is not None]
    if not divisors:
        return multiply(values, context)
    axes = union([*values, *divisors])
    first, *others = factors
    result: Any = 1
    if first.divisor is None:
        result, factors = first.value.aligned(axes), others
    last: list[Any] = []
    for each in factors:
        if each.divisor is None:
            result = result * each.value.aligned(axes)
        elif each.numerator is None:
            result = result / each.divisor.aligned(axes)
        else:
            result = result * number(each.numerator, context.dtype)
            last.append(each.divisor.aligned(axes))
    for below in last:
        result = result / below
    return Labelled(np.asarray(result, context.dtype), axes)


def multiplied_out(product: Labelled, factors: Sequence[Labelled], context: Context) -> Labelled:
    """``product`` with the size of its terms, if some of its ``factors`` are sums."""
    if all(factor.terms is None for factor in factors):
        return product
    return replace(product, terms=multiply(sizes_of(factors), context))


def sizes_of(values: Sequence[Labelled]) -> list[Labelled]:
    """How large the values are, or what they are when they are multiplied out."""
    return [Labelled(absolute(each.array), each.axes) if each.terms is None else each.terms for each in values]


def settled_product(product: Labelled, values: Sequence[Labelled], context: Context) -> Labelled:
    """The product of ``values`` as an operation's result. The size of a real one is the product of the sizes."""
    is_complex = product.array.dtype.kind == "c"
    magnitude = (lambda: multiply(sizes_of(values), context)) if is_complex else None

    def zeros() -> Labelled:
        """Where a factor is 0."""
        return zeros_of(conjunction([Labelled(each.array != 0, each.axes) for each in values]))

    return context.settle(product, magnitude, zeros=zeros)


def settled_by_terms(product: Labelled, values: Sequence[Labelled], context: Context) -> Labelled:
    """The same where some values are sums: of the size that it has multiplied out, for it may be worked out so."""
    sizes = sizes_of(values)

    def zeros() -> Labelled:
        """Where a factor is 0, even by its terms."""
        return zeros_of(
            multiply([Labelled((each.array != 0).astype(context.dtype), each.axes) for each in sizes], context)
        )

    return context.settle(product, lambda: multiply(sizes, context), zeros=zeros)


def zeros_of(value: Labelled) -> Labelled:
    """Where a value is 0."""
    return Labelled(np.asarray(value.array == 0), value.axes)


def conjunction(conditions: Sequence[Labelled]) -> Labelled:
    """Where all of the conditions hold, over the union of their indices."""
    axes = union(conditions)
    result = np.ones((), bool)
    for each in conditions:
        result = result & each.aligned(axes)
    return Labelled(result, axes)


def with_zeros(each: Labelled, guards: Sequence[Labelled]) -> Labelled:
    """``each`` with what is not finite replaced by 0 where a guard is 0."""
    if not guards or is_finite(each.array):
        return each
    holds = conjunction(guards)
    axes = union([each, holds])
    return Labelled(np.where(holds.aligned(axes), each.aligned(axes), each.array.dtype.type(0)), axes)


def total(values: Sequence[Labelled], context: Context) -> Labelled:
    """The sum of ``values``, over the union of the indices."""
    axes = union(values)
    result: Any = np.zeros((), context.dtype)
    for each in values:
        result = result + each.aligned(axes)
    return Labelled(np.asarray(result), axes)
