"""Guards: what is 0 by the indices alone. Where one is 0, what it multiplies need not exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcgrad.ir.indices import Gather, Index, Integer
from tcgrad.ir.nodes import HOLDS, Add, Call, Component, Const, Delta, Expr, IndexValue, Iverson, Mul, Where
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import children, factors_of, sorts_in, tensors_read, terms_of, walk

Slacks = frozenset[Integer]  # what is at least 0

_OF_ARRAYS = frozenset({Component, Call})


def is_structural(expr: Expr) -> bool:
    """True if the value depends on the indices alone, not on any array."""
    return _OF_ARRAYS.isdisjoint(sorts_in(expr))


def is_mask(expr: Expr) -> bool:
    """True for a condition on the indices alone."""
    match expr:
        case Delta():
            return True
        case Iverson():
            return is_structural(expr)
        case _:
            return False


def is_guard(expr: Expr) -> bool:
    """True for a mask, or a sum with masks such as ``[i < j] - [j < i]``: it may be 0 where what it multiplies is not.

    Where it is 0, what it multiplies need not exist.
    """
    match expr:
        case Add() | Mul():
            return is_structural(expr) and any(map(is_guard, children(expr)))
        case _:
            return is_mask(expr)


def slack_of(guard: Expr) -> Integer | None:
    """What must not be negative for a comparison of integers to hold; None for others."""
    if not isinstance(guard, Iverson) or guard.operator in ("==", "!="):
        return None
    left, right = _integer(guard.left), _integer(guard.right)
    if left is None or right is None:
        return None
    slack = left - right if guard.operator[0] == ">" else right - left
    return slack if guard.operator.endswith("=") else slack - 1


def _integer(expr: Expr) -> Integer | None:
    """The integer that an expression is, a component of an integer tensor among them; None for others."""
    match expr:
        case IndexValue(value):
            return value
        case Component(tensor, indices) if not tensor.is_real:
            return Integer.of(Gather(tensor, indices))
        case Const(value) if value.denominator == 1:
            return Integer.of(value.numerator)
        case _:
            return None


def slacks_of(conditions: Iterable[Expr]) -> Slacks:
    """What must not be negative for all of some conditions to hold, so far as they compare integers."""
    parts = (part for condition in conditions for part in _parts_of(condition))
    return frozenset(slack for part in parts if (slack := slack_of(part)) is not None)


def _parts_of(condition: Expr) -> Iterator[Expr]:
    """The conditions that hold wherever one does: ``[[a][b] != 0]`` says both, and ``[[a] + [b] == 0]`` neither."""
    if not isinstance(condition, Iverson) or not isinstance(condition.right, Const):
        yield condition
        return
    factors, terms = factors_of(condition.left), terms_of(condition.left)
    holds = [HOLDS[condition.operator](number, condition.right.value) for number in range(len(terms) + 1)]
    if all(isinstance(each, Iverson | Delta) for each in factors) and holds == [False, True]:
        yield from (part for factor in factors for part in _parts_of(factor))
    elif all(isinstance(each, Iverson) for each in terms) and holds[0] and not any(holds[1:]):
        yield from (part for term in terms if isinstance(term, Iverson) for part in _parts_of(term.opposite))
    else:
        yield condition


def range_slacks(*pairs: tuple[Index, Integer]) -> Slacks:
    """What must not be negative for each value to be in the range of its index."""
    return frozenset(slack for index, value in pairs for slack in (value, index.size - 1 - value))


def branches_of(where: Where) -> tuple[tuple[Expr, Slacks], tuple[Expr, Slacks]]:
    """What is chosen where a condition holds and where not, each with what is at least 0 there."""
    opposite = (where.condition.opposite,) if isinstance(where.condition, Iverson) else ()
    return (where.then, slacks_of(factors_of(where.condition))), (where.otherwise, slacks_of(opposite))


def guarded_reads(expr: Expr, slacks: Slacks = frozenset()) -> Iterator[tuple[Component, Slacks]]:
    """Each component that is read, with what is at least 0 wherever its value matters, as brackets and choices say."""
    match expr:
        case Component():
            yield expr, slacks
        case Mul(parts):
            inner = slacks | slacks_of(parts)
            for part in parts:
                yield from guarded_reads(part, inner)
        case Where(condition):
            yield from guarded_reads(condition, slacks)
            for branch, own in branches_of(expr):
                yield from guarded_reads(branch, slacks | own)
        case _:
            for part in children(expr):
                yield from guarded_reads(part, slacks)


def compared_in(expr: Expr) -> Iterator[Tensor]:
    """The integer tensors in comparisons of integers, deltas among them."""
    for node in walk(expr):
        if isinstance(node, Delta) or slack_of(node) is not None:
            yield from (tensor for tensor in tensors_read(node) if not tensor.is_real)
