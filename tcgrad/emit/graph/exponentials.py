"""Logarithms of sums of exponentials without overflow, and the shares ``exp(u - logsumexp(u))`` of the same sums."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.operations import Apply, Expand, Largest, Plus, Sum
from tcgrad.emit.graph.values import Builder
from tcgrad.functions import FUNCTIONS

_DIFFERENCE, _SUM = (1, -1), (1, 1)


class Logsumexp(NamedTuple):
    """``log(sum(exp(u - m))) + m`` with the largest ``m`` of ``u``: ``array`` is ``u``, ``total`` is that sum.

    axes: those that are summed.
    """

    array: Node
    exponentials: Node
    total: Node
    axes: tuple[int, ...]


def logsumexp(build: Builder, array: Node, axes: tuple[int, ...]) -> Node:
    """The logarithm of the sum of the exponentials of an array along some axes."""
    make = build.graph.make
    shape = tuple([size for k, size in enumerate(array.shape) if k not in axes])
    largest = make(Largest(axes), (array,), shape)
    exponentials = _applied(build, "exp", build.plus((array, _along(build, largest, array, axes)), _DIFFERENCE))
    return build.plus((_applied(build, "log", make(Sum(axes), (exponentials,), shape)), largest), _SUM)


def as_logsumexp(node: Node) -> Logsumexp | None:
    """The parts of what `logsumexp` has made; None for every other array."""
    operation, last = node.operation, node.arguments[-1:]
    if not isinstance(operation, Plus) or operation.signs != _SUM or not isinstance(last[0].operation, Largest):
        return None
    (array,), (total,) = last[0].arguments, node.arguments[0].arguments
    return Logsumexp(array, total.arguments[0], total, last[0].operation.axes)


def share(build: Builder, exponent: Node) -> Node | None:
    """``exp(u - logsumexp(u))`` as a quotient of what the logarithm is made of; None for every other exponent.

    The terms of ``u`` may stand in any order: of what is equal no other rounding makes shares that do not add up to 1.
    """
    if not isinstance(exponent.operation, Plus):
        return None
    own = _terms(exponent)
    for other, sign in own:
        reduced = other.arguments[0] if isinstance(other.operation, Expand) else other
        known = as_logsumexp(reduced) if sign < 0 else None
        if known is None or known.array.shape != exponent.shape:
            continue
        is_along = other is _along(build, reduced, known.array, known.axes)
        if is_along and own - Counter([(other, sign)]) in (Counter([(known.array, 1)]), _terms(known.array)):
            return build.times([known.exponentials], [_along(build, known.total, known.array, known.axes)])
    return None


def _terms(node: Node) -> Counter[tuple[Node, int]]:
    """The terms of a sum of arrays with their signs; none of what is no sum."""
    signs = node.operation.signs if isinstance(node.operation, Plus) else ()
    return Counter(zip(node.arguments, signs, strict=bool(signs)))


def _applied(build: Builder, function: str, argument: Node) -> Node:
    return build.graph.make(Apply(FUNCTIONS[function]), (argument,), argument.shape)


def _along(build: Builder, reduced: Node, array: Node, axes: tuple[int, ...]) -> Node:
    """A view of what an array was reduced to that broadcasts along the axes that are gone."""
    return build.broadcasting(reduced, [k in axes for k in range(len(array.shape))])
