"""Products: what becomes of each factor, and of all of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tcgrad.evaluate.arrays.labelled import Labelled
from tcgrad.evaluate.arrays.numbers import whole
from tcgrad.evaluate.arrays.parts import is_finite
from tcgrad.evaluate.context import Context, Evaluator
from tcgrad.evaluate.products.broadcast import (
    Factor,
    in_turn,
    multiplied_out,
    multiply,
    settled_by_terms,
    settled_product,
    with_zeros,
)
from tcgrad.evaluate.products.contractions import settled_contraction
from tcgrad.ir.indices import Index
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Factors:
    """The factors of a product by what becomes of them.

    masks: conditions on indices. sums: the other guards. others: what is no guard.
    brackets: which of the others are conditions on values.
    supports: where the guards inside of the others that are sums let these be something else than 0.
    only_powers_of_two: whether multiplying the others is exact: all but one are powers of two.
    are_whole: whether all are whole numbers.
    has_guarded_terms: whether one is a sum with a guarded term, such as ``s - delta[i,j]``: a derivative takes the
        terms apart.
    """

    masks: Sequence[Evaluator]
    sums: Sequence[Evaluator]
    others: Sequence[Callable[[Context], Factor]]
    brackets: Sequence[int]
    supports: Sequence[Evaluator]
    only_powers_of_two: bool
    are_whole: bool
    has_guarded_terms: bool


def product(factors: Factors, bound: tuple[Index, ...]) -> Evaluator:
    """The sum over ``bound`` of the product; a guard or a bracket that is 0 makes it 0, whatever the other factors
    are: the derivative of what a rectifier makes 0 is 0 where that of its root is infinite.
    """
    masks, sums, others, supports = factors.masks, factors.sums, factors.others, factors.supports
    is_guarded = bool(masks or sums or supports or factors.brackets)

    def evaluate(context: Context) -> Labelled:
        worked = [other(context) for other in others]
        divides = context.noise is not None and any(each.divisor for each in worked)
        if not is_guarded:
            return combined([], [], worked, context, divides=divides)
        holds, weights = [mask(context) for mask in masks], [each(context) for each in sums]
        cast = [Labelled(whole(mask.array, context.dtype), mask.axes) for mask in holds]
        if not all(is_finite(each.value.array) for each in worked):
            given = [*weights, *(worked[place].value for place in factors.brackets)]
            holds += [Labelled(np.asarray(each.array != 0), each.axes) for each in given]
            holds += [support(context) for support in supports]
            worked = [Factor(with_zeros(each.value, holds)) for each in worked]
        return combined(cast, weights, worked, context, divides=divides)

    def combined(
        cast: list[Labelled], weights: list[Labelled], worked: list[Factor], context: Context, *, divides: bool
    ) -> Labelled:
        """divides: whether one of the factors was a reciprocal, which is rounded as soon as it is one of a product."""
        values = [*weights, *(each.value for each in worked)]
        if bound:
            return settled_contraction([*cast, *values], bound, context, are_whole=factors.are_whole)
        result = in_turn(worked, context)
        if context.noise is None:
            return multiply([result, *cast, *weights], context) if cast or weights else result
        moved = multiply([result, *weights], context) if weights else result
        if not factors.only_powers_of_two or divides or not all(map(_is_exact, weights)):
            settled = settled_by_terms if weights or factors.has_guarded_terms else settled_product
            moved = settled(moved, values, context)
        return multiplied_out(multiply([moved, *cast], context) if cast else moved, [*cast, *values], context)

    return evaluate


def _is_exact(weights: Labelled) -> bool:
    """Whether multiplying by any of some numbers is exact, by what they are sums of as well: all are powers of two, or
    0, and no two terms are there at once.
    """
    sizes = np.abs(weights.array).astype(float)
    mantissas, _ = np.frexp(sizes)
    is_apart = weights.terms is None or np.array_equal(weights.terms.array, sizes)
    return is_apart and bool(np.isin(mantissas, (0, 0.5)).all())
