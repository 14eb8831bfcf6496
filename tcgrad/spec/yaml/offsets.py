"""From a scalar of a YAML file to the place of each of its characters.

The decoders below read a scalar's source once more and keep the offset of every character. What they read is compared
with what the YAML library read; where the two differ, the library's text is aligned with the source instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tcgrad.errors import LINE_BREAK, Located
from tcgrad.spec.yaml.blocks import block_runs

_PROPERTIES = re.compile(r"(?:(?:!<[^>\s]*>|[!&][^\s,\[\]{}]*)(?:\s+(?:#[^\n]*)?)*)+")
_GAP = re.compile(r"[ \t\r\n]+")
_RUNS = {
    "'": re.compile(r"[^ \t\r\n']+"),
    '"': re.compile(r"[^ \t\r\n\\]+"),
    "": re.compile(r"[^ \t\r\n]+"),
}
_SEARCHED = 256  # characters, so that aligning stays linear

_CODE_LENGTHS = {"x": 2, "u": 4, "U": 8}
_NAMED_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip

Run = tuple[str, int]
"""Characters that stand side by side in the source, and the offset of the first."""


def locate_scalar(value: str, style: str | None, source: str, start: int, end: int) -> Located:
    """The scalar ``value`` that stands, with its tag and anchor, at ``source[start:end]``.

    style: as the YAML library names it: ``'``, ``"``, ``|``, ``>``, or None (or empty) for a plain scalar.
    """
    properties = _PROPERTIES.match(source, start, end) if source[start : start + 1] in ("!", "&") else None
    start = properties.end() if properties else start
    if not style and source.startswith(value, start):
        return Located(value, tuple(range(start, start + len(value) + 1)))
    offsets = _offsets(value, _decode(value, style or "", source, start, end))
    if offsets is None:
        offsets = list(_align(value, source, start, end))
    last = offsets[-1] + 1 if offsets else start
    closing_quote = max(end - 1, start)
    return Located(value, (*offsets, closing_quote if style in ("'", '"') else last))


def _offsets(value: str, runs: Iterable[Run]) -> list[int] | None:
    """The offset of each character, or None if the runs do not begin with ``value``."""
    offsets: list[int] = []
    texts: list[str] = []
    for text, offset in runs:
        texts.append(text)
        offsets.extend(range(offset, offset + len(text)))
    return offsets[: len(value)] if "".join(texts).startswith(value) else None


def _decode(value: str, style: str, source: str, start: int, end: int) -> Iterator[Run]:
    if style in ("|", ">"):
        return block_runs(value, source, start, end)
    return _flow_runs(style, source, start + 1, end - 1) if style else _flow_runs(style, source, start, end)


def _flow_runs(style: str, source: str, position: int, end: int) -> Iterator[Run]:
    """A plain or quoted scalar, without its quotes: gaps are folded and escapes read."""
    run = _RUNS[style]
    while position < end:
        if found := run.match(source, position, end):
            yield found.group(), position
            position = found.end()
        elif gap := _GAP.match(source, position, end):
            yield from _folded(gap)
            position = gap.end()
        elif style == "'":
            yield "'", position  # it is written twice
            position += 2
        else:
            char, after = _escape(source, position, end)
            yield char, position
            position = after


def _folded(gap: re.Match[str]) -> list[Run]:
    """White space in a flow scalar: with one line break it is a space, of several breaks the first is dropped."""
    breaks = [found.start() for found in LINE_BREAK.finditer(gap.string, gap.start(), gap.end())]
    if not breaks:
        return [(gap.group(), gap.start())]
    return [(" ", breaks[0])] if len(breaks) == 1 else [("\n", offset) for offset in breaks[1:]]


def _escape(source: str, position: int, end: int) -> Run:
    """The character that an escape stands for (none for an escaped line break), and where the escape ends."""
    kind = source[position + 1 : position + 2]
    if kind in ("\r", "\n"):
        gap = _GAP.match(source, position + 1, end)
        return "", gap.end() if gap else end
    after = position + 2 + _CODE_LENGTHS.get(kind, 0)
    if kind in _CODE_LENGTHS:
        return chr(int(source[position + 2 : after], 16)), after
    return _NAMED_ESCAPES.get(kind, kind), after


def _align(value: str, source: str, start: int, end: int) -> Iterator[int]:
    """The offset of each character at its next occurrence; white space that has none stays where the text is."""
    position = start
    for char in value:
        found = source.find(char, position, min(end, position + _SEARCHED))
        if found >= 0 and (not char.isspace() or not source[position:found].strip()):
            yield found
            position = found + 1
        else:
            yield min(position, max(start, end - 1))
