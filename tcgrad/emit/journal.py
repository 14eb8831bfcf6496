"""What is made and asked while a statement is lowered: noted, to be made and asked again for statements like it."""

from __future__ import annotations

from dataclasses import field

from tcgrad.emit.arrays import Kind, Node, Operation
from tcgrad.ir.indices import Integer
from tcgrad.records import dataclass

Labels = tuple[int, ...]  # the axes of a node up to the names of the indices that they stand for
Nodes = tuple[Node, ...]
Answer = tuple[Node, Labels] | None  # a node found again, with the labels of its axes
# The operands of a product: serial, whether it divides, and the labels of the axes.
ProductKey = tuple[tuple[int, bool, Labels], ...]
# The terms of a sum: numerator and denominator, serial, and the labels of the axes.
SumKey = tuple[tuple[int, int, int, Labels], ...]


@dataclass(frozen=True)
class Made:
    """A node was made of others, or found to be there."""

    operation: Operation
    takes: Nodes
    shape: tuple[Integer, ...]
    kind: Kind
    gives: Node


@dataclass(frozen=True)
class SumAsked:
    """A sum of these terms was looked for."""

    key: SumKey
    takes: Nodes
    answer: Answer

    @property
    def gives(self) -> Node | None:
        return self.answer and self.answer[0]


@dataclass(frozen=True)
class SumKept:
    """A sum was remembered."""

    key: SumKey
    terms: Nodes
    node: Node
    labels: Labels
    gives: None = None

    @property
    def takes(self) -> Nodes:
        return (*self.terms, self.node)


@dataclass(frozen=True)
class SetsAsked:
    """It was asked of which sets of operands there is a product."""

    takes: Nodes
    masks: list[int]
    gives: None = None


@dataclass(frozen=True)
class ProductAsked:
    """A product of these operands was looked for."""

    key: ProductKey
    takes: Nodes
    wanted: frozenset[int]
    answer: Answer

    @property
    def gives(self) -> Node | None:
        return self.answer and self.answer[0]


@dataclass(frozen=True)
class ProductKept:
    """A product was remembered."""

    key: ProductKey
    operands: Nodes
    node: Node
    labels: Labels
    gives: None = None

    @property
    def takes(self) -> Nodes:
        return (*self.operands, self.node)


@dataclass(frozen=True)
class NewAsked:
    """It was asked whether a node is one of the statement's own."""

    takes: Nodes
    answer: bool
    gives: None = None


# Each takes the nodes that it was done with, and gives the node that came of it.
Entry = Made | SumAsked | SumKept | SetsAsked | ProductAsked | ProductKept | NewAsked


@dataclass
class Journal:
    """The entries of one statement, in order."""

    entries: list[Entry] = field(default_factory=list)

    def made(self, operation: Operation, takes: Nodes, shape: tuple[Integer, ...], kind: Kind, node: Node) -> None:
        """Note that a node was made."""
        self.entries.append(Made(operation, takes, shape, kind, node))
