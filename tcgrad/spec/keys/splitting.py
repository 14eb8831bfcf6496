"""From a block of text to its equations."""

from __future__ import annotations

import re

from tcgrad.errors import Located

_LINE = re.compile(r"[^\n]*(?:\n|$)")
_EQUATION_START = re.compile(r"\s*[^\W\d]\w*\s*(?:(?:\[[^\]\n]*\]|_?\{[^}\n]*\})\s*)?=(?!=)")


def split_block(text: Located) -> tuple[Located, ...]:
    """The equations of a block string: one a line, blank lines and comments left out.

    An open bracket continues on the next line, unless that line plainly begins an equation of its own.
    """
    pieces: list[tuple[int, int]] = []
    depth = 0
    for match in _LINE.finditer(text.text):
        line = match.group()
        code = line.partition("#")[0]
        if not code.strip():
            continue
        if depth > 0 and not _EQUATION_START.match(line):
            pieces[-1] = (pieces[-1][0], match.end())
        else:
            depth = 0
            pieces.append((match.start(), match.end()))
        depth = max(0, depth + sum(map(code.count, "([{")) - sum(map(code.count, ")]}")))
    return tuple(_cut(text, start, end) for start, end in pieces)


def _cut(text: Located, start: int, end: int) -> Located:
    """``text[start:end]`` without the space around it."""
    piece = text.text[start:end]
    start += len(piece) - len(piece.lstrip())
    end -= len(piece) - len(piece.rstrip())
    offsets = text.offsets[start:end]
    return Located(text.text[start:end], (*offsets, offsets[-1] + 1 if offsets else text.offsets[start]))
