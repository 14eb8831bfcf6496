"""How nodes use each other: what results need, how often each is written, which are worth a name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter

from tcgrad.emit.graph.arrays import Kind, Node
from tcgrad.emit.graph.filling import Assemble, Block, Buffer, Scan, Scatter
from tcgrad.emit.graph.operations import Apply, Integral, Leaf, LeviCivita, Number, Plus, Size, Slice, Times, Window
from tcgrad.ir.sizes import count

# Statements are filled in, not computed by one expression.
FILLED = (Assemble, Scatter, Scan, Buffer)

_GIVEN = (Leaf, LeviCivita)
_AT_HAND = (Leaf, Number, Size)
_DEEPEST = 60


def needed_nodes(results: Iterable[Node], known: Collection[Node]) -> list[Node]:
    """All nodes that computing the results takes, known ones left out, arguments before what is made of them."""
    found: set[Node] = set()
    stack = [node for node in results if node not in known]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [argument for argument in node.arguments if argument not in known and argument not in found]
    return sorted(found, key=attrgetter("serial"))


def calculated_integers(results: Iterable[Node]) -> Iterator[Node]:
    """The integer arguments whose elements are added, multiplied or divided as integers on the way to the results."""
    for node in needed_nodes(results, ()):
        if node.kind is Kind.INT and isinstance(node.operation, Plus | Times | Integral):
            yield from (leaf for leaf in map(_read_off, node.arguments) if isinstance(leaf.operation, Leaf))


def _read_off(node: Node) -> Node:
    """The array that the elements of an integer array are those of."""
    while node.kind is Kind.INT and node.arguments:
        node = node.arguments[0]
    return node


def is_trivial(node: Node) -> bool:
    """Whether a node is not worth a name of its own: it is written wherever it is used."""
    if node.kind is Kind.SCALAR:
        return not isinstance(node.operation, Apply)
    return node.is_view or isinstance(node.operation, _GIVEN)


def use_counts(needed: Sequence[Node], results: Iterable[Node], named: Collection[Node]) -> dict[Node, int]:
    """How often each node is written if only ``named`` nodes and those used several times have names."""
    counts = dict.fromkeys(needed, 0)
    for node in results:
        if node in counts:
            counts[node] += 1
    for node in reversed(needed):
        times = counts[node] if is_trivial(node) and node not in named else 1
        for argument in node.arguments:
            if argument in counts:
                counts[argument] += times
    return counts


def ends_a_view(node: Node, reader: Node) -> bool:
    """Whether a node is the last of the slices, or of the windows, that are written as one."""
    own, other = type(node.operation), type(reader.operation)
    return own is not other and own in (Slice, Window)


def deeply_nested(needed: Sequence[Node], named: Collection[Node]) -> Iterator[Node]:
    """Nodes at which code is broken off that would be nested more deeply than any line can hold."""
    depths: dict[Node, int] = {}
    for node in needed:
        depths[node] = 1 + max([depths[argument] for argument in node.arguments if argument in depths], default=0)
        if node in named:
            depths[node] = 0
        elif depths[node] > _DEEPEST and not is_trivial(node):
            depths[node] = 0
            yield node


def looped_over(nodes: Iterable[Node], shared: Collection[Node]) -> Iterator[Node]:
    """What is used inside a loop, and so is computed before it; ``shared``: what is used elsewhere, too."""
    for node in nodes:
        match node.operation:
            case Scan(segments=segments):
                alone = {write.value for part in segments if part.variable is None for write in part.writes}
                own = (argument for argument in node.arguments if argument not in alone)
                yield from (argument for argument in own if not is_trivial(argument))
            case Assemble(blocks=blocks):
                for argument, block in zip(node.arguments, blocks, strict=True):
                    if block.looped and not isinstance(argument.operation, _AT_HAND):
                        yield from _before_loops(argument, block, shared)
            case _:
                pass


def _before_loops(array: Node, block: Block, shared: Collection[Node]) -> Iterator[Node]:
    """What is computed before the loops that add an array up: the array, or the factors of a product that is made step
    by step.
    """
    if array in shared or not _is_made_in_steps(array, block):
        yield array
        return
    for factor in array.arguments:
        if not is_trivial(factor) or (loop_axes(factor, array, block) and not isinstance(factor.operation, _AT_HAND)):
            yield factor


def _is_made_in_steps(array: Node, block: Block) -> bool:
    """Whether an array that loops go over is a product of views or arrays that are all smaller by half, or a mere sum
    of products.
    """
    if not block.indexed or not isinstance(array.operation, Times):
        return False
    if not any(label < block.looped for place in block.places for label, _ in place.steps):
        return True
    return 2 * max(count(argument.base.shape) for argument in array.arguments) <= count(array.shape)


def loop_axes(factor: Node, array: Node, block: Block) -> list[int | None]:
    """For each axis of a factor of an array, or of the array, that loops go over the label that it stands for; None for
    an axis of size 1.
    """
    missing = len(array.shape) - len(factor.shape)
    own = list(enumerate(block.indexed))[missing:]
    return [None if factor.shape[k - missing].as_number == 1 else label for k, label in own]
