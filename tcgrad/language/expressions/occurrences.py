"""Which indices occur in which part of an equation, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tcgrad.language.symbols import Symbols
from tcgrad.language.syntax import (
    Call,
    Comparison,
    Expression,
    Gradient,
    Group,
    Iverson,
    Jacobian,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Reduction,
    Subscript,
    Sum,
)
from tcgrad.operators import INTRINSICS

Counts = Mapping[str, int]
_NONE: Counts = {}


def parts(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside, in order; the positions of a component are none."""
    match node:
        case Sum():
            return tuple(term for _, term in node.terms)
        case Product():
            return tuple(factor for _, factor in node.factors)
        case Negative():
            return (node.operand,)
        case Power():
            return node.base, node.exponent
        case Call():
            return () if is_intrinsic(node) else node.arguments
        case Reduction() | Group():
            return (node.body,)
        case Comparison():
            return node.operands
        case Iverson():
            return node.condition.operands
        case Number() | Name() | Subscript() | Gradient() | Jacobian():
            return ()


def is_intrinsic(node: Call) -> bool:
    return node.name in INTRINSICS


def positions(node: Expression) -> tuple[Expression, ...]:
    """What stands in the brackets of a component."""
    match node:
        case Subscript() | Gradient():
            return node.positions
        case Jacobian():
            return node.of_positions + node.wrt_positions
        case Call(positions=found) if found is not None:
            return found
    return ()


def index_names(nodes: Iterable[Expression], symbols: Symbols) -> Iterator[str]:
    """The names that stand for indices, because they occur in a position or are bound by a reduction."""
    for node in nodes:
        for position in positions(node):
            yield from names_in_position(position, symbols)
        if isinstance(node, Reduction):
            yield from (index.name for index in node.indices)
        yield from index_names(parts(node), symbols)


def reductions_over(name: str, node: Expression) -> Iterator[tuple[Reduction, Name]]:
    """The reductions inside of ``node`` that bind an index, each with where it names it."""
    if isinstance(node, Reduction):
        yield from ((node, index) for index in node.indices if index.name == name)
    for inner in parts(node):
        yield from reductions_over(name, inner)


def calls_in(node: Expression) -> Iterator[Call]:
    """The calls of functions inside of ``node``, each before those in its arguments."""
    if isinstance(node, Call):
        yield node
    for inner in parts(node):
        yield from calls_in(inner)


def names_in_position(node: Expression, symbols: Symbols) -> Iterator[str]:
    """The names that stand for indices in a position, at any depth."""
    if isinstance(node, Name):
        if is_index_in_position(node.name, symbols):
            yield node.name
        return
    for inner in (*positions(node), *parts(node)):
        yield from names_in_position(inner, symbols)


def is_index_in_position(name: str, symbols: Symbols) -> bool:
    """Whether a name in a position is an index: not a dim, and not an integer scalar, which is a gather."""
    if name in symbols.indices:
        return True
    tensor = symbols.tensors.get(name)
    return name not in symbols.dims and not (tensor is not None and tensor.order == 0 and tensor.dtype == "int")


class Occurrences:
    """Counts the unbound occurrences of indices in the nodes of one equation, each node once.

    names: the indices of the equation, by which a bare name is told from a misspelt one.
    """

    def __init__(self, symbols: Symbols, names: frozenset[str]) -> None:
        self._symbols = symbols
        self._names = names
        self._known: dict[int, tuple[Expression, Counts]] = {}

    def of(self, node: Expression) -> Counts:
        """How often each index occurs in ``node``, in the order of first occurrence."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = (node, self._count(node))  # keeping the node keeps its id its own
        return known[1]

    def at(self, node: Expression) -> Counts:
        """How often each index occurs in the brackets of ``node`` itself."""
        return _merge([self._in_position(position) for position in positions(node)])

    def _count(self, node: Expression) -> Counts:
        if isinstance(node, Number):
            return _NONE
        if isinstance(node, Name):
            return {node.name: 1} if node.name in self._names else _NONE
        counts = [self._in_position(position) for position in positions(node)]
        counts.extend(self.of(part) for part in parts(node))
        total = _merge(counts)
        if isinstance(node, Reduction):
            bound = {index.name for index in node.indices}
            return {name: count for name, count in total.items() if name not in bound}
        return total

    def _in_position(self, node: Expression) -> Counts:
        if isinstance(node, Name):
            return {node.name: 1} if is_index_in_position(node.name, self._symbols) else _NONE
        return _merge([self._in_position(inner) for inner in (*positions(node), *parts(node))])


def _merge(counts: list[Counts]) -> Counts:
    if len(counts) == 1:
        return counts[0]
    total: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total
