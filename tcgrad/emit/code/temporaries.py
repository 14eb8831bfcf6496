"""Which part of a statement that is too long becomes one of its own, and what that is called."""

from __future__ import annotations

from collections.abc import Iterator

from tcgrad.emit.code.layout import MOST_IN_LINE, WIDTH
from tcgrad.emit.code.numpy_code import Printer
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.operations import Apply, Largest, Plus, Sqrt, Sum, Times
from tcgrad.emit.graph.uses import FILLED, ends_a_view, is_trivial

_LONGEST_NAME = 14


def part_to_name(printer: Printer, node: Node, length: int) -> Node | None:
    """The part of a node's code to name, if one can be: it leaves two lines of about the same length.

    length: of the longest line of the node's statement.
    """
    node = _to_shorten(printer, node)
    views = (argument for argument in node.arguments if argument.is_view and argument not in printer.names)
    parts = list(_parts(printer, node)) or list(views)
    rests = {part: length - _length(printer, part) for part in parts}
    return min(rests, key=lambda part: (max(_longest_line(printer, part), rests[part]), part.serial), default=None)


def _to_shorten(printer: Printer, node: Node) -> Node:
    """What makes the longest line of a statement: of many terms, one to a line, the longest one."""
    terms = node.arguments if _has_many_terms(node) else ()
    long = [term for term in terms if term not in printer.names]
    return max(long, key=lambda term: _length(printer, term), default=node)


def _parts(printer: Printer, node: Node) -> Iterator[Node]:
    """The parts of a node's code that may have a name: what is computed, and views that are long to write."""
    for argument in node.arguments:
        if argument not in printer.names:
            is_written = not isinstance(argument.operation, FILLED)  # what is scattered later has no code itself
            if is_written and (not is_trivial(argument) or ends_a_view(argument, node)):
                yield argument
            yield from _parts(printer, argument)


def _length(printer: Printer, node: Node) -> int:
    return len(printer.expression(node).code)


def _longest_line(printer: Printer, node: Node) -> int:
    """Of a statement that gives a node a name."""
    length = _length(printer, node)
    is_broken = length > WIDTH and _has_many_terms(node)
    return max(_length(printer, argument) for argument in node.arguments) if is_broken else length


def _has_many_terms(node: Node) -> bool:
    """Whether a node is a sum that stands in lines of its own where it is long."""
    return isinstance(node.operation, Plus) and len(node.arguments) > MOST_IN_LINE


def telling_name(printer: Printer, node: Node) -> str:
    """A telling name for a temporary: ``exp_x``, ``x_minus_m``; ``t`` where that would be long."""
    names = [printer.names.get(argument.base) for argument in node.arguments]
    match node.operation, names:
        case Apply(function), [str(name)]:
            telling = f"{function.name}_{name}"
        case Sqrt(), [str(name)]:
            telling = f"sqrt_{name}"
        case Largest(), [str(name)]:
            telling = f"largest_{name}"
        case Sum(), [str(name)]:
            telling = f"sum_{name}"
        case Plus((1, sign)), [str(left), str(right)]:
            telling = f"{left}_{'plus' if sign > 0 else 'minus'}_{right}"
        case Times(2), [str(left), str(right)]:
            telling = f"{left}_squared" if left == right else f"{left}_{right}"
        case _:
            return "t"
    return telling if len(telling) <= _LONGEST_NAME else "t"
