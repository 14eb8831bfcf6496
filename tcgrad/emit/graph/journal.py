"""What is made and asked while a statement is lowered: noted, to be made and asked again for statements like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from tcgrad.emit.graph.arrays import Node
from tcgrad.records import dataclass

Labels = tuple[int, ...]  # the axes of a node up to the names of the indices that they stand for
Nodes = tuple[Node, ...]
Answer = tuple[Node, Labels] | None  # a node found again, with the labels of its axes
# The operands of a product: serial, whether it divides, and the labels of the axes.
ProductKey = tuple[tuple[int, bool, Labels], ...]
# The terms of a sum: numerator and denominator, serial, and the labels of the axes.
SumKey = tuple[tuple[int, int, int, Labels], ...]


@dataclass
class Made:
    """A node was made of its arguments, or found to be there.

    is_new: whether it was made, where something hangs on that.
    """

    gives: Node
    is_new: bool | None = None

    @property
    def takes(self) -> Nodes:
        return self.gives.arguments


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
    masks: tuple[int, ...]
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


# Each takes the nodes that it was done with, and gives the node that came of it.
Entry = Made | SumAsked | SumKept | SetsAsked | ProductAsked | ProductKept


@dataclass
class Journal:
    """The entries of one statement, in order: what decides whether the same comes of another one, and no more.

    before: how many nodes there were before the statement.
    """

    before: int
    entries: list[Entry] = field(default_factory=list)
    _made: dict[Node, Made] = field(default_factory=dict)
    _asked: set[Entry] = field(default_factory=set)

    def made(self, node: Node) -> None:
        """Note that a node was made, or found to be there."""
        if node not in self._made:
            entry = self._made[node] = Made(node)
            self.entries.append(entry)

    def new_asked(self, node: Node) -> None:
        """Note that it was asked whether the statement made a node."""
        if node in self._made:  # what it was given was there
            self._made[node].is_new = node.serial >= self.before

    def sets_asked(self, operands: Nodes, masks: Sequence[int]) -> None:
        """Note the sets of operands of which there is a product."""
        old = self._old(operands)
        if len(old) > 1:
            places = [place for place, node in enumerate(operands) if node.serial < self.before]
            self._note(SetsAsked(old, _among(masks, places)))

    def sum_asked(self, key: SumKey, terms: Nodes, answer: Answer) -> None:
        """Note what was found for a sum."""
        if len(self._old(terms)) == len(terms):
            self._note(SumAsked(key, terms, answer))

    def product_asked(self, key: ProductKey, operands: Nodes, wanted: frozenset[int], answer: Answer) -> None:
        """Note what was found for a product."""
        if len(self._old(operands)) == len(operands):
            self._note(ProductAsked(key, operands, wanted, answer))

    def _note(self, asked: Entry) -> None:
        """Note an answer; it is given again for as long as no other one is."""
        if asked not in self._asked:
            self._asked.add(asked)
            self.entries.append(asked)

    def _old(self, nodes: Nodes) -> Nodes:
        """Those that were there before the statement: what is asked of the others hangs on what it did itself."""
        for node in nodes:
            if node.serial >= self.before:
                self.new_asked(node)
        return tuple([node for node in nodes if node.serial < self.before])


def _among(masks: Sequence[int], places: Sequence[int]) -> tuple[int, ...]:
    """The sets that hold operands at some places alone, as sets of these operands."""
    whole = sum([1 << place for place in places])
    inside = [mask for mask in masks if mask | whole == whole]
    return tuple([sum([1 << k for k, place in enumerate(places) if mask >> place & 1]) for mask in inside])
