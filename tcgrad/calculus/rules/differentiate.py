"""The one table of derivative rules: the derivative of an expression, given those of the components it reads.

What a component's derivative is decides what comes out: a product of deltas makes a Jacobian, a tangent a
directional derivative, the component of another Jacobian the chain rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import assert_never

from tcgrad.functions import FUNCTIONS, abstract_derivative
from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    ZERO,
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
from tcgrad.ir.substitution import freshen, substitute
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, tensors_read, terms_reading
from tcgrad.ir.vanishing import conditions_of
from tcgrad.ir.whole import is_whole
from tcgrad.language.rows import written_out

_MANY = 16  # terms, of which most do not read what a sum is differentiated by

Seed = Callable[[Component], Expr]
Derivative = Callable[[Expr], Expr]


def as_it_is(expr: Expr) -> Expr:
    return expr


def differentiate(
    expr: Expr,
    seed: Seed,
    by: set[Tensor] | frozenset[Tensor] | None = None,
    slope: Callable[[Expr], Expr] = as_it_is,
) -> Expr:
    """The derivative of ``expr``, where that of each component read is what ``seed`` says (0: it is constant).

    by: the tensors of which components are not constant; without it the seed alone decides.
    slope: writes the derivative of a function or a power by what stands in it.
    """

    def inner(part: Expr) -> Expr:
        if isinstance(part, Component):
            return seed(part)
        if by is not None and type(part) is Add and len(part.terms) > _MANY:
            return total(list(map(inner, terms_reading(part, by))))
        if by is not None and by.isdisjoint(tensors_read(part)):
            return ZERO
        return apply_rule(part, inner, slope)

    return inner(expr)


def apply_rule(expr: Expr, inner: Derivative, slope: Callable[[Expr], Expr] = as_it_is) -> Expr:
    """The derivative of ``expr`` by the one rule for its kind of node, given the derivatives of what stands in it."""
    match expr:
        case Const() | Delta() | Iverson() | IndexValue():
            return ZERO
        case Component():
            return inner(expr)
        case Add():
            return total([inner(term) for term in expr.terms])
        case Mul():
            return _product_rule(expr, inner)
        case Pow():
            return _power_rule(expr, inner, slope)
        case Call():
            return _chain_rule(expr, inner, slope)
        case Where():
            return _branch_rule(expr, inner)
        case IndexSum():
            body = inner(expr.body)
            return ZERO if body == ZERO else IndexSum(expr.indices, body)
        case IndexReduce():
            return _reduction_rule(expr, inner)
        case _:
            assert_never(expr)


def total(terms: list[Expr]) -> Expr:
    """The sum of the terms that are not 0."""
    kept = [term for term in terms if term != ZERO]
    return Add(tuple(kept)) if len(kept) > 1 else kept[0] if kept else ZERO


def times(*factors: Expr) -> Expr:
    """The product, without factors 1."""
    numbers = [factor.value for factor in factors if type(factor) is Const]
    if 0 in numbers:
        return ZERO
    kept = tuple([factor for factor in factors if factor != ONE]) if 1 in numbers else factors
    return Mul(kept) if len(kept) > 1 else kept[0] if kept else ONE


def deltas(left: Iterable[Integer], right: Iterable[Integer]) -> Expr:
    """``prod delta(e, s)``, which is ``d x[e] / d x[s]``: 1 where two positions are one."""
    return times(*[Delta(e, s) for e, s in zip(left, right, strict=True)])


def component_derivative(tensor: Tensor, at: tuple[Index, ...]) -> Seed:
    """``d x[e] / d x[s] = prod delta(e, s)``, and 0 for every other tensor."""

    def seed(read: Component) -> Expr:
        if read.tensor.name != tensor.name or read.tensor != tensor:
            return ZERO
        return deltas(read.indices, (index.expr for index in at))

    return seed


def _product_rule(expr: Mul, inner: Derivative) -> Expr:
    """``d(f g h) = df g h + f dg h + f g dh``"""
    terms = []
    for place, factor in enumerate(expr.factors):
        derived = inner(factor)
        if derived != ZERO:
            terms.append(times(*expr.factors[:place], derived, *expr.factors[place + 1 :]))
    return total(terms)


def _power_rule(expr: Pow, inner: Derivative, slope: Callable[[Expr], Expr]) -> Expr:
    """``d(u^v) = v u^(v-1) du + u^v log(u) dv``; of a root see `_where_it_moves`."""
    by_base, by_exponent = inner(expr.base), inner(expr.exponent)
    if by_base == by_exponent == ZERO:
        return ZERO
    lowered = times(expr.exponent, Pow(expr.base, Add((expr.exponent, MINUS_ONE))))
    return total([
        times(*factors_of(lowered if by_base == ZERO else slope(lowered)), by_base, *_where_it_moves(expr, expr.base)),
        times(expr, Call(FUNCTIONS["log"], (expr.base,)), by_exponent, *_where_it_moves(expr, expr.base)),
    ])  # fmt: skip


def _chain_rule(expr: Call, inner: Derivative, slope: Callable[[Expr], Expr]) -> Expr:
    """``d f(u, v) = f'1(u, v) du + f'2(u, v) dv``"""
    terms = []
    for place, argument in enumerate(expr.arguments):
        derived = inner(argument)
        if derived != ZERO:
            terms.append(times(slope(partial(expr, place)), derived, *_where_it_moves(expr, argument)))
    return total(terms)


def _where_it_moves(root: Pow | Call, inside: Expr) -> tuple[Expr, ...]:
    """The conditions under which what a root is of is not 0 by the indices alone: ``[i != 0]`` of ``sqrt(i u)``.

    Elsewhere the root is 0 for every ``u``, and what would be written for its derivative is 0/0.
    """
    match root:
        case Pow(exponent=Const(exponent)):
            is_root = 0 < exponent < 1
        case Pow(exponent=exponent):
            is_root = not is_whole(exponent)
        case Call(function=function):
            is_root = function.name in ("sqrt", "cbrt")
    return conditions_of(inside) if is_root else ()


def partial(expr: Call, place: int) -> Expr:
    """The derivative of a function by its ``place``-th argument, at the arguments of the call.

    Raises:
        ValueError: if the table has none; `require_partials` has refused such calls.
    """
    function = expr.function
    if function.is_abstract:
        return Call(abstract_derivative(function, place), expr.arguments)
    text = function.partials[place]
    if text is None:
        raise ValueError(f"{function.name} has no derivative by {function.parameters[place]}")
    return written_out(text, expr)


def _branch_rule(expr: Where, inner: Derivative) -> Expr:
    """The derivative of the branch that is taken; where the branches meet there is none to add."""
    then, otherwise = inner(expr.then), inner(expr.otherwise)
    return ZERO if then == otherwise == ZERO else Where(expr.condition, then, otherwise)


def _reduction_rule(expr: IndexReduce, inner: Derivative) -> Expr:
    """
    ``d max_k f = sum_k [f = max f] df / sum_k [f = max f]``: ties share equally, and so for min;
    ``d logsumexp_k f = sum_k exp(f - logsumexp f) df``;
    ``d prod_k f = sum_k df prod_(j != k) f``, which is right with zeros among the factors.
    """
    derived = inner(expr.body)
    if derived == ZERO:
        return ZERO
    match expr.kind:
        case "max" | "min":
            attains = Iverson("==", expr.body, freshen(expr))
            ties = freshen(IndexSum(expr.indices, attains))
            return times(Pow(ties, MINUS_ONE), IndexSum(expr.indices, times(attains, derived)))
        case "logsumexp":
            weight = Call(FUNCTIONS["exp"], (Add((expr.body, times(MINUS_ONE, freshen(expr)))),))
            return IndexSum(expr.indices, times(weight, derived))
        case "prod":
            return IndexSum(expr.indices, times(_other_factors(expr), derived))
        case _:
            assert_never(expr.kind)


def _other_factors(expr: IndexReduce) -> Expr:
    """``prod_(j != k) f(j)``, where ``k`` are the indices of ``expr``."""
    others = tuple(index.fresh() for index in expr.indices)
    mapping = {old: new.expr for old, new in zip(expr.indices, others, strict=True)}
    same = times(*(_equal(old, new) for old, new in zip(expr.indices, others, strict=True)))
    return IndexReduce("prod", others, Where(same, ONE, substitute(freshen(expr.body), mapping)))


def _equal(left: Index, right: Index) -> Expr:
    return Iverson("==", IndexValue(left.expr), IndexValue(right.expr))
