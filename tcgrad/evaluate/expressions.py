"""What works out the value of an expression, node by node.

An evaluator is prepared once, and called for one point after the other: what does not depend on the point stands
outside the function that is called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import prod

import numpy as np

from tcgrad.evaluate.arrays.labelled import Labelled, union
from tcgrad.evaluate.arrays.numbers import is_exact, whole
from tcgrad.evaluate.calls import Argument, call
from tcgrad.evaluate.comparisons import compared
from tcgrad.evaluate.context import Context, Evaluator
from tcgrad.evaluate.products.broadcast import Factor, conjunction, sizes_of, total
from tcgrad.evaluate.products.factors import Factors, product
from tcgrad.evaluate.products.powers import known_power_of, power_of, reciprocal_of
from tcgrad.evaluate.reading import integers, picked, reader
from tcgrad.evaluate.reductions import reduced
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
from tcgrad.ir.traversal import factors_of, indices_within, tensors_read
from tcgrad.ir.whole import is_whole
from tcgrad.records import replace
from tcgrad.simplify.facts.attained import attained

# The largest array that a sum may build before it is worked out in pieces.
_LARGEST = 2**22

# The largest array of terms that is built to be summed: beyond it each term is summed by itself.
_LARGE = 2**16


def value(expr: Expr, context: Context) -> Labelled:
    """The values of ``expr`` over all values of those of its free indices on which it depends."""
    return prepared(expr)(context)


@lru_cache(maxsize=2**10)
def prepared(expr: Expr) -> Evaluator:
    """What works out a whole expression: it is asked for in one type and at one point after the other."""
    return evaluator(expr)


def evaluator(expr: Expr) -> Evaluator:
    """What works out the values of ``expr``."""
    match expr:
        case Const():
            return lambda context: context.number(expr.value)
        case Component():
            return reader(expr)
        case IndexValue():
            return lambda context: _as_numbers(integers(expr.value, context), context)
        case Delta() | Iverson():
            truth = condition(expr)
            return lambda context: _as_numbers(truth(context), context)
        case Add():
            return _add(expr)
        case Mul():
            return product(_factored(expr.factors), ())
        case Pow():
            return _power(expr)
        case Call():
            return call(expr.function, [_argument(argument) for argument in expr.arguments])
        case Where():
            return _where(expr)
        case IndexSum():
            return _sum(expr)
        case IndexReduce():
            body = evaluator(expr.body)
            return lambda context: reduced(expr, body(context), context)


def _as_numbers(given: Labelled, context: Context) -> Labelled:
    """Integers or booleans in the type of the evaluation."""
    return Labelled(whole(given.array, context.dtype), given.axes)


def condition(expr: Expr) -> Evaluator:
    """What works out where ``expr`` is not 0, as booleans."""
    match expr:
        case Delta():
            return lambda context: _equal(integers(expr.left, context), integers(expr.right, context))
        case Iverson():
            return _iverson(expr)
        case Mul():
            parts = [condition(factor) for factor in expr.factors]
            return lambda context: conjunction([part(context) for part in parts])
        case _:
            weight = evaluator(expr)
            return lambda context: _is_there(weight(context))


def _equal(left: Labelled, right: Labelled) -> Labelled:
    axes = union([left, right])
    return Labelled(left.aligned(axes) == right.aligned(axes), axes)


def _is_there(weight: Labelled) -> Labelled:
    return Labelled(np.asarray(weight.array != 0, bool), weight.axes)


def _iverson(expr: Iverson) -> Evaluator:
    holds = _comparison(expr)

    def exact(context: Context) -> Labelled:
        """Positions are compared exactly, in whatever type the evaluation runs."""
        return holds(replace(context, dtype=np.dtype(np.float64), noise=None, branches=None))

    return exact if is_structural(expr) else holds


def _comparison(expr: Iverson) -> Evaluator:
    """Where a comparison holds. Of an element with its extreme, the very numbers that it was taken of are compared."""
    asked = attained(expr)
    if asked is None or not asked.is_at_its_place:
        sides = (expr.left, expr.right) if asked is None else (asked.element, asked.extreme)
        left, right = map(evaluator, sides)
        return lambda context: compared(expr, left(context), right(context), context)
    extreme, positions, body = asked.extreme, asked.positions, evaluator(asked.extreme.body)

    def at_its_place(context: Context) -> Labelled:
        elements = body(context)
        truth = compared(expr, elements, reduced(extreme, elements, context), context)
        return picked(truth, positions, context)

    return at_its_place


def _add(expr: Add) -> Evaluator:
    parts = [evaluator(term) for term in expr.terms]
    is_exact_sum = is_structural(expr) and is_whole(expr)  # of positions and sizes

    def evaluate(context: Context) -> Labelled:
        terms = [part(context) for part in parts]
        axes = union(terms)
        result = _added(terms, axes)
        if context.noise is None:
            return result
        magnitude = _added(sizes_of(terms), axes)
        if is_exact_sum:
            return Labelled(result.array, axes, magnitude)

        def zeros() -> Labelled:
            """The difference of two equal numbers is exact."""
            return Labelled(np.asarray(True)) if len(terms) == 2 else Labelled(magnitude.array == 0, axes)

        moved = context.settle(result, lambda: magnitude, zeros=zeros)
        return Labelled(moved.array, moved.axes, magnitude)

    return evaluate


def _added(terms: Sequence[Labelled], axes: tuple[Index, ...]) -> Labelled:
    """The sum of at least one term."""
    added = terms[0].aligned(axes)
    for term in terms[1:]:
        added = added + term.aligned(axes)
    return Labelled(np.asarray(added), axes)


def _factored(factors: tuple[Expr, ...]) -> Factors:
    """The factors of a product, told apart by what becomes of them."""
    others = [factor for factor in factors if not is_guard(factor)]
    supports = (_support(factor) for factor in factors if isinstance(factor, IndexSum))
    return Factors(
        [condition(factor) for factor in factors if is_mask(factor)],
        [evaluator(factor) for factor in factors if is_guard(factor) and not is_mask(factor)],
        [_factor(factor) for factor in others],
        [place for place, factor in enumerate(others) if isinstance(factor, Iverson)],
        [support for support in supports if support],
        sum(not _is_power_of_two(factor) for factor in others) < 2,
        all(map(is_whole, factors)),
        any(map(_has_guarded_terms, others)),
    )


def _has_guarded_terms(factor: Expr) -> bool:
    return isinstance(factor, Add) and any(is_guard(part) for term in factor.terms for part in factors_of(term))


def _factor(factor: Expr) -> Callable[[Context], Factor]:
    match factor:
        case Const(value=fraction) if fraction.denominator != 1:
            return lambda context: _fraction(fraction, context)
        case Pow(base=base, exponent=Const(value=power)) if power.numerator < 0:
            return reciprocal_of(evaluator(base), -power)
        case _:
            plain = evaluator(factor)
            return lambda context: Factor(plain(context))


def _fraction(fraction: Fraction, context: Context) -> Factor:
    own = context.number(fraction)
    if context.dtype.kind != "f":
        return Factor(own)
    above, below = Fraction(fraction.numerator), Fraction(fraction.denominator)
    is_quotient = is_exact(above, context.dtype) and is_exact(below, context.dtype)
    return Factor(own, context.number(below), above) if is_quotient else Factor(own)


def _is_power_of_two(factor: Expr) -> bool:
    """Whether multiplying by it is exact; -1 does so too."""
    if not isinstance(factor, Const) or not factor.value:
        return False
    above, below = map(abs, factor.value.as_integer_ratio())
    return above & (above - 1) == 0 == below & (below - 1)


def _support(expr: Expr) -> Evaluator | None:
    """Where guards let an expression be something else than 0; None if there are none."""
    if is_guard(expr):
        return condition(expr)
    if isinstance(expr, IndexSum):
        inside, indices = _support(expr.body), expr.indices
        return inside and (lambda context: _somewhere(inside(context), indices))
    parts = [_support(factor) for factor in expr.factors] if isinstance(expr, Mul) else []
    found = [part for part in parts if part]
    return (lambda context: conjunction([part(context) for part in found])) if found else None


def _somewhere(truth: Labelled, indices: tuple[Index, ...]) -> Labelled:
    gone = tuple(axis for axis, index in enumerate(truth.axes) if index in indices)
    return Labelled(np.asarray(truth.array.any(axis=gone)), tuple(i for i in truth.axes if i not in indices))


def _power(expr: Pow) -> Evaluator:
    base, exponent = evaluator(expr.base), expr.exponent
    if isinstance(exponent, Const):
        return known_power_of(base, exponent.value)
    return power_of(base, evaluator(exponent), is_whole=bool(is_whole(exponent)))


def _argument(expr: Expr) -> Argument:
    tensor = expr.tensor.name if isinstance(expr, Component) else None
    return Argument(evaluator(expr), tensor, all(tensor.role is Role.CONSTANT for tensor in tensors_read(expr)))


def _where(expr: Where) -> Evaluator:
    which, then, otherwise = condition(expr.condition), evaluator(expr.then), evaluator(expr.otherwise)

    def evaluate(context: Context) -> Labelled:
        parts = [which(context), then(context), otherwise(context)]
        axes = union(parts)
        chosen = Labelled(np.where(*(part.aligned(axes) for part in parts)), axes)
        if all(part.terms is None for part in parts):
            return chosen
        sizes = [parts[0], *sizes_of(parts[1:])]
        return replace(chosen, terms=Labelled(np.where(*(size.aligned(axes) for size in sizes)), axes))

    return evaluate


def _sum(expr: IndexSum) -> Evaluator:
    """Σ of a product is contracted; what would take much memory is summed term by term, or piece by piece."""
    contracted, body = product(_factored(factors_of(expr.body)), expr.indices), expr.body
    is_small = prod(index.size.value for index in indices_within(expr)) <= _LARGE

    def evaluate(context: Context) -> Labelled:
        if is_small and not context.sizes:
            return contracted(context)
        if isinstance(body, Add) and footprint(body, context) > _LARGE:
            return value(_term_by_term(expr.indices, body), context)
        pieces = 1 if volume(expr, context) <= _LARGEST else _pieces(expr, context)
        if pieces <= 1:
            return contracted(context)
        index = _longest(expr, context)
        parts = np.array_split(context.range(index), pieces)
        each = [replace(context, positions={**context.positions, index: positions}) for positions in parts]
        return total([evaluate(part) for part in each], context)

    return evaluate


@lru_cache(maxsize=2**8)
def _term_by_term(indices: tuple[Index, ...], terms: Add) -> Add:
    return Add(tuple(IndexSum(indices, term) for term in terms.terms))


def _pieces(expr: IndexSum, context: Context) -> int:
    """Into how many pieces a sum is cut, for none of the arrays to be too large."""
    largest = max(footprint(factor, context) for factor in factors_of(expr.body))
    return min(context.length(_longest(expr, context)), -(-largest // _LARGEST))


def _longest(expr: IndexSum, context: Context) -> Index:
    """The index that is summed over the most values."""
    return max(expr.indices, key=context.length)
