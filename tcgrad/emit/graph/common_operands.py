"""Sums of products that have an operand in common: ``A @ X + B @ X`` is ``(A + B) @ X``, one product less, and
``a*x - b*x`` is ``(a - b)*x``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction

from tcgrad.emit.graph.arrays import Axes, Kind, Node, Value
from tcgrad.emit.graph.memory_order import unturned
from tcgrad.emit.graph.operations import Expand, Matmul, Reshape, Times, Transpose
from tcgrad.emit.graph.values import Builder
from tcgrad.ir.indices import Index, Integer
from tcgrad.records import dataclass

Scaled = tuple[Fraction, Value]
Terms = Sequence[Scaled]
Plus = Callable[[Terms, Axes], Scaled]
Factors = Counter[tuple[Node, bool]]  # how often each stands in a product; True: below the bar


def collected(build: Builder, terms: Terms, plus: Plus) -> Terms:
    """The terms of an elementwise sum, products with a common operand as one.

    plus: adds up the other operands, with the order in which their axes are wanted if that costs nothing.

    A product that was there before the statement costs nothing more, and stays; so does one with a vector in common: a
    sum of matrices costs more than what each of them does to a vector.
    """
    terms = list(terms)
    products = _elementwise(build, terms)
    place = 0
    while place < len(terms):
        joined = _joined(build, terms, place, plus, products)
        if joined is None:
            place += 1
            continue
        places, made = joined
        terms = [made if k == place else term for k, term in enumerate(terms) if k == place or k not in places]
        products = _elementwise(build, terms)
        place = 0
    return terms


def _joined(
    build: Builder, terms: Terms, place: int, plus: Plus, products: _Products
) -> tuple[list[int], Scaled] | None:
    """The places of the products that share an operand with the one at a place, and what they are together."""
    operation = terms[place][1].node.operation
    if isinstance(operation, Times):
        return _with_factors_out(build, terms, place, plus, products)
    if not isinstance(operation, Matmul | Reshape):
        return None
    alike = next((found for side in (0, 1) if (found := _alike(build, terms, place, side))), None)
    if alike is None:
        return None
    side, places = alike
    return places, _product_of_sum(build, [terms[k] for k in places], side, plus)


# Elementwise products


@dataclass(frozen=True)
class _Products:
    """The factors of each elementwise product, by its place, and the places of those that have a factor, in order."""

    factors: dict[int, Factors]
    holding: dict[tuple[Node, bool], list[int]]

    def sharing(self, place: int, terms: Terms) -> dict[int, Factors]:
        """The product at a place, and the later ones over the same axes that share a factor with it."""
        own, axes = self.factors.get(place, Factors()), terms[place][1].axes
        places = {other for factor in own for other in self.holding[factor] if other >= place}
        return {other: self.factors[other] for other in sorted(places) if terms[other][1].axes == axes}


def _elementwise(build: Builder, terms: Terms) -> _Products:
    factors = {place: found for place, (_, value) in enumerate(terms) if (found := _factors(build, value))}
    holding: dict[tuple[Node, bool], list[int]] = {}
    for place, found in factors.items():
        for factor in found:
            holding.setdefault(factor, []).append(place)
    return _Products(factors, holding)


def _with_factors_out(
    build: Builder, terms: Terms, place: int, plus: Plus, products: _Products
) -> tuple[list[int], Scaled] | None:
    """The same for elementwise products that share factors, the rest of each of one shape."""
    first = terms[place][1]
    factors = products.sharing(place, terms)
    if len(factors) < 2:
        return None
    for shared in _shared(factors[place], [own for later, own in factors.items() if later != place]):
        left = {k: own - shared for k, own in factors.items() if shared <= own}
        if _saved(factors, left) <= shared.total():
            continue
        rests = {k: _rest(build, own, first.axes) for k, own in left.items()}
        rests = {k: rest for k, rest in rests.items() if _form(rest) == _form(rests[place])}
        if _saved(factors, {k: left[k] for k in rests}) > shared.total():
            sign, total = plus([(terms[k][0], rest) for k, rest in rests.items()], first.axes)
            made = _product(build, shared + Factors({(build.aligned(total, first.axes), False): 1}))
            return list(rests), (sign, Value(made, first.axes))
    return None


def _shared(own: Factors, others: Sequence[Factors]) -> Iterable[Factors]:
    """What a product has in common with one or more of others, each once."""
    found = {frozenset(shared.items()): shared for other in others if (shared := own & other)}
    return found.values()


def _saved(factors: Mapping[int, Factors], left: Mapping[int, Factors]) -> int:
    """How many operations fewer it takes to work out what is left of products."""
    return sum(_operations(factors[k]) - _operations(own) for k, own in left.items())


def _form(value: Value) -> tuple[Axes, tuple[Integer, ...], Kind]:
    return value.axes, value.node.shape, value.node.kind


def _factors(build: Builder, value: Value) -> Factors:
    """The factors of a product of arrays that the statement made; else none."""
    match value.node.operation:
        case Times(above) if value.axes and build.graph.is_new(value.node):
            return Factors((node, place >= above) for place, node in enumerate(value.node.arguments))
        case _:
            return Factors()


def _operations(factors: Factors) -> int:
    """How many products and quotients of arrays the product takes."""
    above = sum(count for (_, under), count in factors.items() if not under)
    return factors.total() - min(above, 1)


def _rest(build: Builder, factors: Factors, axes: Axes) -> Value:
    """What is left of a product, over those of its axes that it has."""
    node = _product(build, factors)
    own = axes[len(axes) - len(node.shape) :]
    if isinstance(node.operation, Expand):
        own = tuple([index for index, is_new in zip(own, node.operation.new, strict=True) if not is_new])
        node = node.arguments[0]
    return Value(node, own)


def _product(build: Builder, factors: Factors) -> Node:
    above, below = ([node for node, under in factors.elements() if under is side] for side in (False, True))
    return build.times(above, below)


# Products that sum


def _alike(build: Builder, terms: Terms, place: int, side: int) -> tuple[int, list[int]] | None:
    """The operand's side and the places of the products that share the operand on that side with the one at a place."""
    value = terms[place][1]
    product = _in_its_shape(value.node)
    if not _can_join(build, product, side):
        return None
    common, other = product.arguments[side], product.arguments[1 - side]
    places = [
        later
        for later, (_, found) in enumerate(terms[place:], place)
        if found.axes == value.axes
        and (own := _in_its_shape(found.node)).operation == product.operation
        and own.arguments[side] is common
        and own.arguments[1 - side].shape == other.shape
        and build.graph.is_new(own)
    ]
    return (side, places) if len(places) > 1 else None


