"""A reader of modified Einstein notation, written from its description alone: text and arrays -> value.

``A *_(ij,jk,ik) B`` has three groups of indices: those of A, of B and of the result; what is missing from the third is
summed. ``1`` with a group is the one-tensor, ``delta`` the unit matrix: their sizes come from what stands around them.
All else is elementwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from scipy import special

FUNCTIONS = {
    "exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1, "sqrt": np.sqrt, "cbrt": np.cbrt,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh,
    "sigmoid": special.expit, "softplus": lambda a: np.logaddexp(0, a), "relu": lambda a: np.maximum(a, 0),
    "silu": lambda a: a * special.expit(a), "gelu": lambda a: a * special.ndtr(a), "erf": special.erf,
    "erfc": special.erfc, "abs": np.abs, "clip": np.clip,
    "sign": np.sign, "max": np.maximum, "min": np.minimum, "floor": np.floor, "digamma": special.digamma,
    "lgamma": special.gammaln,
}  # fmt: skip
REDUCTIONS = {"max": np.max, "min": np.min, "prod": np.prod, "logsumexp": special.logsumexp}
COMPARISONS = {
    "==": np.equal, "!=": np.not_equal, "<=": np.less_equal, ">=": np.greater_equal, "<": np.less, ">": np.greater,
}  # fmt: skip
Shape = tuple[int | None, ...]


class UnknownSizeError(Exception):
    """A one-tensor or a delta whose size nothing tells."""


class Reader:
    """Reads one expression: first as a tree, whose nodes are functions of the sizes that are known around them."""

    def __init__(self, text: str, arrays: Mapping[str, np.ndarray]) -> None:
        names = "|".join(re.escape(name) for name in sorted(arrays, key=len, reverse=True))
        reductions = "|".join(REDUCTIONS)
        numbers = r"\d+(?:\.\d+)?(?:e-?\d+)?"
        signs = r"\*_\(|_\(|==|!=|<=|>="
        token = rf"\s*((?:{names})(?!\w)|(?:{reductions})(?=_\()|{signs}|{numbers}|[A-Za-z]\w*'*\d*|.)"
        self.pieces = re.findall(token, text)
        self.arrays = arrays

    def take(self, *expected: str) -> str:
        piece = self.pieces.pop(0)
        assert not expected or piece in expected, (piece, expected)
        return piece

    def peek(self) -> str:
        return self.pieces[0] if self.pieces else ""

    def sum(self):
        terms = [self.signed()]
        while self.peek() in ("+", "-"):
            terms.append(self.signed())
        return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Total(terms)

    def signed(self):
        sign = -1 if self.peek() == "-" else 1
        if self.peek() in ("+", "-"):
            self.take()
        return sign, self.product()

    def product(self):
        left = self.quotient()
        while self.peek() == "*_(":
            self.take()
            groups = self.groups()
            left = Product(left, *groups, self.quotient())
        return left

    def groups(self) -> list[str]:
        text = ""
        while (piece := self.take()) != ")":
            text += piece
        return text.split(",")

    def quotient(self):
        above = self.power()
        if self.peek() != "/":
            return above
        self.take()
        return Elementwise(np.divide, [above, self.power()])

    def power(self):
        base = self.atom()
        if self.peek() != "^":
            return base
        self.take()
        return Elementwise(np.power, [base, self.atom()])

    def atom(self):
        piece = self.take()
        if piece in self.arrays:
            return Leaf(self.sliced(np.asarray(self.arrays[piece], float)))
        if piece == "delta":
            return Unit()
        if piece == "1" and self.peek() != "/":
            return One()
        if piece[0].isdigit():
            return Leaf(np.asarray(float(piece)))
        if piece == "(":
            inner = self.sum()
            self.take(")")
            return inner
        if piece == "[":
            inner = self.comparison()
            self.take("]")
            return inner
        return self.call(piece)

    def sliced(self, array):
        if self.peek() != "[":
            return array
        text = ""
        while (piece := self.take()) != "]":
            text += piece
        return eval(f"array{text}]", {}, {"array": array, **self.arrays})  # noqa: S307 - text that the tool made

    def comparison(self):
        left = self.sum()
        operator = COMPARISONS[self.take(*COMPARISONS)]
        return Elementwise(lambda a, b: operator(a, b).astype(float), [left, self.sum()])

    def call(self, name: str):
        if self.peek() == "_(":
            self.take()
            inner, outer = self.groups()
            self.take("(")
            body = self.sum()
            self.take(")")
            return Reduced(REDUCTIONS[name], inner, outer, body)
        self.take("(")
        arguments = [self.comparison() if name == "where" else self.sum()]
        while self.take(",", ")") == ",":
            arguments.append(self.sum())
        function = (lambda c, a, b: np.where(c != 0, a, b)) if name == "where" else FUNCTIONS[name]
        return Elementwise(function, arguments)


class Leaf:
    def __init__(self, array) -> None:
        self.array = array

    def value(self, _around: Shape | None):
        return self.array


class One:
    """The number, or the one-tensor."""

    def value(self, around: Shape | None):
        if around is not None and None in around:
            raise UnknownSizeError
        return np.ones(around or ())


class Unit:
    def value(self, around: Shape | None):
        size = next((n for n in around or () if n is not None), None)
        if size is None:
            raise UnknownSizeError
        return np.eye(size)


def sizes(group: str, around: Shape | None) -> dict[str, int | None]:
    """The sizes that are known of the axes of a result; around a scalar there may be an array that it goes with."""
    return dict(zip(group, around or [], strict=True)) if len(group) == len(around or ()) else {}


def together(parts, around: Shape | None):
    """Values of parts of one shape; what stands in the others tells a part its sizes."""
    values = [None] * len(parts)
    waiting = list(range(len(parts)))
    while waiting:
        left = []
        for place in waiting:
            try:
                values[place] = parts[place].value(None if isinstance(parts[place], One) else around)
            except UnknownSizeError:
                left.append(place)
                continue
            if np.ndim(values[place]):
                around = np.shape(values[place])
        if len(left) == len(waiting):
            raise UnknownSizeError
        waiting = left
    return values


class Total:
    def __init__(self, terms) -> None:
        self.terms = terms

    def value(self, around: Shape | None):
        values = together([term for _, term in self.terms], around)
        return sum(sign * value for (sign, _), value in zip(self.terms, values, strict=True))


class Elementwise:
    def __init__(self, function, arguments) -> None:
        self.function, self.arguments = function, arguments

    def value(self, around: Shape | None):
        return self.function(*together(self.arguments, around))


class Reduced:
    def __init__(self, function, inner: str, outer: str, body) -> None:
        self.function, self.inner, self.outer, self.body = function, inner, outer, body

    def value(self, around: Shape | None):
        known = sizes(self.outer, around)
        value = self.body.value(tuple(known.get(letter) for letter in self.inner))
        kept = [self.inner.index(letter) for letter in self.outer]
        gone = [axis for axis in range(len(self.inner)) if axis not in kept]
        return self.function(value.transpose([*kept, *gone]), axis=tuple(range(len(kept), value.ndim)))


class Product:
    def __init__(self, left, first: str, second: str, result: str, right) -> None:
        self.sides = [(left, first), (right, second)]
        self.result = result

    def value(self, around: Shape | None):
        known = sizes(self.result, around)
        values = {}
        while len(values) < 2:
            before = len(values)
            for side, (part, group) in enumerate(self.sides):
                if side not in values:
                    try:
                        values[side] = part.value(tuple(known.get(letter) for letter in group))
                    except UnknownSizeError:
                        continue
                    assert np.ndim(values[side]) == len(group), (np.shape(values[side]), group)
                    known.update(zip(group, np.shape(values[side]), strict=True))
            if len(values) == before:
                raise UnknownSizeError
        groups = f"{self.sides[0][1]},{self.sides[1][1]}->{self.result}"
        return np.einsum(groups, values[0], values[1])


def read_einstein(text: str, arrays: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The value of a right side, of which the left side's shape is known."""
    reader = Reader(text, arrays)
    tree = reader.sum()
    assert not reader.pieces, reader.pieces
    if text == "0":
        return np.zeros(shape)
    return tree.value(shape)
