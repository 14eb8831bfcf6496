"""Matrices that are seen to equal their transposes, as kernels and distances of all pairs: they need not be turned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import prod

from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.filling import Assemble, Block, is_whole
from tcgrad.emit.graph.operations import (
    Apply,
    Compare,
    Expand,
    Linalg,
    Matmul,
    Number,
    Outer,
    Plus,
    Power,
    Select,
    Sqrt,
    SquaredDistances,
    Times,
    Transpose,
)
from tcgrad.functions import Function

_TURNED = {"row": "column", "column": "row", "as it is": "turned", "turned": "as it is", "alike": "alike"}

_Part = tuple[str, Node]  # how an array lies in a matrix, and the array


class Mirrored:
    """Tells which matrices equal their transposes; each is looked at once."""

    def __init__(self) -> None:
        self._known: dict[Node, int] = {}

    def sign(self, node: Node) -> int:
        """1 for a matrix that equals its transpose, and for a scalar; -1 for one that is minus that; else 0."""
        if not node.shape:
            return 1
        if len(node.shape) != 2 or node.shape[0] != node.shape[1]:
            return 0
        if node not in self._known:
            self._known[node] = self._sign(node)
        return self._known[node]

    def _sign(self, node: Node) -> int:
        arguments = node.arguments
        match node.operation:
            case Plus(signs):
                return self._of_sum(list(zip(signs, arguments, strict=True)))
            case Times(numerators):
                above, below = (self._of_factors(part) for part in (arguments[:numerators], arguments[numerators:]))
                return above * below
            case Power() if isinstance(arguments[1].operation, Number):
                power = arguments[1].operation.value
                sign = self.sign(arguments[0])
                return sign if sign >= 0 else int(power is not None and power % 2 == 0)
            case Apply(function) if function.parity and self.sign(arguments[0]) == -1:
                return function.parity
            case Compare("==" | "!=") | Apply(Function("max" | "min")):
                return int(self._of_factors(arguments) == 1 and -1 not in map(self.sign, arguments))
            case Apply() | Sqrt() | Select() | Power():
                return int(all(self.sign(each) == 1 for each in arguments))
            case Matmul():
                left, right = map(_lying, arguments)
                return int(right == _turned(left))
            case Assemble(blocks):
                return self._of_blocks(node, blocks)
            case Linalg("inv"):
                return self.sign(arguments[0])
            case SquaredDistances() | Outer():
                return int(arguments[0] is arguments[1])
            case _:
                return 0

    def _of_blocks(self, node: Node, blocks: Iterable[Block]) -> int:
        """Of what is on the diagonal, and of matrices all over."""
        pairs = zip(node.arguments, blocks, strict=True)
        signs = [
            self.sign(part) if is_whole(part, block, node) else int(_is_on_diagonal(block)) for part, block in pairs
        ]
        return int(all(sign == 1 for sign in signs))

    def _of_sum(self, terms: Iterable[tuple[int, Node]]) -> int:
        own: Counter[tuple[int, _Part]] = Counter()
        other: Counter[tuple[int, _Part]] = Counter()
        for sign, term in terms:
            mirrored = self.sign(term)
            part = ("alike", term) if mirrored else _lying(term)
            own[sign, part] += 1
            other[sign * (mirrored or 1), _turned(part)] += 1
        if own == other:
            return 1
        return -int(own == Counter({(-sign, part): count for (sign, part), count in other.items()}))

    def _of_factors(self, factors: Iterable[Node]) -> int:
        signs = {factor: self.sign(factor) for factor in factors}
        rest = Counter(_lying(factor) for factor in factors if not signs[factor])
        is_mirrored = rest == Counter({_turned(part): count for part, count in rest.items()})
        return is_mirrored * prod(signs[factor] for factor in factors if signs[factor])


def _is_on_diagonal(block: Block) -> bool:
    first, second = block.places
    return first == second


def _lying(node: Node) -> _Part:
    """A part of a matrix: a row or a column that is repeated, a matrix, or the transpose of one."""
    match node.operation:
        case Expand((False, True)):
            return "column", node.arguments[0]
        case Expand((True, False)):
            return "row", node.arguments[0]
        case Transpose((1, 0)):
            return "turned", node.arguments[0]
        case _:
            return "row" if len(node.shape) == 1 else "as it is", node


def _turned(part: _Part) -> _Part:
    lies, node = part
    return _TURNED[lies], node
