"""Which arrays hold integers where the arguments of the emitted function do: floats cannot be written over those."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import field

from tcgrad.emit.graph.arrays import Kind, Node
from tcgrad.emit.graph.operations import Apply, Leaf, Linalg, Mean, MinusInfinity, Number, Power, Sqrt, Times
from tcgrad.emit.graph.uses import needed_nodes
from tcgrad.records import dataclass


@dataclass(frozen=True)
class NoIntegers:
    """An array that must not hold integers where floats are ``beside`` it, or in any case.

    Something is computed in its memory, or it is raised to powers, which may be negative.
    """

    array: Node
    beside: Sequence[Node] | None = None


@dataclass
class WholeNumbers:
    """Knows of each array whether it holds integers where all arguments do: None if that goes by NumPy's version.

    floats: arrays that hold none in any case.
    """

    floats: Collection[Node] = ()
    _known: dict[Node, bool | None] = field(default_factory=dict)

    def sources(self, of: Iterable[NoIntegers], given: Collection[Node]) -> Iterator[Node]:
        """Those of the given arrays that must hold floats, so that no array holds integers which must not."""
        found = set[Node]()
        for each in of:
            if self._is_wrong(each):
                sources = self._sources(each.array, given)
                if sources and found.isdisjoint(sources):
                    source = max(sources, key=lambda node: len(node.shape))
                    found.add(source)
                    yield source

    def _sources(self, array: Node, given: Collection[Node]) -> list[Node]:
        """The given arrays of which one holding floats makes the array hold floats."""
        stack, seen, found = [array], set[Node](), []
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in given:
                found.append(node)
            else:
                stack += _deciding(node)
        return found

    def _is_wrong(self, demand: NoIntegers) -> bool:
        if self._of(demand.array) is False:
            return False
        beside = demand.beside
        return beside is None or any(self._of(node) is not True for node in filter(_decides, beside))

    def _of(self, node: Node) -> bool | None:
        for inner in needed_nodes([node], self._known):
            of_arguments = [self._known[argument] for argument in _deciding(inner)]
            self._known[inner] = inner not in self.floats and _holds_integers(inner, of_arguments)
        return self._known[node]


def _deciding(node: Node) -> Sequence[Node]:
    return list(filter(_decides, node.arguments))


def _decides(argument: Node) -> bool:
    """Whether an argument has a part in the dtype: positions and truth values have none."""
    return argument.kind in (Kind.FLOAT, Kind.SCALAR)


def _holds_integers(node: Node, of_arguments: Sequence[bool | None]) -> bool | None:
    if node.operation.has_common_dtype or False in of_arguments:
        return False
    match node.operation:
        case Number(value):
            return value is not None and value.denominator == 1
        case Sqrt() | Mean() | Linalg() | MinusInfinity():
            return False
        case Times(numerators) if len(node.arguments) > numerators:
            return False
        case Apply() | Power():
            return None
        case Leaf() if node.kind is Kind.SCALAR:  # a constant of the spec
            return None
        case _:
            return None if None in of_arguments else True
