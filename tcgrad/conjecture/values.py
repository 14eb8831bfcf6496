"""The values of expressions at one point with small sizes, in plain Python: quick for few numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import product
from typing import assert_never

from tcgrad.ir.indices import Atom, Dim, Gather, Index, Integer, Quotient, Remainder
from tcgrad.ir.nodes import (
    HOLDS,
    Add,
    Call,
    Component,
    Const,
    Delta,
    Expr,
    IndexReduce,
    IndexSum,
    IndexValue,
    Iverson,
    Mul,
    Pow,
    Where,
)
from tcgrad.ir.program import Define, Input, Program
from tcgrad.ir.tensors import Role, Tensor

At = Mapping[Index, int]

_MOST_NODES = 400  # that are evaluated at one point, for all formulas of a program
_SIZES = (4, 3, 5)
_LOW, _HIGH = 0.4, 1.6  # the size of what is drawn
_SCALES = (1.0, 0.3, 2.5, 0.1, 0.6)
_STEPS = 999_983

_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "softplus": lambda a: math.log1p(math.exp(a)),
    "silu": lambda a: a / (1 + math.exp(-a)),
    "relu": lambda a: max(a, 0.0),
    "abs": abs,
    "sign": lambda a: float((a > 0) - (a < 0)),
    "max": max,
    "min": min,
    "clip": lambda a, lo, hi: min(max(a, lo), hi),
}
_FUNCTIONS |= {
    name: getattr(math, name)
    for name in (
        "exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
        "asinh", "acosh", "atanh", "erf", "erfc", "lgamma", "atan2",
    )
}  # fmt: skip


class NoValueError(Exception):
    """What is asked for has no value at the point, or not one that is quickly worked out."""


class Point:
    """A program at one point: every size is small, and inputs are drawn by their names.

    turn: which of the points.
    """

    def __init__(self, program: Program, turn: int) -> None:
        self._defines = {s.tensor: s for s in program.statements if isinstance(s, Define)}
        self._derived = set(program.defined)
        self._inputs = {item.tensor: item for item in program.inputs}
        self._turn = turn
        self._sizes = {dim.name: _small(dim, n + turn) for n, dim in enumerate(program.dims)}
        self._known: dict[tuple[Tensor, tuple[int, ...]], float] = {}
        self._left = _MOST_NODES

    def value(self, expr: Expr, at: At) -> float:
        """The value of an expression where its free indices have the values ``at``.

        Raises:
            NoValueError: if it has none, or one that takes long.
        """
        try:
            return self._value(expr, at)
        except (ValueError, ZeroDivisionError, OverflowError, RecursionError) as error:
            raise NoValueError from error

    def size(self, integer: Integer, at: At) -> int:
        """The value of an integer expression at this point."""
        index = integer.as_index
        if index is not None:
            return at[index]
        total = 0
        for monomial, coefficient in integer.terms:
            total += coefficient * math.prod(self._atom(atom, at) for atom in monomial)
        return total

    def _atom(self, atom: Atom, at: At) -> int:
        match atom:
            case Dim():
                return self._sizes.get(atom.name, atom.value)
            case Index():
                return at[atom]
            case Quotient():
                return self.size(atom.dividend, at) // self.size(atom.divisor, at)
            case Remainder():
                return self.size(atom.dividend, at) % self.size(atom.divisor, at)
            case Gather():
                return int(self._read(atom.tensor, atom.indices, at))

    def _value(self, expr: Expr, at: At) -> float:
        self._left -= 1
        if self._left < 0:
            raise NoValueError
        match expr:
            case Const():
                return float(expr.value)
            case Component():
                return self._read(expr.tensor, expr.indices, at)
            case Add():
                return math.fsum(self._value(term, at) for term in expr.terms)
            case Mul():
                return math.prod(self._value(factor, at) for factor in expr.factors)
            case Pow():
                return _power(self._value(expr.base, at), self._value(expr.exponent, at))
            case Call():
                return self._call(expr, at)
            case IndexSum():
                return math.fsum(self._value(expr.body, inner) for inner in self._ranges(expr.indices, at))
            case IndexReduce():
                return self._reduced(expr, at)
            case Delta():
                return float(self.size(expr.left, at) == self.size(expr.right, at))
            case IndexValue():
                return float(self.size(expr.value, at))
            case Iverson():
                return float(HOLDS[expr.operator](self._value(expr.left, at), self._value(expr.right, at)))
            case Where():
                return self._value(expr.then if self._value(expr.condition, at) else expr.otherwise, at)
            case _:
                assert_never(expr)

    def _call(self, expr: Call, at: At) -> float:
        function = _FUNCTIONS.get(expr.function.name)
        if function is None or expr.function.is_abstract:
            raise NoValueError
        return float(function(*(self._value(argument, at) for argument in expr.arguments)))

    def _reduced(self, expr: IndexReduce, at: At) -> float:
        values = [self._value(expr.body, inner) for inner in self._ranges(expr.indices, at)]
        match expr.kind:
            case "max":
                return max(values)
            case "min":
                return min(values)
            case "prod":
                return math.prod(values)
            case "logsumexp":
                return math.log(math.fsum(map(math.exp, values)))

    def _ranges(self, indices: Iterable[Index], at: At) -> Iterator[At]:
        own = tuple(indices)
        for values in product(*(range(self.size(index.size, at)) for index in own)):
            yield {**at, **dict(zip(own, values, strict=True))}

    def _read(self, tensor: Tensor, indices: tuple[Integer, ...], at: At) -> float:
        positions = tuple([self.size(index, at) for index in indices])
        known = self._known.get((tensor, positions))
        if known is None:
            known = self._known[tensor, positions] = self._component(tensor, positions)
        return known

    def _component(self, tensor: Tensor, positions: tuple[int, ...]) -> float:
        if any(not 0 <= place < self.size(size, {}) for place, size in zip(positions, tensor.shape, strict=True)):
            if tensor.zero_outside:
                return 0.0
            raise NoValueError
        define = self._defines.get(tensor)
        if define is not None:
            return self._value(define.body, dict(zip(define.free, positions, strict=True)))
        if tensor.role is Role.CONSTANT:
            return math.pi if tensor.value is None else float(tensor.value)
        item = self._inputs.get(tensor)
        if item is None:
            raise NoValueError
        if tensor.symmetric or item.sample.kind == "spd":
            positions = (*positions[:-2], *sorted(positions[-2:]))
        return self._drawn(item, positions)

    def _drawn(self, item: Input, positions: tuple[int, ...]) -> float:
        """A number that hangs on the name of an input, the positions and the turn alone."""
        text = f"{item.tensor.name} {positions} {self._turn}"
        drawn = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
        part = drawn % _STEPS / _STEPS
        low, high = item.sample.low, item.sample.high
        match item.sample.kind, item.tensor.dtype:
            case _, "bool":
                return float(drawn % 2)
            case _, "int":
                return float(low or 0) + drawn % max(1, int((high or 2) - (low or 0)))
            case "uniform", _ if low is not None and high is not None:
                return low + (high - low) * part
            case "normal", _:
                return (1 if drawn >> 60 & 1 else -1) * self._scaled(part)
            case _:
                return self._scaled(part)

    def _scaled(self, part: float) -> float:
        """A size for a number from 0 to 1, another one at each point: comparisons shall not always come out alike."""
        return (_LOW + (_HIGH - _LOW) * part) * _SCALES[self._turn % len(_SCALES)]


def _small(dim: Dim, n: int) -> int:
    return max(dim.least, min(dim.value, _SIZES[n % len(_SIZES)]))


def _power(base: float, exponent: float) -> float:
    if exponent == int(exponent):
        return float(base ** int(exponent))
    return math.pow(base, exponent)
