"""A reader of matrix notation in ASCII, written from its description alone: text and arrays -> value.

Everything is a matrix: a vector is a column, a number has one row and one column. Things side by side are multiplied as
matrices, and so more tightly than ``.*``, ``./`` and ``(x)``; ``/`` divides all that stands before it by one number or
by what is in parentheses. ``1`` is a column of ones, ``I`` the unit matrix, ``e[k]`` a unit vector: their sizes come
from what stands around them; a ``1`` of which nothing tells the size is the number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np
from einstein_reader import COMPARISONS, FUNCTIONS
from scipy import special


class UnreadableError(Exception):
    """What this reader does not know, or a size that nothing tells."""


ROUNDED = 1e-12
ELEMENTWISE = {**FUNCTIONS, "sqrt": lambda a: np.sqrt(np.where(np.abs(a) < ROUNDED, 0, a))}  # squared distances
FOLDS = {
    "tr": np.trace, "det": np.linalg.det, "logdet": lambda a: np.linalg.slogdet(a)[1],
    "max": np.max, "min": np.min, "prod": np.prod, "logsumexp": special.logsumexp,
}  # fmt: skip
NUMBER = r"\d+(?:\.\d+)?(?:e-?\d+)?"
SIGNS = r"\^-T|\^-1|\^T|\.\^|\(x\)|\.\*|\./|\|\||==|!=|<=|>=|·"


class Size:
    """The length of an axis, which may become known."""

    def __init__(self, value: int | None = None) -> None:
        self.same: Size | None = None
        self.known = value

    def root(self) -> Size:
        return self if self.same is None else self.same.root()

    @property
    def value(self) -> int | None:
        return self.root().known

    def equal(self, other: Size) -> None:
        one, two = self.root(), other.root()
        if one is two:
            return
        assert one.known is None or two.known is None or one.known == two.known, (one.known, two.known)
        two.known = one.known if two.known is None else two.known
        one.same = two


@dataclass
class Node:
    """A matrix: how many rows and columns, and what it is once the sizes are known.

    is_one: whether it is a bare ``1``.
    """

    rows: Size
    columns: Size
    worked_out: Callable[[], np.ndarray]
    is_one: bool = False

    @property
    def is_number(self) -> bool:
        return self.rows.value == 1 and self.columns.value == 1

    def has_shape_of(self, other: Node) -> Node:
        self.rows.equal(other.rows)
        self.columns.equal(other.columns)
        return self


def number(work: Callable[[], object]) -> Node:
    return Node(Size(1), Size(1), lambda: np.full((1, 1), float(work())))


def size_of(size: Size) -> int:
    if size.value is None:
        raise UnreadableError
    return size.value


def leaf(array: np.ndarray) -> Node:
    array = np.asarray(array, float)
    if array.ndim > 2:
        raise UnreadableError
    whole = array.reshape(array.shape if array.ndim == 2 else (array.size, 1))
    return Node(Size(whole.shape[0]), Size(whole.shape[1]), lambda: whole)


def ones() -> Node:
    rows = Size()
    return Node(rows, Size(1), lambda: np.ones((rows.value or 1, 1)), is_one=True)


def joined(function: Callable[..., np.ndarray], nodes: list[Node]) -> Node:
    """Elementwise, where numbers go with anything."""
    nodes = [number(lambda: 1) if node.is_one and len(nodes) > 1 else node for node in nodes]
    wide = [node for node in nodes if not node.is_number]
    for node in wide[1:]:
        node.has_shape_of(wide[0])
    first = wide[0] if wide else nodes[0]
    return Node(first.rows, first.columns, lambda: np.asarray(function(*(n.worked_out() for n in nodes)), float))


def product(one: Node, other: Node) -> Node:
    """Of matrices; a number goes with anything."""
    if one.is_number or other.is_number:
        whole = other if one.is_number else one
        return Node(whole.rows, whole.columns, lambda: one.worked_out() * other.worked_out())
    one.columns.equal(other.rows)
    return Node(one.rows, other.columns, lambda: one.worked_out() @ other.worked_out())


def turned(node: Node) -> Node:
    return Node(node.columns, node.rows, lambda: node.worked_out().T)


def squared(node: Node) -> Node:
    """The same with as many columns as rows, if nothing around it tells how many."""
    if node.columns.value is None:
        node.columns.equal(node.rows)
    return node


def divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Elementwise, but 0 where a mask such as ``1 1^T - I`` is: what it leaves out need not be there."""
    return np.where(a == 0, 0, a / b)


