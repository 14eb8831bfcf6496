"""Products that were built before: found again, whatever their indices are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from tcgrad.emit.graph.arrays import Axes, Node, Value
from tcgrad.emit.graph.journal import Journal, Labels, Nodes, ProductKept, ProductKey
from tcgrad.emit.graph.nodes import Graph
from tcgrad.ir.indices import Index
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Operand:
    """A factor of a product; ``inverted``: the product is divided by it."""

    value: Value
    inverted: bool = False


@dataclass
class Built:
    """The products that were built in a graph; what is asked about them is noted in its journal, if it keeps one."""

    graph: Graph
    _known: dict[ProductKey, dict[Labels, tuple[Node, Labels]]] = field(default_factory=dict)
    _groups: set[Labels] = field(default_factory=set)
    _companions: dict[int, set[int]] = field(default_factory=dict)  # for an operand's serial those multiplied by it

    def continued(self) -> Built:
        """The same products, to which others come."""
        known = {key: {**products} for key, products in self._known.items()}
        return Built(self.graph, known, {*self._groups}, {own: {*others} for own, others in self._companions.items()})

    def sets(self, nodes: Nodes) -> tuple[int, ...]:
        """The sets of two and more operands of which a product was built before, under whatever indices."""
        masks = []
        serials = [node.serial for node in nodes]
        for k, serial in enumerate(serials):
            near, others = self._companions.get(serial), serials[k + 1 :]
            if near is None or near.isdisjoint(others):  # only sets of these are looked up
                continue
            rest = part = sum([1 << j for j, other in enumerate(others, k + 1) if other in near])
            while part:
                members = [other for j, other in enumerate(others, k + 1) if part >> j & 1]
                if tuple(sorted([serial, *members])) in self._groups:
                    masks.append(1 << k | part)
                part = (part - 1) & rest
        return tuple(sorted(masks))

    def found(self, key: ProductKey, wanted: frozenset[int]) -> tuple[Node, Labels] | None:
        """The product of these operands with the fewest axes of those that have the axes ``wanted``."""
        found = [known for known in self._known.get(key, {}).values() if wanted.issubset(known[1])]
        return min(found, key=lambda known: len(known[1]), default=None)

    def keep(self, key: ProductKey, node: Node, labels: Labels) -> None:
        """Keep a product for `found`."""
        group = tuple([serial for serial, _, _ in key])
        self._groups.add(group)
        for place, serial in enumerate(group):
            self._companions.setdefault(serial, set()).update(group[:place], group[place + 1 :])
        self._known.setdefault(key, {}).setdefault(tuple(sorted(labels)), (node, labels))

    def sets_known(self, operands: Sequence[Operand]) -> tuple[int, ...]:
        """The same as `sets`, of operands."""
        nodes = _nodes(operands)
        masks = self.sets(nodes)
        if self._journal is not None:
            self._journal.sets_asked(nodes, masks)
        return masks

    def known(self, operands: Sequence[Operand], kept: Axes) -> Value | None:
        """The product of operands that are such a set, if it was built with the indices kept, or more of them."""
        ordered = _ordered(operands)
        key, labels = _key(ordered)
        wanted = frozenset([labels[index] for index in kept])
        found = self.found(key, wanted)
        if self._journal is not None:
            self._journal.product_asked(key, _nodes(ordered), wanted, found)
        if found is None:
            return None
        index_of = {label: index for index, label in labels.items()}
        return Value(found[0], tuple([index_of[label] for label in found[1]]))

    def remember(self, operands: Sequence[Operand], value: Value) -> None:
        """Keep a product for `known`."""
        ordered = _ordered(operands)
        key, labels = _key(ordered)
        own = tuple([labels[index] for index in value.axes])
        self.keep(key, value.node, own)
        if self._journal is not None:
            self._journal.entries.append(ProductKept(key, _nodes(ordered), value.node, own))

    @property
    def _journal(self) -> Journal | None:
        return self.graph.journal


def _nodes(operands: Sequence[Operand]) -> Nodes:
    return tuple([operand.value.node for operand in operands])


def _ordered(operands: Sequence[Operand]) -> list[Operand]:
    return sorted(operands, key=lambda operand: (operand.value.node.serial, operand.inverted))


def _key(ordered: Sequence[Operand]) -> tuple[ProductKey, dict[Index, int]]:
    labels: dict[Index, int] = {}
    parts = []
    for operand in ordered:
        own = tuple([labels.setdefault(index, len(labels)) for index in operand.value.axes])
        parts.append((operand.value.node.serial, operand.inverted, own))
    return tuple(parts), labels
