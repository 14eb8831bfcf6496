"""The nodes of one emitted module.

There is one node for each operation on the same arguments, so that what the forward and the backward pass share is one
node, computed once.
"""

from __future__ import annotations

from dataclasses import field

from tcgrad.emit.arrays import Kind, Node, Operation
from tcgrad.emit.filling import Assemble, Scatter
from tcgrad.emit.journal import Journal, NewAsked
from tcgrad.emit.operations import Broadcast, Full, Leaf, LeviCivita, Plus, Reshape, Slice, Times
from tcgrad.ir.indices import Integer
from tcgrad.records import dataclass


@dataclass
class Graph:
    """The nodes of one emitted module.

    journal: where what is made is noted, while a statement is lowered.
    """

    journal: Journal | None = None
    _known: dict[object, Node] = field(default_factory=dict)
    _before: int = 0  # how many nodes there were before the statement that is lowered

    def begin(self) -> None:
        """Begin another statement."""
        self._before = len(self._known)

    def is_new(self, node: Node) -> bool:
        """Whether a node was made in the statement that is lowered."""
        answer = node.serial >= self._before
        if self.journal is not None:
            self.journal.entries.append(NewAsked((node,), answer))
        return answer

    def make(
        self, operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...], kind: Kind = Kind.FLOAT
    ) -> Node:
        """The node of an operation: the one already there, if the same was made before."""
        key = _key(operation, arguments, shape)
        node = self._known.get(key)
        if node is None:
            serial = len(self._known)
            sources = 0
            for argument in arguments:
                sources |= argument.sources
            if kind is Kind.FLOAT and isinstance(operation, Leaf):
                sources |= 2 << serial
            elif kind is Kind.FLOAT and operation.has_common_dtype:
                sources |= 1
            node = self._known[key] = Node(operation, arguments, shape, kind, serial, sources)
        if self.journal is not None:
            self.journal.made(operation, arguments, shape, kind, node)
        return node


def _key(operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...]) -> object:
    serials = tuple([argument.serial for argument in arguments])
    match operation:
        case Plus():
            return Plus, tuple(sorted(zip(serials, operation.signs, strict=True)))
        case Times():
            cut = operation.numerators
            return Times, tuple(sorted(serials[:cut])), tuple(sorted(serials[cut:]))
        case Leaf():
            return Leaf, operation.tensor.role, operation.tensor.name
        case Reshape() | Full() | Broadcast() | Assemble() | Scatter() | Slice() | LeviCivita():
            return operation, serials, shape
        case _:
            return operation, serials
