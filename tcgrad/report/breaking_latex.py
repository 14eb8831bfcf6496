"""Long formulas in LaTeX broken into lines that fit on a page: before a plus or a minus, and between brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_TOKEN = re.compile(r"\\(?:left|right)(?:\\[A-Za-z]+|.)|\\[A-Za-z]+|\\.|.", re.DOTALL)
_WIDE = {r"\operatorname": 0.5, r"\quad": 2, r"\sum": 2, r"\prod": 2}
_NARROW = {" ", "&", r"\mathbf", r"\boldsymbol", r"\mathcal", r"\mathrm", r"\text", r"\texttt", r"\left.", r"\right."}
_SMALL = 0.7  # how wide an index is beside a letter on the line


class _Piece(NamedTuple):
    """A part of a formula that a line may begin with, and whether that is inside of brackets."""

    text: str
    inside: bool


def break_latex(text: str, room: float) -> list[str]:
    """The lines of a formula, each about as wide as ``room`` letters at most, where it can be broken so.

    A line that begins inside of brackets closes and opens them, invisibly, around the break.
    """
    if width(text) <= room:
        return [text]
    whole = _filled(_cut(text, anywhere=False), room)
    return [part for line in whole for part in ([line] if width(line) <= room else _filled(_cut(line), room))]


def width(text: str) -> float:
    """How many letters wide a text is about, as it is typeset."""
    return _Measure(_TOKEN.findall(text)).until("")


def _filled(pieces: Sequence[_Piece], room: float) -> list[str]:
    lines = [pieces[0].text]
    for piece in pieces[1:]:
        if width(lines[-1]) + width(piece.text) <= room:
            lines[-1] += f" {piece.text}"
        elif piece.inside:
            lines[-1] += r" \right."
            lines.append(rf"\left. {{}} {piece.text}")
        else:
            lines.append(piece.text)
    return lines


def _cut(text: str, *, anywhere: bool = True) -> list[_Piece]:
    """The parts between which a line may be broken; ``anywhere``: within a pair of brackets and between two as well."""
    pieces: list[_Piece] = []
    start, inside = 0, False
    for place, within in _places(text):
        is_sign = text[place] in "+-"
        if anywhere or (is_sign and not within):
            pieces.append(_Piece(text[start:place].rstrip(), inside))
            start, inside = place, within
    return [*pieces, _Piece(text[start:], inside)]


def _places(text: str) -> Iterator[tuple[int, bool]]:
    """Where a sign of addition stands, or a bracket behind another one, and whether that is in parentheses."""
    braces, brackets = 0, list[str]()
    for found in _TOKEN.finditer(text):
        word, place = found.group(), found.start()
        braces += (word in ("{", r"\begin")) - (word in ("}", r"\end"))
        is_sign = word in ("+", "-") and text[place - 1 : place] == " " == text[place + 1 : place + 2]
        follows = word == r"\left[" and text[:place].endswith(r"\right] ")
        if not braces and (((is_sign or follows) and not brackets) or (is_sign and brackets == [r"\left("])):
            yield place, bool(brackets)
        if re.match(r"\\left[^A-Za-z]", word):
            brackets.append(word)
        elif re.match(r"\\right[^A-Za-z]", word):
            brackets.pop()


class _Measure:
    """Reads tokens from the left."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens[::-1]

    def until(self, end: str) -> float:
        """The width of what stands before a token, which is read too."""
        total = 0.0
        while self._tokens:
            token = self._tokens.pop()
            if token == end:
                break
            total += self._token(token)
        return total

    def _token(self, token: str) -> float:
        match token:
            case "{":
                return self.until("}")
            case "_" | "^":
                return _SMALL * self._group()
            case r"\frac":
                return max(self._group(), self._group())
            case r"\begin" | r"\end":
                self._group()
                return 1
            case _:
                return 0 if token in _NARROW else _WIDE.get(token, 1)

    def _group(self) -> float:
        while self._tokens and self._tokens[-1] == " ":
            self._tokens.pop()
        return self._token(self._tokens.pop()) if self._tokens else 0
