"""Which nodes of an array program become statements, in which order and under which names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import field
from itertools import starmap

from tcgrad.emit.code.layout import WIDTH, indented
from tcgrad.emit.code.names import Scope
from tcgrad.emit.code.numpy_code import Printer
from tcgrad.emit.code.statements import (
    Element,
    added_over,
    assigned_to,
    assignment,
    condition_head,
    empty,
    is_filled_in,
    loop_head,
    scattered_later,
)
from tcgrad.emit.code.temporaries import part_to_name, telling_name
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.filling import Assemble, Buffer, Scan
from tcgrad.emit.graph.operations import Leaf, LeviCivita, Number, Size
from tcgrad.emit.graph.reuse import in_place, overwritten, rewritten
from tcgrad.emit.graph.uses import FILLED, deeply_nested, is_trivial, looped_over, needed_nodes, use_counts
from tcgrad.notation.breaking import break_formula
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Wanted:
    """A node that is to be computed under a name.

    comment: gives the equations that it computes; few of those that are wanted are written, and printing takes long.
    """

    name: str
    node: Node
    comment: Callable[[], tuple[str, ...]]


@dataclass
class Body:
    """The statements of one emitted function, as they are written."""

    printer: Printer
    scope: Scope
    indent: int = 4  # of the statements in the module
    lines: list[str] = field(default_factory=list)
    _own: set[Node] = field(default_factory=set)
    _preferred: dict[Node, Wanted] = field(default_factory=dict)
    _unwritten: list[Node] = field(default_factory=list)  # those that are preferred, the earliest one last
    _locals: dict[str, str] = field(default_factory=dict)
    _loops: dict[Node, list[str]] = field(default_factory=dict)
    _over: dict[Node, Node] = field(default_factory=dict)  # what is written over a temporary
    _heirs: dict[Node, Node] = field(default_factory=dict)  # the same the other way round
    _told: set[str] = field(default_factory=set)  # equations that stand above what they compute

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
        shared = {node for node in needed if counts[node] > 1}.union(self._preferred, results, extra)
        self._own.update(looped_over(needed, shared))
        self._own.update(deeply_nested(needed, self._own))
        self._over = overwritten(needed, self._own, self._preferred, [*results, *extra])
        self.printer.used.no_integers += starmap(rewritten, self._over.items())
        self._heirs = {argument: heir for heir, argument in self._over.items()}
        self._own.update(self._heirs)
        assembled = [node for node in needed if type(node.operation) is Assemble]
        later = {other for node in assembled for other in scattered_later(node)} - known
        self._own -= {other for other in later if counts[other] == 1 and other not in self._preferred}
        inside = set(needed)
        self._unwritten = sorted([node for node in self._preferred if node in inside], key=_latest_first)
        for want in wanted:
            if want.node in inside and want.node in self._own:
                self._write_wanted(want)
        for node in needed:
            if node in self._own and node not in self._heirs and node not in self.printer.names:
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

    def _write_wanted(self, want: Wanted) -> None:
        """Write what is wanted, its comment before all that serves it alone."""
        names = self.printer.names
        if want.node in names:
            return
        while self._unwritten and self._unwritten[-1] in names:
            self._unwritten.pop()
        # What a node is computed from was there before it.
        if self._unwritten and self._unwritten[-1].serial < want.node.serial:
            for other in self._wanted_inside(want.node):
                self._write_wanted(self._preferred[other])
        start = len(self.lines)
        self._write(want.node)
        told = [text for text in want.comment() if text not in self._told]
        self._told.update(told)
        self.lines[start:start] = [f"# {line}" for text in told for line in break_formula(text, WIDTH - 6)]

    def _wanted_inside(self, node: Node) -> Iterator[Node]:
        """The nodes with a wanted name from which this one is computed, directly or through temporaries."""
        names = self.printer.names
        stack, seen = list(reversed(node.arguments)), set()
        while stack:
            inner = stack.pop()
            if inner in names or inner in seen:
                continue
            seen.add(inner)
            if inner in self._preferred:
                yield inner
            else:
                stack += [argument for argument in inner.arguments[::-1] if argument not in names]

    def _write(self, node: Node) -> None:
        """Write a node, and before it the named nodes that it takes."""
        for each in self._pending(node):
            match each.operation:
                case Buffer(number):
                    self.printer.give(each, self._loops[each.arguments[0]][number])
                case Scan() as scan:
                    self._write_loop(each, scan)
                case _ if each in self._over:
                    self._write_over(each, self._over[each])
                case _:
                    name = self._name(each)
                    lines = self._assignment(name, each)
                    self.printer.give(each, name)
                    self.lines += lines

    def _pending(self, node: Node) -> list[Node]:
        """The node and all that is to have a name before it, each after what it reads.

        It goes by a stack of its own, for chains of statements are longer than Python's.
        """
        order: list[Node] = []
        seen: set[Node] = set()
        stack = [(node, False)]
        while stack:
            own, is_read = stack.pop()
            if is_read:
                order.append(own)
            elif own not in seen and own not in self.printer.names and own not in self._loops:
                seen.add(own)
                if own is node or own in self._own:
                    stack.append((own, True))
                stack += [(argument, False) for argument in own.arguments[::-1] if argument not in self.printer.names]
        return order

    def _write_over(self, node: Node, argument: Node) -> None:
        """Write a node into the memory of a temporary, which has no name afterwards."""
        name = self.printer.names[argument]
        others = [other for other in node.arguments if other is not argument]

        def lines() -> list[str]:
            if isinstance(node.operation, Assemble):
                return added_over(self.printer, self._local, name, node)
            return [in_place(name, node, argument, "".join(self.printer.expression(o).code for o in others))]

        self.lines += self._fitted(node, lines)
        self.printer.hand_on(argument, node)

    def _write_loop(self, node: Node, scan: Scan) -> None:
        """The loop of a recurrence: its arrays, then what is written to them position by position."""
        names = [self._buffer_name(node, k) for k in range(len(scan.carried))]
        self._loops[node] = names
        for name, array in zip(names, scan.carried, strict=True):
            self.lines += empty(self.printer, name, array, self.indent)
        for segment in scan.segments:
            body = self._inside(scan, names)
            if segment.variable is not None:
                body.printer.loop_variables[segment.variable] = self._local(segment.variable.name.split()[0])
            for write in segment.writes:
                target = Element(names[write.buffer], scan.axes[write.buffer], write.position)
                if write.condition is None:
                    body.compute_into(target, write.value)
                else:  # what it is made of has no names elsewhere
                    branch = self._inside(scan, names)
                    branch.compute_into(target, write.value)
                    body.lines += [condition_head(body.printer, write.condition), *indented(branch.lines)]
            head = loop_head(body.printer, segment, downward=scan.downward)
            if segment.condition is not None:
                head = [condition_head(body.printer, segment.condition)]
            self.lines += [*head, *indented(body.lines)] if head else body.lines

    def _inside(self, scan: Scan, names: Sequence[str]) -> Body:
        """The inside of a loop that fills arrays, or of a branch there: what it names is not known outside."""
        return Body(self.printer.inside(dict(zip(scan.carried, names, strict=True))), self.scope, self.indent + 4)

    def _buffer_name(self, loop: Node, number: int) -> str:
        """The name of an array that a loop fills: its tensor's, or one like it where it begins before the tensor."""
        for node, want in self._preferred.items():
            base = node.base
            if isinstance(base.operation, Buffer) and base.arguments == (loop,) and base.operation.number == number:
                return want.name if node is base else self.scope.numbered(f"{want.name}_all")
        return self.scope.numbered("states")

    def compute_into(self, target: Element, node: Node) -> None:
        """Write a node to a place, and before that what it needs."""
        self.compute([], node.arguments if is_filled_in(self.printer, node) else [node])
        self.lines += self._fitted(node, lambda: assigned_to(self.printer, self._local, target, node, self.indent))

    def _name(self, node: Node) -> str:
        """The name of a node, or that of what will be written over it in the end."""
        last = node
        while last in self._heirs:
            last = self._heirs[last]
        if last is not node and last not in self._preferred:
            return self.scope.numbered("t")
        want = self._preferred.get(last)
        if want is None:
            return self.scope.numbered(telling_name(self.printer, node))
        return want.name

    def _assignment(self, name: str, node: Node) -> list[str]:
        return self._fitted(node, lambda: assignment(self.printer, self._local, name, node, self.indent))

    def _fitted(self, node: Node, write: Callable[[], list[str]]) -> list[str]:
        """A statement; parts of it become temporaries until it fits a line."""
        while True:
            lines = write()
            longest = max(map(len, lines)) + self.indent
            part = part_to_name(self.printer, node, longest) if longest > WIDTH else None
            if part is None:
                return lines
            self._own.add(part)
            self._write(part)

    def _local(self, wanted: str) -> str:
        """The name of a loop variable or of a view that is written to: the same one wherever it is wanted."""
        if wanted not in self._locals:
            self._locals[wanted] = self.scope.claim(wanted)
        return self._locals[wanted]


def _latest_first(node: Node) -> int:
    return -node.serial
