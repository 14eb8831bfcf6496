"""Building values: nodes whose axes stand for indices, computed from others element by element or by reductions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from tcgrad.emit.graph.arrays import Kind, Node, Operation, Value
from tcgrad.emit.graph.journal import Labels, SumKept, SumKey
from tcgrad.emit.graph.memory_order import short_axis
from tcgrad.emit.graph.nodes import Graph
from tcgrad.emit.graph.operations import (
    Arange,
    Cast,
    Diagonal,
    Mean,
    Number,
    Plus,
    Power,
    Size,
    Slice,
    Sqrt,
    Sum,
    Times,
    Trace,
)
from tcgrad.emit.graph.views import Views
from tcgrad.emit.sizes.fitting import Fitting
from tcgrad.ir.indices import Index, Integer

_ONE = Integer.of(1)
_MOST_LOST = 2  # positions that are computed to no use


class Builder(Views):
    """Makes values in a graph. Every method takes values whose axes are distinct indices.

    fitting: what holds at all sizes for which the code is made.
    """

    def __init__(self, graph: Graph, fitting: Fitting) -> None:
        super().__init__(graph)
        self.fitting = fitting
        self.sums: dict[SumKey, tuple[Node, Labels]] = {}  # elementwise sums by their terms
        self._numbers: dict[tuple[int, int], Node] = {}  # by two whole numbers, which are hashed faster
        self.inverses: set[Node] = set()  # those that are not computed: what they multiply is solved for

    # Scalars

    def number(self, value: Fraction | int) -> Node:
        ratio = value.as_integer_ratio()
        known = self._numbers.get(ratio)
        if known is None:
            known = self._numbers[ratio] = self.graph.make(Number(Fraction(value)), (), (), Kind.SCALAR)
        return known

    def size(self, size: Integer) -> Node:
        known = size.as_number
        return self.number(known) if known is not None else self.graph.make(Size(size), (), (), Kind.SCALAR)

    # Sums built before

    def known_sum(self, key: SumKey, terms: Sequence[tuple[Fraction, Value]]) -> tuple[Node, Labels] | None:
        """The sum of these terms, if it was built before."""
        known = self.sums.get(key)
        if self.graph.journal is not None:
            self.graph.journal.sum_asked(key, tuple([value.node for _, value in terms]), known)
        return known

    def keep_sum(self, key: SumKey, terms: Sequence[tuple[Fraction, Value]], node: Node, labels: Labels) -> None:
        """Keep a sum for `known_sum`."""
        self.sums[key] = node, labels
        if self.graph.journal is not None:
            self.graph.journal.entries.append(SumKept(key, tuple([value.node for _, value in terms]), node, labels))

    # Elementwise

    def as_float(self, node: Node) -> Node:
        """An integer or truth value in the inputs' dtype."""
        if node.kind in (Kind.INT, Kind.BOOL):
            return self.graph.make(Cast(), (node,), node.shape)
        return node

    def combined_axes(self, values: Iterable[Value], hint: Sequence[Index]) -> tuple[Index, ...]:
        """All axes of the values: in the order of the hint if one has it, else in that of the first that has all."""
        values = tuple(values)
        axes = tuple(dict.fromkeys(index for value in values for index in value.axes))
        hinted = tuple(dict.fromkeys((*(index for index in hint if index in axes), *axes)))
        whole = [value.axes for value in values if len(value.axes) == len(axes)]
        return hinted if hinted in whole or not whole else whole[0]

    def times(self, numerators: Sequence[Node], denominators: Sequence[Node] = ()) -> Node:
        """The elementwise product of aligned nodes, divided by others."""
        numerators = self._float_product(numerators, denominators) or [self.number(1)]
        denominators = [self.as_float(node) for node in denominators]
        if len(numerators) == 1 and not denominators:
            return numerators[0]
        mean = self._mean(numerators, denominators)
        if mean is not None:
            return self.times(*mean)
        whole = None if denominators else _wholes(numerators)
        if whole is not None:
            return self._cut(self.times(whole), numerators)
        nodes = (*numerators, *denominators)
        return self.graph.make(Times(len(numerators)), nodes, _broadcast_shape(nodes), _product_kind(nodes))

    def _mean(
        self, numerators: Sequence[Node], denominators: Sequence[Node]
    ) -> tuple[Sequence[Node], Sequence[Node]] | None:
        """The product with a sum over axes divided by their size written as a mean, if there is one."""
        if len(numerators) > 1 or not isinstance(numerators[0].operation, Sum):
            return None
        (total,) = numerators
        axes = total.operation.axes if isinstance(total.operation, Sum) else ()
        sizes = [self.size(total.arguments[0].shape[axis]) for axis in axes]
        rest = list(denominators)
        for size in sizes:
            if size not in rest:
                return None
            rest.remove(size)
        return [self.graph.make(Mean(axes), (total,), total.shape)], rest

    def _float_product(self, numerators: Sequence[Node], denominators: Sequence[Node]) -> list[Node]:
        """Factors of which one at least has the inputs' dtype, unless all are truth values or Python numbers."""
        nodes = (*numerators, *denominators)
        if _product_kind(nodes) is not Kind.FLOAT:
            return list(numerators)
        if any(node.kind is Kind.FLOAT for node in nodes):  # truth values take the dtype of what they multiply
            return [self.as_float(node) if node.kind is Kind.INT else node for node in numerators]
        return [self.as_float(node) for node in numerators]

    def plus(self, nodes: Sequence[Node], signs: Sequence[int]) -> Node:
        """The elementwise sum of aligned nodes, each with its sign; one alone has a plus."""
        if len(nodes) == 1:
            return nodes[0]
        whole = _wholes(nodes)
        if whole is not None:
            return self._cut(self.plus(whole, signs), nodes)
        nodes = tuple(self.as_float(node) for node in nodes)
        kind = Kind.SCALAR if all(node.kind is Kind.SCALAR for node in nodes) else Kind.FLOAT
        return self.graph.make(Plus(tuple(signs)), nodes, _broadcast_shape(nodes), kind)

    def part_of_known(self, operation: Operation, nodes: Sequence[Node]) -> Node | None:
        """What an operation makes of slices, as a part of what it made before of nearly the same arrays, if it did."""
        whole = _wholes(nodes)
        if whole is None:
            return None
        shape = _broadcast_shape(whole)
        if self.graph.holds(operation, tuple(whole), shape, Kind.FLOAT):
            return self._cut(self.graph.make(operation, tuple(whole), shape), nodes)
        known = self.part_of_known(operation, whole)
        return None if known is None else self._cut(known, nodes)

    def _cut(self, whole: Node, slices: Sequence[Node]) -> Node:
        """The part of an array that slices, all of them alike, are of theirs."""
        one = next(node for node in slices if node.shape)
        axis = one.operation.axis if isinstance(one.operation, Slice) else 0
        shape = (*whole.shape[:axis], one.shape[axis], *whole.shape[axis + 1 :])
        return self.graph.make(one.operation, (whole,), shape, whole.kind)

    def power(self, node: Node, exponent: Fraction) -> Node:
        """A power with a positive exponent: products and square roots where the exponent allows it."""
        node = self.as_float(node)
        whole, rest = divmod(exponent, 1)
        if rest == Fraction(1, 2) and whole <= 2:
            root = self.graph.make(Sqrt(), (node,), node.shape, node.kind)
            return self.times([self.power(node, Fraction(whole)), root]) if whole else root
        if rest or whole > 8:
            return self.graph.make(Power(), (node, self.number(exponent)), node.shape, node.kind)
        if whole == 1:
            return node
        half = self.power(node, Fraction(whole // 2))
        return self.times([half, half, node] if whole % 2 else [half, half])

    # Reductions and index values

    def summed(self, value: Value, indices: Iterable[Index]) -> Value:
        """The sum over some of the value's axes."""
        gone = tuple(k for k, index in enumerate(value.axes) if index in set(indices))
        if not gone:
            return value
        node = self.as_float(value.node)
        kept = tuple(index for k, index in enumerate(value.axes) if k not in gone)
        if isinstance(node.operation, Diagonal) and node.operation.labels == (0, 0):
            return Value(self.graph.make(Trace(), node.arguments, ()))
        short = None if isinstance(node.operation, Cast) else short_axis(node, gone)
        if short is not None:
            slices = self.slices(node, short)
            axes = (*value.axes[:short], *value.axes[short + 1 :])
            return self.summed(Value(self.plus(slices, [1] * len(slices)), axes), indices)
        shape = tuple(size for k, size in enumerate(node.shape) if k not in gone)
        return Value(self.graph.make(Sum(gone), (node,), shape), kept)

    def arange(self, index: Index) -> Value:
        """The values of an index, as integers."""
        return Value(self.graph.make(Arange(index.size), (), (index.size,), Kind.INT), (index,))


def _wholes(nodes: Sequence[Node]) -> list[Node] | None:
    """The arrays of which the nodes are nearly all, if all are cut in the same way; scalars as they are.

    What is made of almost all of some arrays is mostly made of all of them somewhere else.
    """
    arrays = [node for node in nodes if node.shape]
    cuts = {(node.operation, node.arguments[0].shape) for node in arrays if isinstance(node.operation, Slice)}
    if len(cuts) != 1 or any(not isinstance(node.operation, Slice) or node.kind is not Kind.FLOAT for node in arrays):
        return None
    ((cut, shape),) = cuts
    size, lost = shape[cut.axis], (shape[cut.axis] - arrays[0].shape[cut.axis]).as_number
    if cut.step.as_number != 1 or lost is None or not 0 < lost <= _MOST_LOST or size.value < _MOST_LOST * 8:
        return None
    return [node.arguments[0] if node.shape else node for node in nodes]


def _broadcast_shape(nodes: Sequence[Node]) -> tuple[Integer, ...]:
    rank = max((len(node.shape) for node in nodes), default=0)
    shape = [_ONE] * rank
    for node in nodes:
        for k, size in enumerate(node.shape, start=rank - len(node.shape)):
            if shape[k].as_number == 1:
                shape[k] = size
    return tuple(shape)


def _product_kind(nodes: Sequence[Node]) -> Kind:
    kinds = {node.kind for node in nodes}
    return kinds.pop() if kinds in ({Kind.BOOL}, {Kind.SCALAR}) else Kind.FLOAT
