"""What an encoding lacks as escapes, as in a text on its way to a terminal: carets stay under what they point at."""

from __future__ import annotations

import re
from itertools import pairwise

from tcgrad.cells import cells

_CARETS = re.compile(r"[ \t]*\^+")


def in_encoding(text: str, encoding: str) -> str:
    """The text in characters of the encoding alone: ``ö`` is ``\\xf6`` in ASCII, and takes four columns for one."""
    shown = _escaped(text, encoding)
    if shown == text:
        return text
    lines = text.split("\n")
    written = shown.split("\n")
    for number, (above, line) in enumerate(pairwise(lines), 1):
        if _CARETS.fullmatch(line):
            written[number] = _moved(line, above, encoding)
    return "\n".join(written)


def _escaped(text: str, encoding: str) -> str:
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _moved(carets: str, above: str, encoding: str) -> str:
    """The line of carets below a line whose escapes are longer than the characters they stand for."""
    moved, place = "", 0
    for char in above:
        escape = _escaped(char, encoding)
        beneath = carets[place : place + cells(char)]
        place += cells(char)
        moved += beneath if escape == char else (beneath or moved)[-1:] * len(escape)
    return (moved + carets[place:]).rstrip()
