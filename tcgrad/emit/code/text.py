"""Pieces of code and how tightly they hold together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from fractions import Fraction
from string import ascii_uppercase

from tcgrad.records import dataclass

_LETTERS = f"ijklmnopqrstuvwxyzabcdefgh{ascii_uppercase}"


class Level(IntEnum):
    """How tightly an expression holds together, as Python reads it (and a matrix product less than a product)."""

    COMPARE = 1
    AND = 2
    ADD = 3
    MATMUL = 4
    MUL = 5
    UNARY = 6
    POWER = 7
    ATOM = 8


@dataclass(frozen=True)
class Text:
    """Code and how tightly it holds together."""

    code: str
    level: Level = Level.ATOM

    def at(self, level: Level) -> str:
        """The code as an operand that must hold together at least as tightly as ``level``."""
        return self.code if self.level >= level else f"({self.code})"


class NoFloat(Exception):  # noqa: N818 - not an error of its own: what is said of it depends on the program
    """A number of the code is one that no floating-point type holds."""


def decimal(value: Fraction) -> str:
    """A number as one of float64.

    Raises:
        NoFloat: if it is too large to be one, or so small that it would be 0.
    """
    try:
        found = float(value)
    except OverflowError:
        raise NoFloat from None
    if value and not found:
        raise NoFloat
    return repr(found)


def number(value: Fraction) -> Text:
    """An exact number: a whole number, a short decimal or a quotient."""
    sign, size = ("-", -value) if value < 0 else ("", value)
    level = Level.UNARY if sign else Level.ATOM
    if size.denominator == 1 and size < 10**15:
        return Text(f"{sign}{size}", level)
    shown = decimal(size)
    if Fraction(shown) == size or len(f"{size}") > 8:
        return Text(sign + shown, level)
    return Text(f"{sign}{size.numerator} / {size.denominator}", Level.MUL)


def is_simple(code: str) -> bool:
    return re.fullmatch(r"-?[\w.]+", code) is not None


def subscript(places: Sequence[str]) -> str:
    """A place for each axis as a subscript: whole axes at the end are left out, many at the start are an ellipsis."""
    if len(places) > 2 and set(places[:-1]) == {":"} and places[-1] != ":":
        return f"..., {places[-1]}"
    while len(places) > 1 and places[-1] == ":":
        places = places[:-1]
    return ", ".join(places)


def letters(labels: Iterable[int]) -> str:
    """The subscripts of one array in an einsum: NumPy has 52 letters, the limits of a spec leave far fewer labels."""
    return "".join(_LETTERS[label] for label in labels)