def diagonal(node: Node) -> Node:
    """The matrix with a column on its diagonal, or the diagonal of a matrix."""
    if node.columns.value == 1:
        return Node(node.rows, node.rows, lambda: np.diag(node.worked_out()[:, 0]))
    return Node(node.rows, Size(1), lambda: np.diag(node.worked_out())[:, None])


class Reader:
    """Reads one expression."""

    def __init__(self, text: str, arrays: Mapping[str, np.ndarray]) -> None:
        names = "|".join(rf"{re.escape(name)}(?!\w)" for name in sorted(arrays, key=len, reverse=True))
        self.pieces = re.findall(rf"\s*({names}|{SIGNS}|{NUMBER}|[A-Za-z]\w*'*|\S)", text)
        self.arrays = arrays
        self.in_norm = False

    def take(self, *expected: str) -> str:
        if not self.pieces:
            raise UnreadableError
        piece = self.pieces.pop(0)
        assert not expected or piece in expected, (piece, expected, self.pieces)
        return piece

    def peek(self) -> str:
        return self.pieces[0] if self.pieces else ""

    def sum(self) -> Node:
        terms = []
        while not terms or self.peek() in ("+", "-"):
            sign = -1 if self.peek() == "-" else 1
            if self.peek() in ("+", "-"):
                self.take()
            terms.append((sign, self.fraction()))
        for _, term in terms[1:]:
            term.has_shape_of(terms[0][1])
        first = terms[0][1]
        if len(terms) == 1 and terms[0][0] == 1:
            return first
        return Node(first.rows, first.columns, lambda: sum(sign * term.worked_out() for sign, term in terms))

    def fraction(self) -> Node:
        above = self.elementwise()
        while self.peek() == "/":
            self.take()
            above = self.over(above, self.postfix())
        return above

    def over(self, above: Node, below: Node) -> Node:
        below.has_shape_of(number(lambda: 1))
        return Node(above.rows, above.columns, lambda: above.worked_out() / below.worked_out())

    def elementwise(self) -> Node:
        left = self.chain()
        while self.peek() in (".*", "./", "(x)"):
            left = self.joined(self.take(), left, self.chain())
        return left

    def joined(self, sign: str, left: Node, right: Node) -> Node:
        if sign == "(x)":
            if None in (left.rows.value, left.columns.value, right.rows.value, right.columns.value):
                raise UnreadableError
            sizes = left.rows.value * right.rows.value, left.columns.value * right.columns.value
            return Node(*map(Size, sizes), lambda: np.kron(left.worked_out(), right.worked_out()))
        return joined(np.multiply if sign == ".*" else divided, [left, right])

    def chain(self) -> Node:
        factors = [self.postfix()]
        while self.peek() == "*" or self.begins():
            if self.peek() == "*":
                self.take()
            factors.append(self.postfix())
        if self.peek() == "./" and factors[-1].is_one:
            factors[-1] = number(lambda: 1)
        return reduce(product, factors)

    def begins(self) -> bool:
        """Whether something to be multiplied follows."""
        piece = self.peek()
        is_norm = piece == "||" and not self.in_norm
        return is_norm or piece in self.arrays or piece[:1].isalnum() or piece in ("(", "[")

    def postfix(self) -> Node:
        node = self.atom()
        while (sign := self.peek()) in ("^T", "^-1", "^-T", "^", ".^"):
            self.take()
            node = self.raised(node, sign)
        return node

    def raised(self, node: Node, sign: str) -> Node:
        match sign:
            case "^T":
                return turned(node)
            case "^-1" | "^-T":
                node.rows.equal(node.columns)
                made = Node(node.rows, node.rows, lambda: np.linalg.inv(node.worked_out()))
                return made if sign == "^-1" else turned(made)
            case ".^":
                return joined(np.power, [node, self.atom()])
            case _ if node.is_number:
                return joined(np.power, [node, self.atom().has_shape_of(node)])
            case _:
                return reduce(product, [node] * int(self.take()))

    def atom(self) -> Node:
        piece = self.take()
        if piece in self.arrays:
            return self.read(np.asarray(self.arrays[piece]))
        if piece == "1":
            return ones()
        if re.fullmatch(NUMBER, piece):
            return number(lambda: piece)
        if piece == "(":
            inner = self.sum()
            self.take(")")
            return Node(inner.rows, inner.columns, inner.worked_out)
        if piece == "[":
            inner = self.comparison()
            self.take("]")
            return inner
        if piece == "||":
            return self.norm()
        return self.named(piece)

    def norm(self) -> Node:
        outside, self.in_norm = self.in_norm, True
        inner = self.sum()
        self.in_norm = outside
        self.take("||")
        return number(lambda: np.linalg.norm(inner.worked_out()))

    def read(self, array: np.ndarray) -> Node:
        if self.peek() != "[" or array.ndim == 0:
            return leaf(array)
        self.take()
        text = ""
        while (piece := self.take()) != "]":
            text += piece
        if re.search(r"[A-Za-z]", text):
            raise UnreadableError
        return leaf(eval(f"array[{text}]", {"array": array}))  # noqa: S307 - text that the tool made

    def comparison(self) -> Node:
        left = self.sum()
        if self.peek() not in COMPARISONS:
            return left
        operator = COMPARISONS[self.take()]
        return joined(lambda a, b: operator(a, b).astype(float), [left, self.sum()])

    def named(self, name: str) -> Node:
        if name == "I":
            size = Size()
            return Node(size, size, lambda: np.eye(size_of(size)))
        if name == "pi":
            return number(lambda: np.pi)
        if name == "e" and self.peek() == "[":
            self.take()
            place = self.take()
            self.take("]")
            if not place.isdigit():
                raise UnreadableError
            size = Size()
            return Node(size, Size(1), lambda: np.eye(size_of(size))[:, [int(place)]])
        if self.peek() != "(":
            raise UnreadableError(name)
        self.take("(")
        arguments = [self.comparison() if name == "where" else self.sum()]
        while self.take(",", ")") == ",":
            arguments.append(self.sum())
        return self.applied(name, arguments)

    def applied(self, name: str, arguments: list[Node]) -> Node:
        first = arguments[0]
        match name:
            case "diag":
                return diagonal(first)
            case "vec" if None not in (first.rows.value, first.columns.value):
                return Node(
                    Size(first.rows.value * first.columns.value), Size(1), lambda: first.worked_out().reshape(-1, 1)
                )
            case "onehot":
                size = Size()
                return Node(first.rows, size, lambda: np.eye(size_of(size))[first.worked_out()[:, 0].astype(int)])
            case "tril" | "triu":
                kept = np.tril if name == "tril" else np.triu
                offset = int(arguments[1].worked_out()[0, 0]) if len(arguments) > 1 else 0
                return Node(first.rows, first.columns, lambda: kept(squared(first).worked_out(), offset))
            case "cross" if len(arguments) == 1:
                three = Size(3)
                return Node(three, three, lambda: np.cross(np.eye(3), first.worked_out().T))
            case "cross":
                return joined(lambda a, b: np.cross(a, b, axis=0), arguments)
            case "where":
                return joined(lambda c, a, b: np.where(c != 0, a, b), arguments)
            case _ if name in FOLDS and len(arguments) == 1:
                return number(lambda: FOLDS[name](first.worked_out()))
            case _ if name in ELEMENTWISE:
                return joined(ELEMENTWISE[name], arguments)
            case _:
                raise UnreadableError(name)


def read_matrix(text: str, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The value of a right side, of which the left side's shape is known.

    Raises:
        UnreadableError: if there is something in it that this reader does not know.
    """
    if len(shape) > 2:
        raise UnreadableError
    reader = Reader(text, arrays)
    whole = reader.sum()
    assert not reader.pieces, reader.pieces
    if text == "0":
        return np.zeros(shape)
    wide = leaf(np.zeros(shape))
    whole.has_shape_of(wide)
    return np.broadcast_to(whole.worked_out(), wide.worked_out().shape).reshape(shape)
