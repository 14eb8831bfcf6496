"""From index notation to arrays without indices: the indices move from the components to the products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import assert_never

from tcgrad.ir.indices import Index
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
    const,
)
from tcgrad.ir.program import Define
from tcgrad.ir.substitution import bind_apart
from tcgrad.ir.traversal import children, free_indices, rebuild, walk
from tcgrad.notation.arrays import contractions as forms
from tcgrad.notation.arrays.contractions import Axes, Contraction, Form, Operand, Symbol, Total
from tcgrad.notation.raising.reads import held_axes, why_not_plain
from tcgrad.notation.raising.refusal import Refusal
from tcgrad.notation.raising.terms import Operand as Factor
from tcgrad.notation.raising.terms import flatten, joins


def raise_contractions(define: Define) -> Form | Refusal:
    """The right side as an array with the axes of the left side, or why there is none."""
    body = _with_deltas(bind_apart(define.body))
    reason = next((reason for node in walk(body) if (reason := _why_not(node))), None)
    return over(body, define.free) if reason is None else Refusal(reason)


def _with_deltas(expr: Expr) -> Expr:
    """Brackets that compare two indices are deltas: ``[i = j]`` is one, ``[i != j]`` is 1 without it."""
    parts = children(expr)
    match expr:
        case Where(condition=Iverson("!=", left, right)) if (same := _delta_of(left, right)) is not None:
            return Where(same, _with_deltas(expr.otherwise), _with_deltas(expr.then))
        case Iverson("==", left, right) if (same := _delta_of(left, right)) is not None:
            return same
        case Iverson("!=", left, right) if (same := _delta_of(left, right)) is not None:
            return Add((ONE, Mul((MINUS_ONE, same))))
        case _:
            return rebuild(expr, tuple(map(_with_deltas, parts))) if parts else expr


def _delta_of(left: Expr, right: Expr) -> Delta | None:
    if not isinstance(left, IndexValue) or not isinstance(right, IndexValue):
        return None
    delta = Delta(left.value, right.value)
    return delta if joins(delta) else None


def _why_not(node: Expr) -> str | None:
    match node:
        case Component():
            return why_not_plain(node)
        case Delta() if not joins(node):
            return "a delta has a position that is no plain index"
        case IndexValue(value=value) if value.indices:
            return f"the index {value.indices[0].name} is used as a number"
        case _:
            return None


def over(expr: Expr, axes: Axes) -> Form:
    """The array of an expression whose free indices are among ``axes``, with exactly these axes."""
    free = free_indices(expr)
    own = tuple(index for index in axes if index in free)
    if expr == ZERO and axes:
        return forms.Zeros(axes)
    return _with_axes(_exact(expr, own), own, axes)


def _with_axes(form: Form, own: Axes, axes: Axes) -> Form:
    """The same array with other axes: in another order, or repeated along those that it lacks."""
    match form:
        case _ if own == axes:
            return form
        case Contraction():
            return Contraction(form.operands, axes)
        case Total(terms=((sign, term),)):
            return Total(((sign, _with_axes(term, own, axes)),))
        case _:
            return Contraction((Operand(form, own),), axes)


def _exact(expr: Expr, axes: Axes) -> Form:
    """The array of an expression whose free indices are ``axes``."""
    match expr:
        case Const():
            return expr if expr.value >= 0 else Total(((-1, Const(-expr.value)),))
        case IndexValue():
            return forms.Size(expr.value)
        case Component():
            positions = _plain_axes(expr)
            return _with_axes(Symbol(expr.tensor, held_axes(expr)), positions, axes)
        case Delta() if len(axes) < 2:
            return _with_axes(ONE, (), axes)
        case Delta():
            return _with_axes(_delta(expr), _ends(expr), axes)
        case Add():
            return Total(tuple(_signed(term, axes) for term in expr.terms))
        case Pow(exponent=Const(value=n)) if n >= 0:
            return _raised_power(over(expr.base, axes), n)
        case Pow(exponent=Const(value=n)):
            return forms.Reciprocal(_raised_power(over(expr.base, axes), -n))
        case Pow():
            return forms.Power(*_elementwise((expr.base, expr.exponent), axes))
        case Call():
            return forms.Apply(expr.function, tuple(_elementwise(expr.arguments, axes)))
        case Iverson():
            return forms.Compare(expr.operator, *_elementwise((expr.left, expr.right), axes))
        case Where():
            return forms.Choose(*_elementwise((expr.condition, expr.then, expr.otherwise), axes))
        case IndexReduce():
            inner = (*axes, *expr.indices)
            return forms.Reduction(expr.kind, Operand(over(expr.body, inner), inner), axes)
        case Mul() | IndexSum():
            return _raised_product(expr, axes)
        case _:
            assert_never(expr)


def _elementwise(parts: Iterable[Expr], axes: Axes) -> Iterator[Form]:
    """Operands of an elementwise function: each over all the axes, scalars as they are."""
    return (over(part, axes if free_indices(part) else ()) for part in parts)


def _signed(term: Expr, axes: Axes) -> tuple[int, Form]:
    """A term of a sum: over all the axes unless it is a scalar."""
    match over(term, axes if free_indices(term) else ()):
        case Total(terms=((sign, form),)):
            return sign, form
        case form:
            return 1, form


def _raised_power(base: Form, exponent: Fraction) -> Form:
    return base if exponent == 1 else forms.Power(base, Const(exponent))


def _raised_product(expr: Expr, axes: Axes) -> Form:
    """A product under sums; its number in front, a minus sign before that."""
    term = flatten(expr)
    number = Fraction(1)
    operands: list[Operand] = []
    for operand in _with_squares(term.operands):
        if isinstance(operand.expr, Const):
            number = number / operand.expr.value if operand.divides else number * operand.expr.value
        elif not isinstance(operand.expr, Delta) or operand.expr.left != operand.expr.right:
            operands.append(_operand(operand.expr, divides=operand.divides))
    lone = [index for index in term.summed if not any(index in operand.axes for operand in operands)]
    operands = [*(Operand(forms.Size(index.size), ()) for index in lone), *operands]
    if abs(number) != 1 or not operands:
        operands.insert(0, Operand(Const(abs(number)), ()))
    alone = operands[0] if len(operands) == 1 and not term.summed else None
    whole = _with_axes(alone.form, alone.axes, axes) if alone else Contraction(tuple(operands), axes)
    return whole if number > 0 else Total(((-1, whole),))


def _with_squares(given: Sequence[Factor]) -> Iterator[Factor]:
    """The factors, a sum that stands beside itself as its square."""
    rest = list(given)
    while rest:
        factor = rest.pop(0)
        if rest and isinstance(factor.expr, Add) and rest[0] == factor:
            rest.pop(0)
            factor = Factor(Pow(factor.expr, const(2)), factor.divides)
        yield factor


def _operand(expr: Expr, *, divides: bool) -> Operand:
    """A factor with its axes in the order in which they come."""
    match expr:
        case Component():
            operand = Operand(Symbol(expr.tensor, held_axes(expr)), _plain_axes(expr))
        case Delta():
            operand = Operand(_delta(expr), _ends(expr))
        case _:
            axes = free_indices(expr)
            operand = Operand(_exact(expr, axes), axes)
    return Operand(forms.Reciprocal(operand.form), operand.axes) if divides else operand


def _plain_axes(expr: Component) -> Axes:
    return tuple(index for position in expr.indices if (index := position.as_index) is not None)


def _delta(expr: Delta) -> Form:
    return forms.Delta(_ends(expr)[0].size)


def _ends(expr: Delta) -> tuple[Index, ...]:
    return tuple(index for side in (expr.left, expr.right) if (index := side.as_index) is not None)
