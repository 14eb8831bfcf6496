"""Long formulas in LaTeX broken into lines that fit on a page: at plus and minus, at factors, then in brackets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tcgrad.report.derivations.latex_width import PRODUCTS, TOKEN, width

__all__ = ["break_latex", "width"]

_OPERATORS = frozenset({"+", "-", "/", ",", "<", ">", "=", r"\le", r"\ge", r"\ne", r"\bmod", r"\cdot", *PRODUCTS})
_HEADS = frozenset({r"\sum", r"\prod", r"\max", r"\min", r"\quad"})  # what follows belongs to them
_OPEN = frozenset({r"\left(", r"\left."})  # brackets that may be broken
_JOINTS = frozenset({*PRODUCTS, r"\left["})  # what tells by itself that it is a factor
_LEVELS = ((0, -1), (1, -1), (1, 0), (2, 0), (2, 1), (3, 1), (3, 3))
"""What is tried, one after the other: signs inside of so many brackets at most, factors inside of so many."""


class _Place(NamedTuple):
    """Where a line may begin: inside of how many brackets, with a sign or a factor.

    joint: what a line has to begin with there.
    """

    start: int
    depth: int
    is_sign: bool
    joint: str = ""


class _Piece(NamedTuple):
    """A part of a formula that a line may begin with, inside of how many brackets, and what is written before it."""

    text: str
    depth: int
    joint: str


def break_latex(text: str, room: float) -> list[str]:
    """The lines of a formula, each about as wide as ``room`` letters at most, where it can be broken so.

    A line that begins inside of brackets closes and opens them, invisibly, around the break.
    """
    lines = _broken(text, room)
    if all(width(line) <= room for line in lines):
        return lines
    flat = _without_wide_fractions(text, room)
    return lines if flat == text else _broken(flat, room)


def _broken(text: str, room: float) -> list[str]:
    """The lines, each broken at the outermost places that make it short enough."""
    lines = [text]
    for level in _LEVELS:
        lines = [part for line in lines for part in ([line] if width(line) <= room else _filled(line, level, room))]
    return lines


def _filled(text: str, level: tuple[int, int], room: float) -> list[str]:
    first, *rest = _cut(text, level)
    lines = [first.text]
    for piece in rest:
        if width(lines[-1]) + width(piece.text) <= room:
            lines[-1] += f" {piece.text}"
        else:
            lines[-1] += r" \right." * piece.depth
            lines.append(r"\left. " * piece.depth + ("{} " if piece.depth else "") + piece.joint + piece.text)
    return lines


def _cut(text: str, level: tuple[int, int]) -> Sequence[_Piece]:
    pieces: list[_Piece] = []
    start, depth, joint = 0, 0, ""
    signs, factors = level
    for place in _places(text):
        if place.depth > (signs if place.is_sign else factors):
            continue
        pieces.append(_Piece(text[start : place.start].rstrip(), depth, joint))
        start, depth, joint = place.start, place.depth, place.joint
    return [*pieces, _Piece(text[start:], depth, joint)]


def _places(text: str) -> Iterator[_Place]:
    """Where a sign of addition stands, or a factor behind another one, outside of all brackets but parentheses."""
    braces, brackets, head = 0, list[str](), ""
    for found in TOKEN.finditer(text):
        word, start = found.group(), found.start()
        braces += (word in ("{", r"\begin")) - (word in ("}", r"\end"))
        spaced = text[start - 1 : start] == " "
        if start and spaced and not braces and word not in " {}" and all(bracket in _OPEN for bracket in brackets):
            if word in ("+", "-") and text[start + 1 : start + 2] == " " and not head.startswith(r"\left"):
                yield _Place(start, len(brackets), is_sign=True)
            elif _is_factor(word, head):
                joint = "" if word in _JOINTS else r"\cdot "
                yield _Place(start, len(brackets), is_sign=False, joint=joint)
        if word.startswith((r"\left", r"\right")) and len(word) > 5 and word not in (r"\leftarrow", r"\rightarrow"):
            brackets = [*brackets, word] if word.startswith(r"\left") else brackets[:-1]
        if not braces and word not in " _^{}":
            head = word


def _is_factor(word: str, head: str) -> bool:
    """Whether a line may begin with a word behind another one: with an operator of products, or with what it joins."""
    if word in PRODUCTS:
        return True
    joined = head not in _OPERATORS and head not in _HEADS and not head.startswith(r"\left")
    return joined and word not in _OPERATORS and not word.startswith((r"\right", "&", r"\end"))


def _without_wide_fractions(text: str, room: float) -> str:
    """Fractions that are wider than a line as products, which can be broken: ``(a + b) (c d)^-1``."""
    made, place = "", 0
    while (start := text.find(r"\frac{", place)) >= 0:
        above, end = _group(text, start + len(r"\frac"))
        below, end = _group(text, end)
        whole = text[start:end]
        made += text[place:start] + (whole if width(whole) <= room else _product_for_fraction(above, below, room))
        place = end
    return made + text[place:]


def _product_for_fraction(above: str, below: str, room: float) -> str:
    """``1/B (a + b)``, or ``a (c + d)^-1`` where what is divided by is wide."""
    is_sum = any(place.is_sign and not place.depth for place in _places(above))
    numerator = rf"\left({above}\right)" if is_sum or above.startswith("-") else above
    if width(below) <= room / 2:
        return rf"\frac{{1}}{{{below}}} {numerator}"
    inverse = rf"\left({below}\right)^{{-1}}"
    return inverse if above == "1" else f"{numerator} {inverse}"


def _group(text: str, start: int) -> tuple[str, int]:
    """What stands in the braces that open at a place, and where they end."""
    depth = 0
    for found in TOKEN.finditer(text, start):
        depth += (found.group() == "{") - (found.group() == "}")
        if not depth:
            return text[start + 1 : found.start()], found.end()
    return text[start + 1 :], len(text)
