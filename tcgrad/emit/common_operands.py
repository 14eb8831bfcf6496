"""Sums of products that have an operand in common: ``A @ X + B @ X`` is ``(A + B) @ X``, one product less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import itemgetter

from tcgrad.emit.arrays import Axes, Node, Value
from tcgrad.emit.operations import Matmul, Tensordot, Transpose
from tcgrad.emit.values import Builder
from tcgrad.ir.indices import Index

Terms = Sequence[tuple[Fraction, Value]]
Plus = Callable[[Terms, Axes], tuple[Fraction, Value]]


def collected(build: Builder, terms: Terms, plus: Plus) -> Terms:
    """The terms of an elementwise sum, products with a common operand as one.

    plus: adds up the other operands, with the order in which their axes are wanted if that costs nothing.

    A product that was there before the statement costs nothing more, and stays; so does one whose other operand is the
    larger one: a sum of matrices costs more than what each of them does to a vector.
    """
    terms = list(terms)
    place = 0
    while place < len(terms):
        alike = next((found for side in (0, 1) if (found := _alike(build, terms, place, side))), None)
        if alike is None:
            place += 1
            continue
        side, places = alike
        made = _joined(build, [terms[k] for k in places], side, plus)
        terms = [made if k == place else term for k, term in enumerate(terms) if k == place or k not in places]
        place = 0
    return terms


def _alike(build: Builder, terms: Terms, place: int, side: int) -> tuple[int, list[int]] | None:
    """The operand's side and the places of the products that share the operand on that side with the one at a place."""
    value = terms[place][1]
    if not _can_join(build, value.node, side):
        return None
    common, other = value.node.arguments[side], value.node.arguments[1 - side]
    places = [
        later
        for later, (_, found) in enumerate(terms[place:], place)
        if found.axes == value.axes
        and found.node.operation == value.node.operation
        and found.node.arguments[side] is common
        and found.node.arguments[1 - side].shape == other.shape
        and build.graph.is_new(found.node)
    ]
    return (side, places) if len(places) > 1 else None


def _can_join(build: Builder, node: Node, side: int) -> bool:
    """Whether a node is a product that the statement made, whose operand on a side is a matrix or more, and not of a
    lower order than the other.
    """
    if not isinstance(node.operation, Matmul | Tensordot):
        return False
    order, other = (len(node.arguments[place].shape) for place in (side, 1 - side))
    return order >= max(2, other) and build.graph.is_new(node)


def _joined(build: Builder, terms: Terms, side: int, plus: Plus) -> tuple[Fraction, Value]:
    """The sum of products that have the operand on a side in common."""
    scale = abs(terms[0][0]) if len({abs(coefficient) for coefficient, _ in terms}) == 1 else Fraction(1)
    value = terms[0][1]
    axes = tuple([Index("i", size) for size in value.node.arguments[1 - side].shape])
    others = [(c / scale, Value(term.node.arguments[1 - side], axes)) for c, term in terms]
    sign, total = plus([(c, _unturned(other) if abs(c) == 1 else other) for c, other in others], axes)
    made = build.aligned(total, axes)
    operands = (value.node.arguments[0], made) if side == 0 else (made, value.node.arguments[1])
    return sign * scale, Value(build.graph.make(value.node.operation, operands, value.node.shape), value.axes)


def _unturned(value: Value) -> Value:
    """The same value of the array that a node shows with its axes in another order: sums are known by arrays."""
    if not isinstance(value.node.operation, Transpose):
        return value
    turned = zip(value.node.operation.order, value.axes, strict=True)
    return Value(value.node.arguments[0], tuple([index for _, index in sorted(turned, key=itemgetter(0))]))
