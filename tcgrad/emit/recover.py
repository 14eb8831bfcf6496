"""Guarded reads turned back into the deltas that they are the solution of.

``sum_i dy[i]*w[q - 2*i]*[0 <= q - 2*i < K]`` is the closed form for people; for the machine it is
``sum_{i,r} dy[i]*w[r]*delta(q, 2*i + r)``: products of whole arrays, added where ``q`` says.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tcgrad.emit.equalities import affine_parts, is_affine, stays_inside
from tcgrad.ir.indices import Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import Component, Delta, Expr, IndexValue, Iverson
from tcgrad.ir.traversal import free_indices
from tcgrad.simplify.ranges import is_nonnegative

Factor = tuple[Expr, bool]  # with whether it divides


@dataclass(frozen=True)
class Scattered:
    """A product as values that are added at the positions of deltas, and factors that multiply the result."""

    factors: list[Factor]
    deltas: list[Delta]
    summed: list[Index]
    outside: list[Factor]


def scattered(factors: Sequence[Factor], deltas: Sequence[Delta], summed: Sequence[Index]) -> Scattered | None:
    """A product with its guarded reads undone; None if nothing in it is added at positions that deltas tell."""
    guards = [factor for factor, inverted in factors if isinstance(factor, Iverson) and not inverted]
    if not guards and not deltas:
        return None
    inside: list[Factor] = []
    found: list[Delta] = []
    for factor, inverted in factors:
        if not isinstance(factor, Component) or not guards or inverted:
            inside.append((factor, inverted))
            continue
        read, own = _unguarded(factor, guards)
        inside.append((read, inverted))
        found += own
    inside = [(factor, inverted) for factor, inverted in inside if not any(_implied(factor, d) for d in found)]
    compound = [delta for delta in (*found, *deltas) if not (delta.left.as_index and delta.right.as_index)]
    bound = [*summed, *map(_new_index, found)]
    targets = {_target(delta, bound) for delta in compound}
    if not targets or None in targets:
        return None
    outside = [item for item in inside if any(index in targets for index in free_indices(item[0]))]
    if any(index in summed for factor, _ in outside for index in free_indices(factor)):
        return None
    kept = [item for item in inside if item not in outside]
    return Scattered(kept, [*found, *deltas], bound, outside)


def _unguarded(component: Component, guards: Sequence[Expr]) -> tuple[Component, list[Delta]]:
    """The component with a new index in each position that can leave the tensor, and what the new indices equal."""
    positions, deltas = [], []
    for position, size in zip(component.indices, component.tensor.shape, strict=True):
        delta = _delta(position, size, guards)
        positions.append(position if delta is None else _new_index(delta).expr)
        deltas += [] if delta is None else [delta]
    return Component(component.tensor, tuple(positions)), deltas


def _delta(position: Integer, size: Integer, guards: Sequence[Expr]) -> Delta | None:
    """``delta(stride*r, e)`` for a read at ``e``, or at ``e//stride`` where a guard says that it is whole."""
    if not position.indices:
        return None
    quotient = _quotient(position)
    if quotient is not None and any(_is_divisibility(guard, quotient) for guard in guards):
        return Delta(Index("r", size).expr * quotient.divisor, quotient.dividend)
    if is_affine(position) and not stays_inside(position, size):
        return Delta(Index("r", size).expr, position)
    return None


def _new_index(delta: Delta) -> Index:
    return delta.left.indices[0]


def _quotient(position: Integer) -> Quotient | None:
    if len(position.terms) == 1 and position.terms[0][1] == 1 and len(position.terms[0][0]) == 1:
        atom = position.terms[0][0][0]
        return atom if isinstance(atom, Quotient) and is_affine(atom.dividend) else None
    return None


def _is_divisibility(guard: Expr, quotient: Quotient) -> bool:
    remainder = Integer.of(Remainder(quotient.dividend, quotient.divisor))
    match guard:
        case Iverson("==", IndexValue(left), IndexValue(right)):
            return left - right == remainder or right - left == remainder
        case _:
            return False


def _implied(guard: Expr, delta: Delta) -> bool:
    """Whether a guard always holds where the delta is 1: it bounds the expression by the range of the new index."""
    match guard:
        case Iverson("==", IndexValue(), IndexValue()):
            (_, stride), *_ = affine_parts(delta.left)[1].items()
            return _is_divisibility(guard, Quotient(delta.right, stride))
        case Iverson(operator, IndexValue(left), IndexValue(right)) if operator != "!=":
            slack = left - right if operator in (">", ">=") else right - left
            slack = slack - 1 if operator in (">", "<") else slack
            gap = delta.right - delta.left
            return is_nonnegative(slack - gap) or is_nonnegative(slack + gap)
        case _:
            return False


def _target(delta: Delta, bound: Collection[Index]) -> Index | None:
    """The index of the result that the delta is solved for: one that is not summed, with a unit coefficient."""
    difference = delta.left - delta.right
    steps = {index: difference.coefficient(index) for index in difference.indices if index not in bound}
    units = [index for index, step in steps.items() if step is not None and step.as_number in (1, -1)]
    return max(units, key=lambda index: index.serial, default=None)
