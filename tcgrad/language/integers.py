"""Integer expressions: sizes, and what stands in an index position."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from tcgrad.errors import Span
from tcgrad.ir.indices import Dim, Gather, Index, Integer, Quotient, Remainder
from tcgrad.language.parsing.cursor import DEPTH_LIMIT
from tcgrad.language.symbols import Refused
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
from tcgrad.spec.limits import MAX_DIM


class Reader(Protocol):
    """What the names and components in an integer expression stand for."""

    def integer_name(self, node: Name) -> Integer: ...

    def integer_component(self, node: Subscript) -> Integer: ...

    def refuse_integer(self, message: str, span: Span, help_: str | None = None) -> Refused: ...


class FormReader:
    """Reads the form alone: every name that is no size, and every component, stands for some index.

    refuse_integer: what is done with an expression that is wrong whatever its names stand for.
    """

    def __init__(self, sizes: Mapping[str, Integer], refuse_integer: Callable[..., Refused]) -> None:
        self._sizes = sizes
        self.refuse_integer = refuse_integer

    def integer_name(self, node: Name) -> Integer:
        size = self._sizes.get(node.name)
        return Index(node.name, Integer.of(1)).expr if size is None else size

    def integer_component(self, node: Subscript) -> Integer:
        return Index(node.name, Integer.of(1)).expr


def read_integer(node: Expression, reader: Reader) -> Integer:
    """The polynomial that ``node`` writes.

    Raises:
        Refused: where it is not made of integers, indices and dims with ``+ - * // %``, or of too large ones.
    """
    integer = _read(node, reader)
    if _is_large(integer):
        raise reader.refuse_integer(f"the numbers in an integer expression go up to {MAX_DIM}", node.span)
    return integer


def _read(node: Expression, reader: Reader) -> Integer:
    match node:
        case Number():
            if node.value.denominator != 1:
                raise reader.refuse_integer(f"`{node.text}` is not an integer", node.span)
            return Integer.of(int(node.value))
        case Name():
            return reader.integer_name(node)
        case Subscript():
            return reader.integer_component(node)
        case Sum():
            total = Integer.of(0)
            for sign, term in node.terms:
                value = read_integer(term, reader)
                total = total + value if sign > 0 else total - value
            return total
        case Product():
            return _read_product(node, reader)
        case Negative():
            return -read_integer(node.operand, reader)
        case Group():
            return read_integer(node.body, reader)
        case Power():
            help_ = "write a square as a product: `K*K`"
            raise reader.refuse_integer("powers are not allowed in integer expressions", node.span, help_)
        case Call() | Reduction() | Iverson() | Comparison() | Gradient() | Jacobian():
            help_ = "use integers, indices and dims with + - * // %"
            raise reader.refuse_integer("this is not an integer expression", node.span, help_)


def _read_product(node: Product, reader: Reader) -> Integer:
    total = Integer.of(1)
    for operator, factor in node.factors:
        value = read_integer(factor, reader)
        match operator:
            case "*":
                total = _times(total, value, factor, reader)
            case "//":
                total = _bounded(total // _divisor(value, factor, reader), factor, reader)
            case "%":
                total = _bounded(total % _divisor(value, factor, reader), factor, reader)
            case "/":
                help_ = "write `//`, which rounds down"
                raise reader.refuse_integer("`/` does not give an integer", factor.span, help_)
    return total


def _times(left: Integer, right: Integer, factor: Expression, reader: Reader) -> Integer:
    if (left.indices or left.gathers) and (right.indices or right.gathers):
        message = "an index position holds an index times an integer or a dim, not a product of indices"
        raise reader.refuse_integer(message, factor.span)
    return left * right


def _divisor(value: Integer, factor: Expression, reader: Reader) -> Integer:
    if value.indices or value.gathers or value.value < 1:
        message = "the divisor of `//` and `%` is a positive integer or a dim"
        raise reader.refuse_integer(message, factor.span)
    return value


def _bounded(total: Integer, factor: Expression, reader: Reader) -> Integer:
    """What is divided again and again nests without any bracket: ``i//2//3`` is ``(i//2)//3``."""
    if total.depth > DEPTH_LIMIT:
        message = f"`//` and `%` stand inside of each other at most {DEPTH_LIMIT} deep"
        raise reader.refuse_integer(message, factor.span)
    return total


def _is_large(integer: Integer) -> bool:
    """Whether there is a larger number in it than an index can be, also where it is divided."""
    parts = [
        atom.dividend for monomial, _ in integer.terms for atom in monomial if isinstance(atom, Quotient | Remainder)
    ]
    return any(abs(coefficient) > MAX_DIM for _, coefficient in integer.terms) or any(map(_is_large, parts))


def write_integer(integer: Integer) -> str:
    """The text of an integer expression, as in ``2*i + p - 1``."""
    text = ""
    for monomial, coefficient in integer.terms:
        factors = [_write_atom(atom) for atom in monomial]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        sign = "-" if coefficient < 0 else "+" if text else ""
        text += (f" {sign} " if text else sign) + "*".join(factors)
    return text or "0"


def _write_atom(atom: Dim | Index | Quotient | Remainder | Gather) -> str:
    match atom:
        case Dim() | Index():
            return atom.name
        case Quotient():
            return f"({_operand(atom.dividend)}//{_operand(atom.divisor)})"
        case Remainder():
            return f"({_operand(atom.dividend)}%{_operand(atom.divisor)})"
        case Gather():
            return f"{atom.tensor.name}[{','.join(write_integer(e) for e in atom.indices)}]"


def _operand(integer: Integer) -> str:
    text = write_integer(integer)
    return text if len(integer.terms) == 1 and integer.terms[0][1] >= 0 and "*" not in text else f"({text})"
