"""Places of the characters of literal (``|``) and folded (``>``) block scalars.

The text that the YAML library read tells the indentation, which breaks were folded and how the end was chomped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcgrad.errors import LINE_BREAK

_SEPARATORS = re.compile(r" |\n*")


def block_runs(value: str, source: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Runs of the characters of ``value`` with the offset of the first of each.

    ``source[start:end]`` is the block, from its header on.
    """
    header = LINE_BREAK.search(source, start, end)
    lines = _lines(source, header.end(), end) if header else []
    indentation = _indentation(value, source, lines)
    position = 0
    breaks: list[int] = []
    for first, last in lines:
        content = min(first + indentation, last)
        if content < last:
            count = _count_separators(value, position, breaks)
            yield from _separators(value, position, breaks[len(breaks) - count :])
            position += count + last - content
            yield source[content:last], content
            breaks = []
        breaks.append(last)
    yield from _separators(value, position, breaks[: _count_separators(value, position, breaks)])


def _lines(source: str, position: int, end: int) -> list[tuple[int, int]]:
    """Start and end, without the break, of the lines of ``source[position:end]``."""
    lines = []
    for found in LINE_BREAK.finditer(source, position, end):
        lines.append((position, found.start()))
        position = found.end()
    return [*lines, (position, end)] if position < end else lines


def _indentation(value: str, source: str, lines: list[tuple[int, int]]) -> int:
    """The spaces that each line has more in the source than in the text, by the first line that is not blank."""
    kept = next((line for line in value.split("\n") if line.strip(" ")), "")
    written = next((source[first:last] for first, last in lines if source[first:last].strip(" ")), "")
    return max(0, _leading(written) - _leading(kept))


def _leading(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _count_separators(value: str, position: int, breaks: list[int]) -> int:
    """How many characters the breaks between two lines have become: one space, or some of them line feeds."""
    found = _SEPARATORS.match(value, position)
    return min(len(found.group()), len(breaks)) if found else 0


def _separators(value: str, position: int, breaks: list[int]) -> Iterator[tuple[str, int]]:
    yield from zip(value[position : position + len(breaks)], breaks, strict=False)