def _in_its_shape(node: Node) -> Node:
    """A product before several of its axes, which it has as one, are told apart."""
    return node.arguments[0] if isinstance(node.operation, Reshape) else node


def _can_join(build: Builder, node: Node, side: int) -> bool:
    """Whether a node is a product that the statement made, whose operand on a side is more than a vector to it."""
    match node.operation:
        case Matmul():
            kept = node.arguments[side].shape[-2:][side:][:1] if len(node.arguments[side].shape) > 1 else ()
        case _:
            return False
    return any(size.as_number != 1 for size in kept) and build.graph.is_new(node)


def _product_of_sum(build: Builder, terms: Terms, side: int, plus: Plus) -> Scaled:
    """The sum of products that have the operand on a side in common."""
    scale = abs(terms[0][0]) if len({abs(coefficient) for coefficient, _ in terms}) == 1 else Fraction(1)
    value = terms[0][1]
    product = _in_its_shape(value.node)
    axes = tuple([Index("i", size) for size in product.arguments[1 - side].shape])
    others = [(c / scale, Value(_in_its_shape(term.node).arguments[1 - side], axes)) for c, term in terms]
    if not are_turned(others):
        others = [(c, unturned(other) if abs(c) == 1 else other) for c, other in others]
    sign, total = plus(others, axes)
    made = build.aligned(total, axes)
    operands = (product.arguments[0], made) if side == 0 else (made, product.arguments[1])
    whole = build.graph.make(product.operation, operands, product.shape)
    return sign * scale, Value(build.reshaped(whole, value.node.shape), value.axes)


def are_turned(terms: Terms) -> bool:
    """Whether all terms are arrays with their axes in another order."""
    return all(isinstance(value.node.operation, Transpose) for _, value in terms)
