"""What is made and asked while a statement is lowered, to be made and asked again for statements like it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tcgrad.emit.arrays import Kind, Node
from tcgrad.emit.operations import VIEWS, Leaf, Number, Operation, Reshape
from tcgrad.ir.indices import Integer
from tcgrad.records import dataclass

if TYPE_CHECKING:
    from tcgrad.emit.built import Built, Key
    from tcgrad.emit.values import Builder, SumKey

_THROUGH = (*VIEWS, Reshape)
Labels = tuple[int, ...]
Nodes = tuple[Node, ...]
Answer = tuple[Node, Labels] | None  # a node found again, with the labels of its axes


class Profile(NamedTuple):
    """What lowering can see of a node: a number for its kind, and the nodes that it may come upon through it.

    Numbers belong to the kind, for they stand for themselves wherever they are met.
    """

    kind: int
    nodes: Nodes


class Profiles:
    """The profiles of nodes: two nodes of one kind differ in nothing but the arrays behind them."""

    def __init__(self, inverses: set[Node]) -> None:
        self._inverses = inverses
        self._known: dict[Node, Profile] = {}
        self._kinds: dict[object, int] = {}

    def of(self, node: Node) -> Profile:
        """The profile of a node; it goes on to what a view is of, and to the matrix that an inverse stands for."""
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = self._made(node)
        return known

    def _made(self, node: Node) -> Profile:
        operation = None if isinstance(node.operation, Leaf) else node.operation
        is_solved = node in self._inverses
        own = operation, node.shape, node.kind, is_solved
        if is_solved or isinstance(operation, _THROUGH):
            (inner,) = map(self.of, node.arguments)
            return Profile(self._kind((own, inner.kind)), (node, *inner.nodes))
        numbers = [inner.operation if isinstance(inner.operation, Number) else None for inner in node.arguments]
        seen = zip(node.arguments, numbers, strict=True)
        inside = [inner for inner, number in seen if number is None]
        return Profile(self._kind((own, *numbers, *((a.shape, a.kind) for a in inside))), (node, *inside))

    def _kind(self, description: object) -> int:
        return self._kinds.setdefault(description, len(self._kinds))


class Replay:
    """Does again what was noted of one statement for another one.

    given: the nodes that the one could see, each with that of the other.
    """

    def __init__(self, build: Builder, built: Built, profiles: Profiles, given: Iterable[tuple[Node, Node]]) -> None:
        self.build = build
        self.built = built
        self.nodes = dict(given)
        self._profiles = profiles

    def those(self, old: Nodes) -> Nodes:
        """What stands for some nodes now."""
        return tuple([self.nodes[node] for node in old])

    def serials(self, old: Nodes) -> list[int]:
        """The same by their numbers."""
        return [self.nodes[node].serial for node in old]

    def sum_key(self, key: SumKey, terms: Nodes) -> SumKey | None:
        """The key of a sum of other terms; None if these stand in another order."""
        serials = self.serials(terms)
        if sorted(serials) != serials:
            return None
        return tuple([(over, under, serial, own) for (over, under, _, own), serial in zip(key, serials, strict=True)])

    def product_key(self, key: Key, operands: Nodes) -> Key | None:
        """The key of a product of other operands; None if these stand in another order."""
        serials = self.serials(operands)
        if sorted(serials) != serials:
            return None
        return tuple([(serial, inverted, own) for (_, inverted, own), serial in zip(key, serials, strict=True)])

    def meets(self, old: Node, new: Node) -> bool:
        """Let a node stand for another from now on; False if a third one does."""
        return self.nodes.setdefault(old, new) is new

    def finds(self, old: Answer, new: Answer) -> bool:
        """Whether an answer is what it was: none, or a node like the one before."""
        if old is None or new is None:
            return old is new
        before, now = self._profiles.of(old[0]), self._profiles.of(new[0])
        return old[1] == new[1] and before.kind == now.kind and all(map(self.meets, before.nodes, now.nodes))


class Entry(Protocol):
    """One thing that was done; ``takes``: the nodes that it was done with."""

    @property
    def takes(self) -> Nodes: ...

    @property
    def gives(self) -> Node | None:
        """The node that came of it."""

    def again(self, replay: Replay) -> bool:
        """Do it; False if not the same comes of it."""


@dataclass(frozen=True)
class Made:
    """A node was made of others, or found to be there."""

    operation: Operation
    takes: Nodes
    shape: tuple[Integer, ...]
    kind: Kind
    gives: Node

    def again(self, replay: Replay) -> bool:
        node = replay.build.graph.make(self.operation, replay.those(self.takes), self.shape, self.kind)
        return replay.meets(self.gives, node)


@dataclass(frozen=True)
class SumAsked:
    """A sum of these terms was looked for."""

    key: SumKey
    takes: Nodes
    answer: Answer

    @property
    def gives(self) -> Node | None:
        return self.answer and self.answer[0]

    def again(self, replay: Replay) -> bool:
        key = replay.sum_key(self.key, self.takes)
        return key is not None and replay.finds(self.answer, replay.build.sums.get(key))


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

    def again(self, replay: Replay) -> bool:
        key = replay.sum_key(self.key, self.terms)
        if key is not None:
            replay.build.sums[key] = replay.nodes[self.node], self.labels
        return key is not None


@dataclass(frozen=True)
class CompanionsAsked:
    """It was asked which sets of operands were in a product before."""

    takes: Nodes
    masks: list[int]
    gives: None = None

    def again(self, replay: Replay) -> bool:
        return replay.built.met(replay.serials(self.takes)) == self.masks


@dataclass(frozen=True)
class GroupAsked:
    """It was asked whether there is a product of these operands."""

    takes: Nodes
    answer: bool
    gives: None = None

    def again(self, replay: Replay) -> bool:
        return replay.built.has_group(replay.serials(self.takes)) == self.answer


@dataclass(frozen=True)
class ProductAsked:
    """A product of these operands was looked for."""

    key: Key
    takes: Nodes
    wanted: frozenset[int]
    answer: Answer

    @property
    def gives(self) -> Node | None:
        return self.answer and self.answer[0]

    def again(self, replay: Replay) -> bool:
        key = replay.product_key(self.key, self.takes)
        return key is not None and replay.finds(self.answer, replay.built.found(key, self.wanted))


@dataclass(frozen=True)
class ProductKept:
    """A product was remembered."""

    key: Key
    operands: Nodes
    node: Node
    labels: Labels
    gives: None = None

    @property
    def takes(self) -> Nodes:
        return (*self.operands, self.node)

    def again(self, replay: Replay) -> bool:
        key = replay.product_key(self.key, self.operands)
        if key is not None:
            replay.built.keep(key, replay.nodes[self.node], self.labels)
        return key is not None


@dataclass
class Journal:
    """The entries of one statement, in order."""

    entries: list[Entry] = field(default_factory=list)

    def made(self, operation: Operation, takes: Nodes, shape: tuple[Integer, ...], kind: Kind, node: Node) -> None:
        """Note that a node was made."""
        self.entries.append(Made(operation, takes, shape, kind, node))

    def numbers(self, given: Nodes, results: Nodes, profiles: Profiles) -> Nodes | None:
        """The numbers among the nodes that were taken; None if another one was neither given nor made or found."""
        known = set(given)
        taken: dict[Node, None] = {}
        for entry in self.entries:
            taken.update(dict.fromkeys(node for node in entry.takes if node not in known))
            if isinstance(entry, Made):
                known.add(entry.gives)
            elif entry.gives is not None:
                known.update(profiles.of(entry.gives).nodes)
        taken.update(dict.fromkeys(node for node in results if node not in known))
        return tuple(taken) if all(isinstance(node.operation, Number) for node in taken) else None
