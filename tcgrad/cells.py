"""How many columns of a terminal a text takes."""

from __future__ import annotations

import functools
import re
import unicodedata

_WORDS = re.compile(r"(\s*)((?:\[[^[\]]*\]|\S)+)")


def cells(text: str) -> int:
    """Columns: two for wide characters, none for marks that sit on the character before."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def padded(text: str, width: int) -> str:
    """The text with spaces behind it, as wide as ``width``."""
    return text + " " * (width - cells(text))


def filled(text: str, width: int, indent: str) -> list[str]:
    """The lines of a paragraph, broken between words, the others behind an indent.

    A word that is wider stays whole, and so does what stands in square brackets.
    """
    lines, line = list[str](), ""
    for blanks, word in _WORDS.findall(text):
        if line and cells(line + blanks + word) > width:
            lines.append(line)
            line = indent + word
        else:
            line += blanks + word
    return [*lines, line]


@functools.cache
def _cells_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
