"""Comparisons with as little on either side as can be: ``[a - b > 0] = [a > b]``, ``[relu(2 x + 1) <= 5] = [x <= 2]``.

They are for the eye alone: of two sides that are nearly the same rounding may decide otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tcgrad.ir.nodes import MIRRORED, ONE, ZERO, Add, Call, Const, Expr, IndexValue, Iverson
from tcgrad.ir.tensors import Role
from tcgrad.ir.traversal import factors_of, free_indices, product_of, tensors_read, terms_of
from tcgrad.simplify import simplify
from tcgrad.simplify.calls import exponent_of
from tcgrad.simplify.cost import cost
from tcgrad.simplify.powers import add_of, negated, scaled, split_coefficient
from tcgrad.simplify.rules.deltas import with_index_alone
from tcgrad.simplify.signs import is_positive

_EXTREMES = {"max": (">", ">="), "min": ("<", "<=")}  # the comparisons that hold where they do for one argument


def solved(expr: Iverson) -> Expr:
    """A comparison of simplified expressions, written as short as can be: a comparison again, or a number."""
    if not any(tensor.is_real for tensor in tensors_read(expr)):
        return _with_index_alone(expr)
    own = _with_terms_apart(expr)
    made = _solved(expr)
    return _turned(made if cost(made) <= cost(own) else own)


def _with_index_alone(expr: Iverson) -> Iverson:
    """``[p + 1 >= 2]`` as ``[p >= 1]``, ``[N - p > 2]`` as ``[p < N - 2]``, where neither side is an index."""
    left, right = expr.left, expr.right
    if not isinstance(left, IndexValue) or not isinstance(right, IndexValue):
        return expr
    if left.value.as_index or right.value.as_index:
        return expr
    operator, one, other = with_index_alone(expr.operator, left.value, right.value)
    return Iverson(operator, IndexValue(one), IndexValue(other))


def _turned(expr: Expr) -> Expr:
    """``[-a > -b]`` as ``[a < b]``, ``[-a > b]`` as ``[a < -b]``, or as ``[b < -a]`` where ``b`` varies more: it is
    compared with a bound.
    """
    if not isinstance(expr, Iverson) or isinstance(expr.right, Const) or split_coefficient(expr.left)[0] > 0:
        return expr
    operator, left, right = MIRRORED[expr.operator], negated(expr.left), negated(expr.right)
    is_bound = split_coefficient(expr.right)[0] > 0 and _variation(right) > _variation(left)
    return Iverson(operator, expr.right, expr.left) if left == ZERO or is_bound else Iverson(operator, left, right)


def _variation(expr: Expr) -> tuple[int, bool]:
    """How much an expression varies: with how many indices, and whether with any input."""
    return len(free_indices(expr)), any(tensor.role is not Role.CONSTANT for tensor in tensors_read(expr))


def _solved(expr: Iverson) -> Expr:
    for rule in _RULES:
        for side in (expr, Iverson(MIRRORED[expr.operator], expr.right, expr.left)):
            made = rule(side)
            if made is not side:
                return _solved(made) if isinstance(made, Iverson) else made
    return _with_terms_apart(expr)


def _of_one_argument(expr: Iverson) -> Expr:
    """``[min(x, 2) > 1] = [x > 1]``, ``[max(x, 2) > 3] = [x > 3]``, where the other argument decides nothing."""
    pairs: tuple[tuple[Expr, Expr], ...]
    match expr.left:
        case Call(function=function, arguments=(one, other)) if function.name in _EXTREMES:
            extreme, pairs = _EXTREMES[function.name], ((one, other), (other, one))
        case Call(function=function, arguments=(argument,)) if function.name == "relu":
            extreme, pairs = _EXTREMES["max"], ((argument, ZERO),)
        case _:
            return expr
    for argument, beside in pairs:
        decided = simplify(Iverson(expr.operator, beside, expr.right))
        if isinstance(decided, Const):
            # Any of the two suffices, or both have to hold.
            is_idle = decided.value == 0 if expr.operator in extreme else decided.value == 1
            return Iverson(expr.operator, argument, expr.right) if is_idle else decided
    return expr


def _without_positive_factors(expr: Iverson) -> Expr:
    """``[2 exp(u) a > 0] = [a > 0]``, ``[-a > 0] = [a < 0]``"""
    number, rest = split_coefficient(expr.left)
    factors = [factor for factor in factors_of(rest) if not is_positive(factor, ())]
    if expr.right != ZERO or not factors or (number == 1 and len(factors) == len(factors_of(rest))):
        return expr
    return Iverson(expr.operator if number > 0 else MIRRORED[expr.operator], product_of(factors), ZERO)


def _of_exponents(expr: Iverson) -> Expr:
    """``[exp(u) > 1] = [u > 0]``, ``[exp(u) > exp(v)] = [u > v]``"""
    left, right = exponent_of(expr.left), exponent_of(expr.right)
    if left is None or right is None:
        return expr
    return Iverson(expr.operator, left, right)


def _with_number_moved(expr: Iverson) -> Expr:
    """``[2 x + 1 > 5] = [x > 2]``, where both sides have a number."""
    if not isinstance(expr.right, Const) or isinstance(expr.left, Const):
        return expr
    number, rest = split_coefficient(expr.left)
    above = expr.right.value / number
    kept = [term for term in terms_of(rest) if not isinstance(term, Const)]
    shift = sum((term.value for term in terms_of(rest) if isinstance(term, Const)), start=Fraction(0))
    if len(kept) != 1 or (number == 1 and not shift):
        return expr
    return Iverson(expr.operator if number > 0 else MIRRORED[expr.operator], kept[0], Const(above - shift))


def _with_terms_apart(expr: Iverson) -> Iverson:
    """``[a - b > 0]`` as ``[a > b]``, ``[0 < a - b]`` too, ``[-a - b > 0]`` as ``[-a > b]``; ``[a + b > 0]`` as is."""
    if expr.left == ZERO and isinstance(expr.right, Add):
        made = _with_terms_apart(Iverson(MIRRORED[expr.operator], expr.right, ZERO))
        return expr if made.right == ZERO else made
    if expr.right != ZERO or not isinstance(expr.left, Add):
        return expr
    terms = [split_coefficient(term) for term in expr.left.terms]
    positive = [term for term in terms if term[0] > 0]
    if len(positive) == len(terms) and all(rest is not ONE for _, rest in terms):
        return expr
    left = positive if positive and len(positive) < len(terms) else terms[:1]
    right = [(-number, rest) for number, rest in terms if (number, rest) not in left]
    made = Iverson(expr.operator, _sum(left), _sum(right))
    swapped = Iverson(MIRRORED[expr.operator], _sum(right), _sum(left))
    return swapped if isinstance(made.left, Const) else min((made, expr), key=cost)


def _sum(terms: list[tuple[Fraction, Expr]]) -> Expr:
    return scaled(*terms[0]) if len(terms) == 1 else add_of(terms)


_RULES: tuple[Callable[[Iverson], Expr], ...] = (
    _of_one_argument,
    _without_positive_factors,
    _of_exponents,
    _with_number_moved,
)
