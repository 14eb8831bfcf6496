"""The nodes of one emitted module.

There is one node for each operation on the same arguments, so that what the forward and the backward pass share is one
node, computed once.
"""

from __future__ import annotations

from dataclasses import field

from tcgrad.emit.graph.arrays import Form, Kind, Node, Operation
from tcgrad.emit.graph.filling import Assemble, Scatter
from tcgrad.emit.graph.journal import Journal
from tcgrad.emit.graph.operations import Broadcast, Full, Leaf, LeviCivita, Plus, Reshape, Slice, Times
from tcgrad.ir.indices import Integer
from tcgrad.records import dataclass


@dataclass
class Graph:
    """The nodes of one emitted module.

    journal: where what is made is noted, while a statement is lowered.
    """

    journal: Journal | None = None
    _forms: dict[object, Form] = field(default_factory=dict)
    _stems: dict[object, int] = field(default_factory=dict)
    _known: dict[object, Node] = field(default_factory=dict)
    _before: int = 0  # how many nodes there were before the statement that is lowered

    def begin(self) -> None:
        """Begin another statement."""
        self._before = len(self._known)

    def is_new(self, node: Node) -> bool:
        """Whether a node was made in the statement that is lowered."""
        if self.journal is not None:
            self.journal.new_asked(node)
        return node.serial >= self._before

    def noting(self) -> Journal:
        """Let all that is done for the statement that is lowered be noted, until the journal is taken away."""
        self.journal = Journal(self._before)
        return self.journal

    def make(
        self, operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...], kind: Kind = Kind.FLOAT
    ) -> Node:
        """The node of an operation: the one already there, if the same was made before."""
        node = self.made(self._form(operation, shape, kind), arguments)
        if self.journal is not None:
            self.journal.made(node)
        return node

    def holds(self, operation: Operation, arguments: tuple[Node, ...], shape: tuple[Integer, ...], kind: Kind) -> bool:
        """Whether a node was made before."""
        key = _key(self._form(operation, shape, kind), tuple([argument.serial for argument in arguments]))
        return key in self._known

    def made(self, form: Form, arguments: tuple[Node, ...]) -> Node:
        """The same for the form of a node that there is: what that one is of its own arguments."""
        key = _key(form, tuple([argument.serial for argument in arguments]))
        node = self._known.get(key)
        if node is None:
            serial = len(self._known)
            sources = 0
            for argument in arguments:
                sources |= argument.sources
            if form.kind is Kind.FLOAT and isinstance(form.operation, Leaf):
                sources |= 2 << serial
            elif form.kind is Kind.FLOAT and form.operation.has_common_dtype:
                sources |= 1
            node = self._known[key] = Node(form, arguments, serial, sources)
        return node

    def _form(self, operation: Operation, shape: tuple[Integer, ...], kind: Kind) -> Form:
        key = operation, shape, kind
        form = self._forms.get(key)
        if form is None:
            stem = self._stems.setdefault(_stem(operation, shape), len(self._stems))
            form = self._forms[key] = Form(operation, shape, kind, stem)
        return form


def _stem(operation: Operation, shape: tuple[Integer, ...]) -> object:
    """What tells arrays made of the same ones by an operation from others: most operations tell the shape, too."""
    match operation:
        case Leaf():
            return Leaf, operation.tensor.role, operation.tensor.name
        case Reshape() | Full() | Broadcast() | Assemble() | Scatter() | Slice() | LeviCivita():
            return operation, shape
        case _:
            return operation


def _key(form: Form, serials: tuple[int, ...]) -> object:
    """What one array has alone; sums and products are the same in any order."""
    match form.operation:
        case Plus(signs):
            return Plus, tuple(sorted(zip(serials, signs, strict=True)))
        case Times(numerators):
            return Times, tuple(sorted(serials[:numerators])), tuple(sorted(serials[numerators:]))
        case _:
            return form.stem, serials
