"""Statements that may write their result over a temporary that nothing else needs any more.

A new large array costs more than what is computed into it; small ones are left alone, for one expression reads better.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import field

from tcgrad.emit.graph.arrays import Kind, Node
from tcgrad.emit.graph.filling import Assemble, Block, Scatter, is_whole
from tcgrad.emit.graph.operations import (
    Apply,
    Einsum,
    Matmul,
    Plus,
    RunningSum,
    Select,
    Sqrt,
    Times,
)
from tcgrad.emit.graph.whole_numbers import NoIntegers
from tcgrad.records import dataclass

# Operations that make a new array of their node's shape.
_FRESH = (Apply, Einsum, Matmul, Plus, RunningSum, Select, Sqrt, Times)
_LEAST_ORDER = 2


def overwritten(
    needed: Sequence[Node], own: Collection[Node], named: Collection[Node], kept: Collection[Node]
) -> dict[Node, Node]:
    """For each node that is written over one of its arguments: that argument.

    needed: all nodes, arguments before what is made of them.
    own: those that are statements; an argument that is none yet becomes one.
    named: those whose names the user knows; a temporary that they need is none of another's.
    kept: those whose values are needed afterwards.
    """
    search = _Search(set(own), set(named), {node.owner for node in (*kept, *named)})
    for node in needed:
        for argument in node.arguments:
            search.users.setdefault(argument.owner, []).append(node)
    for node in reversed(needed):
        if node in search.own:
            search.visit(node)
    return search.found


@dataclass
class _Search:
    own: set[Node]
    named: set[Node]
    kept: set[Node]
    users: dict[Node, list[Node]] = field(default_factory=dict)
    found: dict[Node, Node] = field(default_factory=dict)
    _reused: set[Node] = field(default_factory=set)

    def visit(self, node: Node) -> None:
        argument = next((a for a in _candidates(node) if self._is_free(a, node) and self._pays(a, node)), None)
        if argument is not None:
            self.found[node] = argument
            self._reused.add(argument)
            self.own.add(argument)

    def _pays(self, argument: Node, node: Node) -> bool:
        """An argument without a name gets one only where memory is handed on further, or comes from further back."""
        if argument in self.own:
            return True
        if not isinstance(node.operation, Apply | Sqrt):
            return False
        return node in self._reused or any(
            inner in self.own and self._is_free(inner, argument) for inner in _candidates(argument)
        )

    def _is_free(self, argument: Node, node: Node) -> bool:
        """Whether all that reads the argument has been computed when the node is."""
        if argument in self.kept or argument in self._reused:
            return False
        before: set[Node] = set()
        for inner in _between(argument, node):
            if inner in self.named:
                return False
            before.add(inner)
        readers = self.users[argument]
        return all(reader is node or reader.owner is argument or reader in before for reader in readers)


def _between(argument: Node, node: Node) -> Iterator[Node]:
    """What the node is computed from, as far as it can depend on the argument: later nodes have larger numbers."""
    stack, seen = list(node.arguments), {argument}
    while stack:
        inner = stack.pop()
        if inner.serial > argument.serial and inner not in seen:
            seen.add(inner)
            yield inner
            stack.extend(inner.arguments)


def _candidates(node: Node) -> Iterator[Node]:
    """The arguments that NumPy could overwrite with the node: new arrays of its shape and dtype."""
    if isinstance(node.operation, Assemble):
        yield from _scattered_first(node, node.operation.blocks)
    if node.kind is not Kind.FLOAT or len(node.shape) < _LEAST_ORDER:
        return
    for place in _places(node):
        argument = node.arguments[place]
        others = node.arguments[:place] + node.arguments[place + 1 :]
        if any(other is argument or other.kind is Kind.INT for other in others):
            continue
        if isinstance(argument.operation, _FRESH) and argument.kind is Kind.FLOAT and argument.shape == node.shape:
            same_dtype = argument.sources | node.sources == argument.sources
            if same_dtype:
                yield argument


def _scattered_first(node: Node, blocks: Sequence[Block]) -> Iterator[Node]:
    """What is added up at positions and is all of an array but for other blocks, which are not computed from it."""
    parts = zip(node.arguments, blocks, strict=True)
    first = next((array for array, block in parts if is_whole(array, block, node)), None)
    if first is None or not isinstance(first.operation, Scatter) or node.arguments.count(first) > 1:
        return
    if not any(first in inner.arguments for inner in _between(first, node)):
        yield first


def _places(node: Node) -> Sequence[int]:
    """The places of the arguments that an operation in place can hold."""
    match node.operation:
        case Plus(signs) if len(signs) == 2:
            return [place for place, sign in enumerate(signs) if sign > 0]
        case Times(numerators) if len(node.arguments) == 2:
            return range(numerators)
        case Sqrt():
            return [0]
        case Apply(function) if function.numpy == f"np.{function.numpy[3:-5]}({{0}})":
            return [0]
        case _:
            return []


def rewritten(node: Node, argument: Node) -> NoIntegers:
    """What an argument must be that a node is written over."""
    match node.operation:
        case Plus():
            is_exact = True
        case Times(numerators):
            is_exact = numerators == len(node.arguments)
        case _:
            is_exact = False
    return NoIntegers(argument, [other for other in node.arguments if other is not argument] if is_exact else None)


def in_place(name: str, node: Node, argument: Node, code: str) -> str:
    """The statement that writes a node over ``argument``, which is called ``name``; ``code``: the other argument."""
    match node.operation:
        case Plus(signs):
            other = 1 - node.arguments.index(argument)
            return f"{name} {'+' if signs[other] > 0 else '-'}= {code}"
        case Times(numerators):
            return f"{name} {'*' if numerators == 2 else '/'}= {code}"
        case Apply(function):
            return f"{function.numpy.format(name)[:-1]}, out={name})"
        case _:
            return f"np.sqrt({name}, out={name})"
