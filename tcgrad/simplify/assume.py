"""What is known about inputs besides their shape, and what an expression becomes by it.

Rows that lie in the simplex or are one-hot add up to 1, and nothing in them is negative; what is drawn positive has a
sign, and a product of it can be divided by one factor; what is drawn positive definite is symmetric.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Literal

from tcgrad.ir.nodes import ONE, Component, Expr, IndexSum, Mul
from tcgrad.ir.program import Input
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices, map_children, replace_components
from tcgrad.records import dataclass
from tcgrad.simplify.positive import Signs

Kind = Literal["unit sums", "positive", "not negative", "symmetric"]

_KINDS: dict[str, tuple[Kind, ...]] = {
    "simplex": ("unit sums", "not negative"),
    "one_hot": ("unit sums", "not negative"),
    "positive": ("positive",),
    "spd": ("symmetric",),
}


@dataclass(frozen=True)
class Assumption:
    """Something that holds for an input because of how it is declared to be drawn."""

    tensor: Tensor
    kind: Kind


def assumptions_about(inputs: Iterable[Input]) -> tuple[Assumption, ...]:
    """What the declarations of inputs let formulas for people assume."""
    return tuple(Assumption(item.tensor, kind) for item in inputs for kind in _KINDS.get(item.sample.kind, ()))


def assume(expr: Expr, assumptions: Collection[Assumption]) -> Expr:
    """The expression where the assumptions hold; the very same where they change nothing in it. Not simplified."""
    signs: dict[Kind, list[Tensor]] = {"positive": [], "not negative": []}
    for assumption in assumptions:
        change = _CHANGES.get(assumption.kind)
        if change is None:
            signs[assumption.kind].append(assumption.tensor)
        else:
            expr = change(expr, assumption.tensor)
    return Signs(signs["positive"], signs["not negative"]).apart(expr)


def _with_unit_sums(expr: Expr, tensor: Tensor) -> Expr:
    """``sum_c t[b,c] = 1``, for an index that runs over the whole axis."""
    made = map_children(expr, lambda part: _with_unit_sums(part, tensor))
    if not isinstance(made, IndexSum):
        return made
    factors = factors_of(made.body)
    for place, factor in enumerate(factors):
        others = (*factors[:place], *factors[place + 1 :])
        if isinstance(factor, Component) and factor.tensor == tensor:
            last = factor.indices[-1].as_index
            if last not in made.indices or last.size != tensor.shape[-1]:
                continue
            elsewhere = [*others, Component(tensor, factor.indices[:-1])]
            if not any(last in free_indices(other) for other in elsewhere):
                kept = tuple(index for index in made.indices if index is not last)
                body = Mul((ONE, *others))
                return _with_unit_sums(IndexSum(kept, body) if kept else body, tensor)
    return made


def _as_symmetric(expr: Expr, tensor: Tensor) -> Expr:
    symmetric = replace(tensor, symmetric=True)

    def marked(read: Component) -> Component:
        if read.tensor == tensor and not read.tensor.symmetric:
            return Component(symmetric, read.indices)
        return read

    return replace_components(expr, marked)


_CHANGES: dict[Kind, Callable[[Expr, Tensor], Expr]] = {
    "unit sums": _with_unit_sums,
    "symmetric": _as_symmetric,
}
