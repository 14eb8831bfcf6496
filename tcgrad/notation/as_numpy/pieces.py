"""Texts of NumPy expressions with how tightly they bind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from tcgrad.ir.indices import Integer
from tcgrad.ir.tensors import Tensor
from tcgrad.notation.as_numpy.names import code_number, code_size

# how tightly a text's outermost operator binds; ``@`` and ``*`` are not mixed without parentheses
SUM, PRODUCT, CHAIN, UNARY, POWER, ATOM = range(1, 7)


class Piece(NamedTuple):
    """A text and how tightly its outermost operator binds."""

    text: str
    level: int


def within(piece: Piece, level: int) -> str:
    """The text, in parentheses if it binds less tightly than ``level``."""
    return piece.text if piece.level >= level else f"({piece.text})"


def atom(template: str, *parts: str) -> Piece:
    """A call of NumPy, or anything else that needs no parentheses."""
    return Piece(template.format(*parts), ATOM)


def number(value: Fraction) -> Piece:
    """An exact number."""
    text = code_number(value)
    return Piece(text, UNARY if text.startswith("-") else PRODUCT if "/" in text else ATOM)


def size(value: Integer) -> Piece:
    """A size as a number."""
    text = code_size(value)
    return Piece(text, ATOM if text.isidentifier() or text.isdigit() else SUM)


def quotient(above: Iterable[Piece], below: Iterable[Piece]) -> Piece:
    """``a * b / (c * d)``."""
    numerator, denominator = [_operand(piece) for piece in above], list(below)
    text = " * ".join(numerator) or "1"
    match denominator:
        case []:
            return Piece(text, PRODUCT)
        case [piece]:
            return Piece(f"{text} / {within(piece, UNARY)}", PRODUCT)
        case _:
            return Piece(f"{text} / ({' * '.join(map(_operand, denominator))})", PRODUCT)


def _operand(piece: Piece) -> str:
    return within(piece, PRODUCT if piece.level != CHAIN else ATOM)


def as_number(tensor: Tensor, text: str) -> Piece:
    """A read of a tensor; NumPy has no minus and no sum for truth values, so that they are made numbers first."""
    return Piece(f"1 * {text}", PRODUCT) if tensor.dtype == "bool" else Piece(text, ATOM)


def negative(piece: Piece) -> Piece:
    """The text with a minus, which belongs to the first factor of a chain alone: ``a * (-b @ c)``."""
    return Piece(f"-{within(piece, PRODUCT)}", CHAIN if piece.level == CHAIN else PRODUCT)


def added(signed: Sequence[tuple[Piece, bool]]) -> Piece:
    """Terms, each with whether it is taken away."""
    (first, negated), *rest = signed
    text, level = negative(first) if negated else first
    for piece, minus in rest:
        text += f" {'-' if minus else '+'} {within(piece, PRODUCT)}"
    return Piece(text, SUM if rest else level)
