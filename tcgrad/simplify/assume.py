"""What is known about inputs besides their shape, and what an expression becomes by it.

Rows that lie in the simplex or are one-hot add up to 1, and nothing in them is negative; of one-hot rows all products
but squares are 0; what is drawn positive has a sign, and a product of it can be divided by one factor; what is drawn
positive definite is symmetric.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Literal

from tcgrad.ir.indices import Index
from tcgrad.ir.nodes import ONE, ZERO, Add, Component, Delta, Expr, IndexReduce, IndexSum, Mul
from tcgrad.ir.program import Program
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import factors_of, free_indices, map_children, replace_components, terms_of
from tcgrad.records import dataclass, replace
from tcgrad.simplify.mirror import symmetric_with
from tcgrad.simplify.positive import Signs

Kind = Literal["unit sums", "one hot", "positive", "not negative", "symmetric"]

SIGNS: tuple[Kind, ...] = ("positive", "not negative")

_KINDS: dict[str, tuple[Kind, ...]] = {
    "simplex": ("unit sums", "not negative"),
    "one_hot": ("unit sums", "one hot", "not negative"),
    "positive": ("positive",),
    "spd": ("symmetric",),
}


@dataclass(frozen=True)
class Assumption:
    """Something that holds for an input because of how it is declared to be drawn.

    along: the names of tensors of which the same holds then, for they are made of it.
    """

    tensor: Tensor
    kind: Kind
    along: tuple[str, ...] = ()


Assumptions = tuple[Assumption, ...]  # that hold together


def assumptions_about(program: Program) -> Assumptions:
    """What the declarations of a program's inputs let formulas for people assume."""
    return tuple(
        Assumption(item.tensor, kind, symmetric_with((item.tensor,), program.statements) if kind == "symmetric" else ())
        for item in program.inputs
        for kind in _KINDS.get(item.sample.kind, ())
    )


def jointly(assumptions: Assumptions, program: Program) -> Assumptions:
    """The assumptions as they are where all of them hold: what is made of several symmetric tensors is symmetric."""
    symmetric = [each.tensor for each in assumptions if each.kind == "symmetric"]
    if len(symmetric) < 2:
        return assumptions
    along = symmetric_with(symmetric, program.statements)
    return tuple(replace(each, along=along) if each.kind == "symmetric" else each for each in assumptions)


def assume(expr: Expr, assumptions: Collection[Assumption]) -> Expr:
    """The expression where the assumptions hold; the very same where they change nothing in it. Not simplified."""
    signs: dict[Kind, list[Tensor]] = {"positive": [], "not negative": []}
    for assumption in assumptions:
        change = _CHANGES.get(assumption.kind)
        if change is None:
            signs[assumption.kind].append(assumption.tensor)
        else:
            expr = change(expr, assumption)
    return Signs(signs["positive"], signs["not negative"]).apart(expr)


def _with_unit_sums(expr: Expr, given: Assumption) -> Expr:
    """``sum_c t[b,c] = 1``, for an index that runs over the whole axis; ``sum_c t[b,c] (u + v[c]) = u + ...`` too."""
    made = map_children(expr, lambda part: _with_unit_sums(part, given))
    if not isinstance(made, IndexSum):
        return made
    factors = factors_of(made.body)
    for place, factor in enumerate(factors):
        last = _summed_whole(factor, given.tensor, made)
        others = (*factors[:place], *factors[place + 1 :])
        holding = [other for other in others if last in free_indices(other)]
        if last is None or len(holding) > 1:
            continue
        kept = tuple(index for index in made.indices if index is not last)
        rest = tuple(other for other in others if other not in holding)
        if not holding:
            return _with_unit_sums(_summed(kept, rest), given)
        terms = terms_of(holding[0])
        alone = tuple(term for term in terms if last not in free_indices(term))
        if alone:
            left = tuple(term for term in terms if term not in alone)
            whole = _with_unit_sums(_summed(kept, (Add((ZERO, *alone)), *rest)), given)
            return Add((whole, _summed(made.indices, (factor, Add((ZERO, *left)), *rest))))
    return made


def _summed_whole(factor: Expr, tensor: Tensor, whole: IndexSum) -> Index | None:
    """The last index of a component of the tensor, if it stands there alone, is summed over and runs over the axis."""
    if not isinstance(factor, Component) or factor.tensor != tensor:
        return None
    last = factor.indices[-1].as_index
    if last not in whole.indices or last.size != tensor.shape[-1]:
        return None
    return None if last in free_indices(Component(tensor, factor.indices[:-1])) else last


def _summed(indices: tuple[Index, ...], factors: tuple[Expr, ...]) -> Expr:
    body = Mul((ONE, *factors))
    return IndexSum(indices, body) if indices else body


def _with_one_hots(expr: Expr, given: Assumption) -> Expr:
    """``t[b,c] f(t[b,0], t[b,1], ...)`` is ``t[b,c]`` times the value of ``f`` for 1 at ``c`` and 0 elsewhere."""
    made = map_children(expr, lambda part: _with_one_hots(part, given))
    factors = factors_of(made) if isinstance(made, Mul) else ()
    for place, read in enumerate(factors):
        if isinstance(read, Component) and read.tensor == given.tensor:
            return Mul((read, *(_at_one(other, read) for n, other in enumerate(factors) if n != place)))
    return made


def _at_one(expr: Expr, read: Component) -> Expr:
    """An expression where the component that is read is 1, and so everything else in its row is 0."""
    match expr:
        case Component() if expr.tensor == read.tensor and expr.indices[:-1] == read.indices[:-1]:
            return Delta(expr.indices[-1], read.indices[-1])
        case IndexSum() | IndexReduce() if not set(expr.indices).isdisjoint(free_indices(read)):
            return expr
        case _:
            return map_children(expr, lambda part: _at_one(part, read))


def _as_symmetric(expr: Expr, given: Assumption) -> Expr:
    names = (given.tensor.name, *given.along)

    def marked(read: Component) -> Component:
        if read.tensor.name in names and not read.tensor.symmetric:
            return Component(replace(read.tensor, symmetric=True), read.indices)
        return read

    return replace_components(expr, marked)


_CHANGES: dict[Kind, Callable[[Expr, Assumption], Expr]] = {
    "unit sums": _with_unit_sums,
    "one hot": _with_one_hots,
    "symmetric": _as_symmetric,
}
