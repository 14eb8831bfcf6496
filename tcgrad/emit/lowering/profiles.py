"""What lowering can see of nodes and definitions: two of one profile are lowered in the same way."""

from __future__ import annotations

from typing import NamedTuple

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.distances import row_differences
from tcgrad.emit.graph.exponentials import as_logsumexp
from tcgrad.emit.graph.journal import Nodes
from tcgrad.emit.graph.operations import Leaf
from tcgrad.emit.lowering.definitions import Definition


class Profile(NamedTuple):
    """What lowering can see of something: a number for its kind, and the nodes that it may come upon through it.

    Numbers belong to the kind, for they stand for themselves wherever they are met.
    """

    kind: int
    nodes: Nodes


class Profiles:
    """The profiles of nodes and of definitions: two of one kind differ in nothing but the arrays behind them."""

    def __init__(self, inverses: set[Node]) -> None:
        self._inverses = inverses
        self._known: dict[Node, Profile] = {}
        self._defined: dict[Definition, Profile | None] = {}
        self._kinds: dict[object, int] = {}

    def of(self, node: Node) -> Profile:
        """The profile of a node; it goes on to what a view is of, and to the matrix that an inverse stands for."""
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._made(node)
        return known

    def of_definition(self, definition: Definition) -> Profile | None:
        """That of a definition, by the nodes of its terms; None where more than they decides how it is read."""
        if definition not in self._defined:
            self._defined[definition] = self._made_of(definition)
        return self._defined[definition]

    def _made_of(self, definition: Definition) -> Profile | None:
        if definition.pattern is None or definition.has_zeros_around:
            return None
        parts = [self.of(node) for node in definition.nodes]
        kind = self._kind((definition.pattern, *(part.kind for part in parts)))
        return Profile(kind, tuple([node for part in parts for node in part.nodes]))

    def _made(self, node: Node) -> Profile:
        is_solved = node in self._inverses
        operation = node.operation
        own = operation, node.shape, node.kind, is_solved
        if is_solved or operation.is_view or operation.is_view_in_order:
            (inner,) = map(self.of, node.arguments)
            return Profile(self._kind((own, inner.kind)), (node, *inner.nodes))
        logarithm = as_logsumexp(node)
        if logarithm is not None:
            array, exponentials, total, axes = logarithm
            return Profile(self._kind((own, axes, array.shape)), (node, array, exponentials, total))
        rows = row_differences(node)
        if rows is not None:
            shapes = rows.left.shape, rows.right.shape
            return Profile(self._kind((own, rows.places, *shapes)), (node, rows.left, rows.right))
        if operation.is_looked_into:
            (array,) = node.arguments
            return Profile(self._kind((own, array.shape, array.kind)), (node, array))
        is_array = bool(node.arguments) or isinstance(operation, Leaf)
        return Profile(self._kind((None, node.shape, node.kind) if is_array else own), (node,))

    def _kind(self, description: object) -> int:
        return self._kinds.setdefault(description, len(self._kinds))
