"""From a scalar of a YAML file to the place of each of its characters.

The decoders below read a scalar's source once more and keep the offset of every character. What they read is compared
with what the YAML library read; where the two differ, the library's text is aligned with the source instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tcgrad.errors import Located
from tcgrad.spec.blocks import block_places

_PROPERTIES = re.compile(r"(?:(?:!<[^>\s]*>|[!&][^\s,\[\]{}]*)(?:\s+(?:#[^\n]*)?)*)+")
_BREAK = re.compile(r"\r\n?|\n")
_GAP = re.compile(r"[ \t]*(?:\r\n?|\n)[ \t\r\n]*")
_PLAIN_RUN = re.compile(r"[^ \t\r\n]+")
_DOUBLE_RUN = re.compile(r"[^ \t\r\n\\]+")
_SEARCHED = 256  # characters, so that aligning stays linear

_CODE_LENGTHS = {"x": 2, "u": 4, "U": 8}
_NAMED_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip

Place = tuple[str, int]


def locate_scalar(value: str, style: str | None, source: str, start: int, end: int) -> Located:
    """The scalar ``value`` that stands, with its tag and anchor, at ``source[start:end]``.

    style: as the YAML library names it: ``'``, ``"``, ``|``, ``>``, or None (or empty) for a plain scalar.
    """
    properties = _PROPERTIES.match(source, start, end) if source[start : start + 1] in ("!", "&") else None
    start = properties.end() if properties else start
    if not style and source.startswith(value, start):
        return Located(value, tuple(range(start, start + len(value) + 1)))
    places = list(_decode(value, style, source, start, end))[: len(value)]
    if "".join(char for char, _ in places) != value:
        places = list(_align(value, source, start, end))
    if style in ("'", '"'):
        after = max(end - 1, start)  # the closing quote
    else:
        after = places[-1][1] + 1 if places else start
    return Located(value, (*(offset for _, offset in places), after))


def _decode(value: str, style: str | None, source: str, start: int, end: int) -> Iterator[Place]:
    match style:
        case "'":
            return _single_quoted(source, start + 1, end - 1)
        case '"':
            return _double_quoted(source, start + 1, end - 1)
        case "|" | ">":
            return block_places(value, source, start, end)
        case _:
            return _folded_lines(source, start, end)


def _folded(gap: re.Match[str]) -> Iterable[Place]:
    """A gap with line breaks in a flow scalar: one break is a space, of several the first is dropped."""
    breaks = [found.start() for found in _BREAK.finditer(gap.string, gap.start(), gap.end())]
    return [(" ", breaks[0])] if len(breaks) == 1 else [("\n", offset) for offset in breaks[1:]]


def _folded_lines(source: str, position: int, end: int, run: re.Pattern[str] = _PLAIN_RUN) -> Iterator[Place]:
    """Text with its gaps folded; in double quotes the escapes, at which the runs stop, are read too."""
    while position < end:
        if found := run.match(source, position, end):
            yield from zip(found.group(), range(position, found.end()), strict=True)
            position = found.end()
        elif gap := _GAP.match(source, position, end):
            yield from _folded(gap)
            position = gap.end()
        elif source[position] == "\\":
            char, after = _escape(source, position, end)
            yield from ((part, position) for part in char)
            position = after
        else:
            yield source[position], position
            position += 1


def _single_quoted(source: str, position: int, end: int) -> Iterator[Place]:
    second_quote = -1
    for char, offset in _folded_lines(source, position, end):
        if offset == second_quote:
            continue
        if char == "'":
            second_quote = offset + 1
        yield char, offset


def _double_quoted(source: str, position: int, end: int) -> Iterator[Place]:
    return _folded_lines(source, position, end, _DOUBLE_RUN)


def _escape(source: str, position: int, end: int) -> tuple[str, int]:
    """The character that an escape stands for (none for an escaped line break) and where the escape ends."""
    kind = source[position + 1 : position + 2]
    if kind in ("\r", "\n"):
        gap = _GAP.match(source, position + 1, end)
        return "", gap.end() if gap else end
    after = position + 2 + _CODE_LENGTHS.get(kind, 0)
    if kind in _CODE_LENGTHS:
        return chr(int(source[position + 2 : after], 16)), after
    return _NAMED_ESCAPES.get(kind, kind), after


def _align(value: str, source: str, start: int, end: int) -> Iterator[Place]:
    """Each character at its next occurrence; white space that has none stays where the text is."""
    position = start
    for char in value:
        found = source.find(char, position, min(end, position + _SEARCHED))
        if found >= 0 and (not char.isspace() or not source[position:found].strip()):
            position = found
            yield char, found
            position += 1
        else:
            yield char, min(position, max(start, end - 1))
