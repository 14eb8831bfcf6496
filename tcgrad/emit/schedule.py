"""Which nodes of an array program become statements, in which order and under which names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tcgrad.emit.arrays import (
    VIEWS,
    Apply,
    Assemble,
    Leaf,
    LeviCivita,
    Node,
    Number,
    Plus,
    Scatter,
    Size,
    Sqrt,
    Sum,
    Times,
)
from tcgrad.emit.layout import WIDTH, wrapped
from tcgrad.emit.names import Scope
from tcgrad.emit.numpy_code import Printer
from tcgrad.emit.statements import assignment

# Statements are filled in, not computed by one expression.
_LONGEST_HINT = 14
FILLED = (Assemble, Scatter)


@dataclass(frozen=True)
class Wanted:
    """A node that is to be computed under a name, with the equation that it computes."""

    name: str
    node: Node
    comment: str | None = None


def needed_nodes(results: Iterable[Node], known: Collection[Node]) -> list[Node]:
    """All nodes that computing the results takes, known ones left out, arguments before what is made of them."""
    found: set[Node] = set()
    stack = [node for node in results if node not in known]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(argument for argument in node.arguments if argument not in known and argument not in found)
    return sorted(found, key=lambda node: node.serial)


def is_trivial(node: Node) -> bool:
    """Whether a node is not worth a name of its own: it is written wherever it is used."""
    if node.is_static:
        return not isinstance(node.operation, Apply)
    return isinstance(node.operation, (Leaf, LeviCivita, *VIEWS))


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


def _looped_over(nodes: Iterable[Node]) -> Iterator[Node]:
    """What is used inside a loop, and so is computed before it."""
    for node in nodes:
        if isinstance(node.operation, Assemble):
            for argument, block in zip(node.arguments, node.operation.blocks, strict=True):
                if block.looped and not is_trivial(argument):
                    yield argument


@dataclass
class Body:
    """The statements of one emitted function, as they are written."""

    printer: Printer
    scope: Scope
    lines: list[str] = field(default_factory=list)
    _own: set[Node] = field(default_factory=set)
    _preferred: dict[Node, Wanted] = field(default_factory=dict)
    _variables: list[str] = field(default_factory=list)

    def compute(self, wanted: Sequence[Wanted], results: Sequence[Node], extra: Collection[Node] = ()) -> None:
        """Write statements for all that the results need; ``extra`` nodes get a name in any case.

        Nodes that have a name in the printer already are known.
        """
        known = set(self.printer.names)
        self._prefer(wanted)
        needed = needed_nodes([*results, *extra], known)
        counts = use_counts(needed, [*results, *extra], self._preferred)
        self._own = {
            node
            for node in needed
            if node in self._preferred
            or node in extra
            or isinstance(node.operation, FILLED)
            or (counts[node] > 1 and not is_trivial(node))
        }
        self._own.update(_looped_over(needed))
        inside = set(needed)
        for want in wanted:
            if want.node in inside and want.node in self._own:
                start = len(self.lines)
                self._write(want.node)
                self.lines[start:start] = wrapped(want.comment, prefix="# ") if want.comment else []
        for node in needed:
            if node in self._own:
                self._write(node)

    def _prefer(self, wanted: Sequence[Wanted]) -> None:
        """Which name a node gets: the first one wanted for it."""
        self._preferred = {}
        for want in wanted:
            if not self._is_plain(want.node):
                self._preferred.setdefault(want.node, want)

    @staticmethod
    def _is_plain(node: Node) -> bool:
        return isinstance(node.operation, Leaf | Number | Size | LeviCivita)

    def _write(self, node: Node) -> None:
        if node in self.printer.names:
            return
        for argument in node.arguments:
            self._write_named(argument)
        name = self._name(node)
        lines = self._assignment(name, node)
        self.printer.names[node] = name
        self.lines += lines

    def _write_named(self, node: Node) -> None:
        """Write the named nodes that the code of this one mentions."""
        if node in self.printer.names:
            return
        if node in self._own:
            self._write(node)
            return
        for argument in node.arguments:
            self._write_named(argument)

    def _name(self, node: Node) -> str:
        want = self._preferred.get(node)
        if want is None:
            return self.scope.numbered(self._hint(node))
        return want.name

    def _assignment(self, name: str, node: Node) -> list[str]:
        """The statement; parts of it become temporaries until it fits a line."""
        while True:
            lines = assignment(self.printer, self._loop_names, name, node)
            if all(len(line) + 4 <= WIDTH for line in lines):
                return lines
            part = self._part_to_name(node)
            if part is None:
                return lines
            self._own.add(part)
            self._write(part)

    def _loop_names(self, count: int) -> list[str]:
        """Names for loop variables, the same ones for every loop."""
        while len(self._variables) < count:
            self._variables.append(self.scope.claim("pqrsuvw"[len(self._variables) % 7]))
        return self._variables[:count]

    def _part_to_name(self, node: Node) -> Node | None:
        """The longest proper part of a node's code that can have a name."""
        parts = list(self._parts(node))
        return max(parts, key=lambda part: len(self.printer.expression(part).code), default=None)

    def _parts(self, node: Node) -> Iterator[Node]:
        for argument in node.arguments:
            if argument in self.printer.names:
                continue
            if is_trivial(argument):
                yield from self._parts(argument)
            else:
                yield argument

    def _hint(self, node: Node) -> str:
        """A telling name for a temporary: ``exp_x``, ``x_minus_m``; ``t`` where that would be long."""
        names = [self.printer.names.get(argument.base) for argument in node.arguments]
        match node.operation, names:
            case Apply(function), [str(name)]:
                hint = f"{function.name}_{name}"
            case Sqrt(), [str(name)]:
                hint = f"sqrt_{name}"
            case Sum(), [str(name)]:
                hint = f"sum_{name}"
            case Plus((1, sign)), [str(left), str(right)]:
                hint = f"{left}_{'plus' if sign > 0 else 'minus'}_{right}"
            case Times(2), [str(left), str(right)]:
                hint = f"{left}_squared" if left == right else f"{left}_{right}"
            case _:
                return "t"
        return hint if len(hint) <= _LONGEST_HINT else "t"
