"""The value of an expression, node by node."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import prod

import numpy as np

from tcgrad.evaluate import functions, reductions
from tcgrad.evaluate.calls import called
from tcgrad.evaluate.comparisons import compared
from tcgrad.evaluate.context import Context, Labelled, union
from tcgrad.evaluate.numbers import is_exact, whole
from tcgrad.evaluate.parts import is_finite, real, signs
from tcgrad.evaluate.powers import raised, whole_powers
from tcgrad.evaluate.products import (
    Factor,
    conjunction,
    in_turn,
    multiplied_out,
    multiply,
    settled_contraction,
    settled_product,
    sizes_of,
    total,
    with_zeros,
    zeros_of,
)
from tcgrad.evaluate.reading import component, integers, picked
from tcgrad.evaluate.structure import footprint, volume
from tcgrad.ir.guards import is_guard, is_mask, is_structural
from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import (
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of, tensors_read
from tcgrad.ir.whole import is_whole
from tcgrad.records import dataclass, replace
from tcgrad.simplify.attained import attained

# The largest array that a sum may build before it is worked out in pieces.
_LARGEST = 2**22

# The largest array of terms that is built to be summed: beyond it each term is summed by itself.
_LARGE = 2**16


def value(expr: Expr, context: Context) -> Labelled:
    """The values of ``expr`` over all values of those of its free indices on which it depends."""
    match expr:
        case Const():
            return context.number(expr.value)
        case Component():
            return component(expr, context)
        case IndexValue():
            position = integers(expr.value, context)
            return Labelled(whole(position.array, context.dtype), position.axes)
        case Delta() | Iverson():
            truth = condition(expr, context)
            return Labelled(whole(truth.array, context.dtype), truth.axes)
        case Add():
            return _add(expr, context)
        case Mul():
            return _product(expr.factors, (), context)
        case Pow():
            return _power(expr, context)
        case Call():
            return _call(expr, context)
        case Where():
            return _where(expr, context)
        case IndexSum():
            return _sum(expr, context)
        case IndexReduce():
            return _reduce(expr, context)


def condition(expr: Expr, context: Context) -> Labelled:
    """Where ``expr`` is not 0, as booleans."""
    match expr:
        case Delta():
            left, right = integers(expr.left, context), integers(expr.right, context)
            axes = union([left, right])
            return Labelled(left.aligned(axes) == right.aligned(axes), axes)
        case Iverson():
            # Positions are compared exactly, in whatever type the evaluation runs.
            exact = replace(context, dtype=np.dtype(np.float64), noise=None) if is_structural(expr) else context
            truth = _comparison(expr, exact)
            if exact is context:
                context.decide(truth)
            return truth
        case Mul():
            return conjunction([condition(factor, context) for factor in expr.factors])
        case _:
            weight = value(expr, context)
            return Labelled(np.asarray(weight.array != 0, bool), weight.axes)


def _comparison(expr: Iverson, context: Context) -> Labelled:
    """Where a comparison holds. Of an element with its extreme, the very numbers that it was taken of are compared."""
    asked = attained(expr)
    if asked is None or not asked.is_at_its_place:
        left, right = (expr.left, expr.right) if asked is None else (asked.element, asked.extreme)
        return compared(expr, value(left, context), value(right, context), context)
    elements = value(asked.extreme.body, context)
    truth = compared(expr, elements, _reduced(asked.extreme, elements, context), context)
    return picked(truth, asked.positions, context)


def _add(expr: Add, context: Context) -> Labelled:
    terms = [value(term, context) for term in expr.terms]
    axes = union(terms)
    result = _added(terms, axes)
    if context.noise is None:
        return result
    magnitude = _added(sizes_of(terms), axes)

    def zeros() -> Labelled:
        """The difference of two equal numbers is exact."""
        return Labelled(np.asarray(True)) if len(terms) == 2 else Labelled(magnitude.array == 0, axes)

    return replace(context.settle(result, lambda: magnitude, zeros=zeros), terms=magnitude)


def _added(terms: Sequence[Labelled], axes: tuple[Index, ...]) -> Labelled:
    """The sum of at least one term."""
    added = terms[0].aligned(axes)
    for term in terms[1:]:
        added = added + term.aligned(axes)
    return Labelled(np.asarray(added), axes)


def _product(factors: tuple[Expr, ...], bound: tuple[Index, ...], context: Context) -> Labelled:
    """The sum over ``bound`` of the product; a guard that is 0 makes it 0, whatever the other factors are."""
    parts = _told_apart(factors)
    masks = [condition(factor, context) for factor in parts.masks]
    sums = [value(factor, context) for factor in parts.sums]
    cast = [*(Labelled(whole(mask.array, context.dtype), mask.axes) for mask in masks), *sums]
    worked = [_factor(factor, context) for factor in parts.others]
    if (cast or parts.summed) and not all(is_finite(each.value.array) for each in worked):
        supports = [_support(factor, context) for factor in parts.summed]
        guards = [*masks, *(Labelled(np.asarray(each.array != 0), each.axes) for each in sums)]
        holds = [*guards, *(support for support in supports if support)]
        worked = [Factor(with_zeros(each.value, holds)) for each in worked]
    values = [each.value for each in worked]
    if bound:
        return settled_contraction([*cast, *values], bound, context)
    product = in_turn(worked, context)
    if context.noise is None:
        return multiply([product, *cast], context) if cast else product
    exact = parts.only_powers_of_two and all(not each.divisor for each in worked)
    moved = product if exact else settled_product(product, values, context)
    return multiplied_out(multiply([moved, *cast], context) if cast else moved, [*cast, *values], context)


@dataclass(frozen=True)
class _Parts:
    """The factors of a product by what becomes of them.

    masks: conditions on indices. sums: the other guards. others: what is no guard; ``summed`` those that are sums.
    only_powers_of_two: whether multiplying them is exact: all others but one are powers of two.
    """

    masks: tuple[Expr, ...]
    sums: tuple[Expr, ...]
    others: tuple[Expr, ...]
    summed: tuple[IndexSum, ...]
    only_powers_of_two: bool


@lru_cache(maxsize=2**12)
def _told_apart(factors: tuple[Expr, ...]) -> _Parts:
    """Products are worked out again and again, in one type and at one sample after the other."""
    others = tuple(factor for factor in factors if not is_guard(factor))
    return _Parts(
        tuple(factor for factor in factors if is_mask(factor)),
        tuple(factor for factor in factors if is_guard(factor) and not is_mask(factor)),
        others,
        tuple(factor for factor in factors if isinstance(factor, IndexSum)),
        sum(not _is_power_of_two(factor) for factor in others) < 2,
    )


def _factor(factor: Expr, context: Context) -> Factor:
    match factor:
        case Const(value=fraction) if fraction.denominator != 1 and context.dtype.kind == "f":
            above, below = Fraction(fraction.numerator), Fraction(fraction.denominator)
            is_quotient = is_exact(above, context.dtype) and is_exact(below, context.dtype)
            own = context.number(fraction)
            return Factor(own, context.number(below), above) if is_quotient else Factor(own)
        case Pow(base=base, exponent=Const(value=power)) if power.numerator < 0:
            inner = value(base, context)
            context.decide(Labelled(signs(real(inner.array)), inner.axes))
            divisor = inner if power == -1 else raised(inner, -power, context)
            return Factor(Labelled(np.asarray(1 / divisor.array), divisor.axes), Labelled(divisor.array, divisor.axes))
        case _:
            return Factor(value(factor, context))


def _is_power_of_two(factor: Expr) -> bool:
    """Whether multiplying by it is exact; -1 does so too."""
    if not isinstance(factor, Const) or not factor.value:
        return False
    above, below = map(abs, factor.value.as_integer_ratio())
    return above & (above - 1) == 0 == below & (below - 1)


def _support(expr: Expr, context: Context) -> Labelled | None:
    """Where guards let an expression be something else than 0; None if there are none."""
    if is_guard(expr):
        return condition(expr, context)
    if isinstance(expr, IndexSum):
        inside = _support(expr.body, context)
        return inside and _somewhere(inside, expr.indices)
    parts = [_support(factor, context) for factor in expr.factors] if isinstance(expr, Mul) else []
    found = [part for part in parts if part]
    return conjunction(found) if found else None


def _somewhere(truth: Labelled, indices: tuple[Index, ...]) -> Labelled:
    gone = tuple(axis for axis, index in enumerate(truth.axes) if index in indices)
    return Labelled(np.asarray(truth.array.any(axis=gone)), tuple(i for i in truth.axes if i not in indices))


def _power(expr: Pow, context: Context) -> Labelled:
    base = value(expr.base, context)
    exponent = expr.exponent
    if not isinstance(exponent, Const) or exponent.value < 0 or exponent.value.denominator != 1:
        context.decide(Labelled(signs(real(base.array)), base.axes))
    if isinstance(exponent, Const):
        return raised(base, exponent.value, context)
    is_exact = is_whole(exponent)
    power = value(exponent, replace(context, noise=None) if is_exact else context)
    axes = union([base, power])
    raise_to = whole_powers if is_exact else np.power
    result = raise_to(base.aligned(axes), power.aligned(axes))
    return context.settle(Labelled(np.asarray(result), axes), ulps=4, zeros=lambda: zeros_of(base))


def _call(expr: Call, context: Context) -> Labelled:
    arguments = [value(argument, context) for argument in expr.arguments]
    axes = union(arguments)
    aligned = [argument.aligned(axes) for argument in arguments]
    if context.noise is not None and expr.function.seam:
        aligned = [
            array if _is_known(argument) else context.noise.settled(array)
            for argument, array in zip(expr.arguments, aligned, strict=True)
        ]
    result = called(expr, [Labelled(each, axes) for each in aligned], context)
    if context.branches is not None:
        context.decide(*(Labelled(each, axes) for each in functions.decisions(expr.function, aligned)))

    def magnitude() -> Labelled:
        return Labelled(functions.magnitude(expr.function, result, aligned, context), axes)

    def zeros() -> Labelled:
        """The zeros of functions at 0, and those of functions that choose among numbers."""
        if expr.function.is_rational:
            return Labelled(np.asarray(True))
        return zeros_of(total([Labelled(np.abs(each), axes) for each in aligned], context))

    return context.settle(Labelled(result, axes), magnitude, 4, zeros)


def _is_known(expr: Expr) -> bool:
    """Whether an expression is a number: that is whole, and exact, or it never was."""
    return all(tensor.role is Role.CONSTANT for tensor in tensors_read(expr))


def _where(expr: Where, context: Context) -> Labelled:
    parts = [condition(expr.condition, context), value(expr.then, context), value(expr.otherwise, context)]
    axes = union(parts)
    chosen = Labelled(np.where(*(part.aligned(axes) for part in parts)), axes)
    if all(part.terms is None for part in parts):
        return chosen
    sizes = [parts[0], *sizes_of(parts[1:])]
    return replace(chosen, terms=Labelled(np.where(*(size.aligned(axes) for size in sizes)), axes))


def _sum(expr: IndexSum, context: Context) -> Labelled:
    """Σ of a product is contracted; what would take much memory is summed term by term, or piece by piece."""
    if isinstance(expr.body, Add) and footprint(expr.body, context) > _LARGE:
        return value(Add(tuple(IndexSum(expr.indices, term) for term in expr.body.terms)), context)
    factors = factors_of(expr.body)
    if volume(expr, context) <= _LARGEST:
        return _product(factors, expr.indices, context)
    largest = max(footprint(factor, context) for factor in factors)
    splittable = [index for index in expr.indices if context.length(index) > 1]
    if largest <= _LARGEST or not splittable:
        return _product(factors, expr.indices, context)
    index = max(splittable, key=context.length)
    pieces = min(context.length(index), -(-largest // _LARGEST))
    parts = []
    for positions in np.array_split(context.range(index), pieces):
        part = replace(context, positions={**context.positions, index: positions})
        parts.append(_sum(expr, part))
    return total(parts, context)


def _reduce(expr: IndexReduce, context: Context) -> Labelled:
    return _reduced(expr, value(expr.body, context), context)


def _reduced(expr: IndexReduce, body: Labelled, context: Context) -> Labelled:
    free = tuple(index for index in body.axes if index not in expr.indices)
    lengths = context.shape(expr.indices)
    spread = body.aligned((*free, *expr.indices))
    spread = np.broadcast_to(spread, (*spread.shape[: len(free)], *lengths))
    flat = spread.reshape(*spread.shape[: len(free)], prod(lengths))  # of no steps there are no elements to divide
    reduced = Labelled(np.asarray(reductions.REDUCTIONS[expr.kind](flat)), free)
    if expr.kind not in ("max", "min"):
        return context.settle(
            reduced, lambda: Labelled(reductions.magnitude(expr.kind, reduced.array, flat), free), ulps=4
        )
    attained = np.asarray(real(flat) == real(reduced.array)[..., None]).reshape(spread.shape)
    context.decide(Labelled(attained, (*free, *expr.indices)))
    return reduced
