"""What was noted of one statement, done again for another one over other arrays."""

from __future__ import annotations

from collections.abc import Iterable

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.built import Built
from tcgrad.emit.graph.journal import (
    Answer,
    Entry,
    Journal,
    Made,
    Nodes,
    ProductAsked,
    ProductKept,
    ProductKey,
    SetsAsked,
    SumAsked,
    SumKept,
    SumKey,
)
from tcgrad.emit.graph.operations import Number
from tcgrad.emit.graph.values import Builder
from tcgrad.emit.lowering.profiles import Profiles


class Replay:
    """Does again what was noted of one statement for another one.

    given: the nodes that the one could see, each with that of the other.
    """

    def __init__(self, build: Builder, built: Built, profiles: Profiles, given: Iterable[tuple[Node, Node]]) -> None:
        self._build = build
        self._built = built
        self.nodes = dict(given)
        self._profiles = profiles

    def again(self, entry: Entry) -> bool:
        """Do what an entry notes; False if not the same comes of it."""
        match entry:
            case Made(node, is_new):
                made = self._build.graph.made(node.form, self._those(node.arguments))
                return self._meets(node, made) and is_new in (None, self._build.graph.is_new(made))
            case SumAsked(key, takes, answer):
                own = self._sum_key(key, takes)
                return own is not None and self._finds(answer, self._build.sums.get(own))
            case SumKept(key, terms, node, labels):
                own = self._sum_key(key, terms)
                if own is not None:
                    self._build.sums[own] = self.nodes[node], labels
                return own is not None
            case SetsAsked(takes, masks):
                return self._built.sets(self._those(takes)) == masks
            case ProductAsked(key, takes, wanted, answer):
                product = self._product_key(key, takes)
                return product is not None and self._finds(answer, self._built.found(product, wanted))
            case ProductKept(key, operands, node, labels):
                product = self._product_key(key, operands)
                if product is not None:
                    self._built.keep(product, self.nodes[node], labels)
                return product is not None

    def _those(self, old: Nodes) -> Nodes:
        """What stands for some nodes now."""
        return tuple([self.nodes[node] for node in old])

    def _serials(self, old: Nodes) -> list[int]:
        """The same by their numbers."""
        return [self.nodes[node].serial for node in old]

    def _sum_key(self, key: SumKey, terms: Nodes) -> SumKey | None:
        """The key of a sum of other terms; None if these stand in another order."""
        serials = self._serials(terms)
        if sorted(serials) != serials:
            return None
        return tuple([(over, under, serial, own) for (over, under, _, own), serial in zip(key, serials, strict=True)])

    def _product_key(self, key: ProductKey, operands: Nodes) -> ProductKey | None:
        """The key of a product of other operands; None if these stand in another order."""
        serials = self._serials(operands)
        if sorted(serials) != serials:
            return None
        return tuple([(serial, inverted, own) for (_, inverted, own), serial in zip(key, serials, strict=True)])

    def _meets(self, old: Node, new: Node) -> bool:
        """Let a node stand for another from now on; False if a third one does."""
        return self.nodes.setdefault(old, new) is new

    def _finds(self, old: Answer, new: Answer) -> bool:
        """Whether an answer is what it was: none, or a node like the one before."""
        if old is None or new is None:
            return old is new
        before, now = self._profiles.of(old[0]), self._profiles.of(new[0])
        return old[1] == new[1] and before.kind == now.kind and all(map(self._meets, before.nodes, now.nodes))


def numbers_taken(journal: Journal, given: Nodes, results: Nodes, profiles: Profiles) -> Nodes | None:
    """The numbers among the nodes that were taken; None if another one was neither given nor made or found."""
    known = set(given)
    taken: list[Node] = []
    for entry in journal.entries:
        taken += [node for node in entry.takes if node not in known]
        if isinstance(entry, Made):
            known.add(entry.gives)
        elif entry.gives is not None:
            known.update(profiles.of(entry.gives).nodes)
    taken += [node for node in results if node not in known]
    return tuple(dict.fromkeys(taken)) if all(isinstance(node.operation, Number) for node in taken) else None
