"""What is known about inputs besides their shape, and what an expression becomes by it.

Rows that lie in the simplex or are one-hot add up to 1; what is drawn positive has a sign, and a product of it can be
divided by one factor; what is drawn positive definite is symmetric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

from tcgrad.ir.nodes import (
    MINUS_ONE,
    ONE,
    Call,
    Component,
    Const,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.program import Input
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices, map_children, replace_components, substitute
from tcgrad.records import dataclass

Kind = Literal["unit sums", "positive", "symmetric"]

_KINDS: dict[str, Kind] = {
    "simplex": "unit sums",
    "one_hot": "unit sums",
    "positive": "positive",
    "spd": "symmetric",
}
_HOLDS_FOR_POSITIVE = {">": True, ">=": True, "!=": True, "<": False, "<=": False, "==": False}


@dataclass(frozen=True)
class Assumption:
    """Something that holds for an input because of how it is declared to be drawn."""

    tensor: Tensor
    kind: Kind


def assumptions_about(inputs: Iterable[Input]) -> tuple[Assumption, ...]:
    """What the declarations of inputs let formulas for people assume."""
    return tuple(Assumption(item.tensor, _KINDS[item.sample.kind]) for item in inputs if item.sample.kind in _KINDS)


def assume(expr: Expr, assumption: Assumption) -> Expr:
    """The expression where the assumption holds; the very same where it says nothing about it. Not simplified."""
    change = _CHANGES[assumption.kind]
    return change(expr, assumption.tensor)


def _with_unit_sums(expr: Expr, tensor: Tensor) -> Expr:
    """``sum_c t[b,c] = 1``"""
    made = map_children(expr, lambda part: _with_unit_sums(part, tensor))
    factors = made.body.factors if isinstance(made, IndexSum) and isinstance(made.body, Mul) else None
    for place, factor in enumerate(factors or (made.body,) if isinstance(made, IndexSum) else ()):
        others = (*factors[:place], *factors[place + 1 :]) if factors else ()
        if isinstance(factor, Component) and factor.tensor == tensor and isinstance(made, IndexSum):
            last = factor.indices[-1].as_index
            elsewhere = [*others, Component(tensor, factor.indices[:-1])]
            if last in made.indices and not any(last in free_indices(other) for other in elsewhere):
                kept = tuple(index for index in made.indices if index is not last)
                body = Mul((ONE, *others))
                return _with_unit_sums(IndexSum(kept, body) if kept else body, tensor)
    return made


def _with_signs(expr: Expr, tensor: Tensor) -> Expr:
    """
    ``abs(x) = x``, ``sign(x) = 1``, ``[x > 0] = 1``, ``(x^a)^b = x^(a b)``, ``(x y)^a = x^a y^a``,
    ``prod_(j != p) x[j] = prod_j x[j] / x[p]``.
    """
    made = map_children(expr, lambda part: _with_signs(part, tensor))
    match made:
        case Call(function=function, arguments=(argument,)) if _is_read(argument, tensor):
            return {"abs": argument, "relu": argument, "sign": ONE}.get(function.name, made)
        case Iverson(operator=operator, left=left, right=Const(value=0)) if _is_read(left, tensor):
            return ONE if _HOLDS_FOR_POSITIVE[operator] else Const(ONE.value - 1)
        case Pow(base=Pow(base=base, exponent=inner), exponent=outer) if _is_positive(base, tensor):
            return Pow(base, Mul((inner, outer)))
        case Pow(base=Mul(factors=factors), exponent=exponent) if any(_is_positive(f, tensor) for f in factors):
            rest = Mul((ONE, *(factor for factor in factors if not _is_positive(factor, tensor))))
            roots = [_with_signs(Pow(factor, exponent), tensor) for factor in factors if _is_positive(factor, tensor)]
            return Mul((*roots, Pow(rest, exponent)))
        case IndexReduce(kind="prod", body=Where() as choice) if _is_read(choice.otherwise, tensor):
            return _without_one_factor(made, choice) or made
        case _:
            return made


def _is_read(expr: Expr, tensor: Tensor) -> bool:
    return isinstance(expr, Component) and expr.tensor == tensor


def _is_positive(expr: Expr, tensor: Tensor) -> bool:
    """Whether a value is seen to be positive where those of a tensor are."""
    match expr:
        case Component():
            return expr.tensor == tensor
        case IndexSum() | IndexReduce(kind="prod" | "max" | "min"):
            return _is_positive(expr.body, tensor)
        case Pow():
            return _is_positive(expr.base, tensor)
        case Mul():
            return all(_is_positive(factor, tensor) for factor in expr.factors)
        case Const():
            return expr.value > 0
        case IndexValue():
            return not expr.value.indices
        case _:
            return False


def _without_one_factor(expr: IndexReduce, choice: Where) -> Expr | None:
    """``prod_j where(j == p, 1, x[j])`` as a quotient, where the condition fixes every index."""
    conditions = factors_of(choice.condition)
    at = {}
    for condition in conditions:
        match condition:
            case Iverson(operator="==", left=IndexValue(value=left), right=IndexValue(value=right)):
                for own, other in ((left, right), (right, left)):
                    if own.as_index in expr.indices:
                        at[own.as_index] = other
            case _:
                return None
    if choice.then != ONE or set(at) != set(expr.indices) or len(conditions) != len(at):
        return None
    factor = substitute(choice.otherwise, {index: to for index, to in at.items() if index is not None})
    return Mul((IndexReduce("prod", expr.indices, choice.otherwise), Pow(factor, MINUS_ONE)))


def _as_symmetric(expr: Expr, tensor: Tensor) -> Expr:
    symmetric = replace(tensor, symmetric=True)

    def marked(read: Component) -> Component:
        if read.tensor == tensor and not read.tensor.symmetric:
            return Component(symmetric, read.indices)
        return read

    return replace_components(expr, marked)


_CHANGES: dict[Kind, Callable[[Expr, Tensor], Expr]] = {
    "unit sums": _with_unit_sums,
    "positive": _with_signs,
    "symmetric": _as_symmetric,
}
