"""Diagnostics as text: place, message, the source line with the place underlined, help and notes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from tcgrad.cells import cells
from tcgrad.errors import Diagnostic, Note, Source, Span, TcgradError

MAX_SHOWN = 50
_WINDOW = 120  # columns of a source line that are shown
_BEFORE = 60  # of these, at most so many before the place
_QUOTED = 200  # characters of the user's own text in a message
_QUOTE = re.compile("`[^`]*`")

# Control, format (among them those that turn the direction of writing), surrogate, private, unassigned, separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def render_diagnostics(error: TcgradError) -> str:
    """All that is wrong, in the order of the places, as lines of plain text without control characters.

    Each is ``FILE:LINE:COL: error[CODE]: message``, the source line, a line of carets under the place, and ``help:``
    and ``note:`` lines where there are any.
    """
    return render_all(error.diagnostics, error.source)


def render_all(diagnostics: Iterable[Diagnostic], source: Source | None) -> str:
    """The same for any diagnostics about one source, or about the command line (None)."""
    ordered = in_order(diagnostics)
    parts = [line for diagnostic in ordered[:MAX_SHOWN] for line in _render(diagnostic, source)]
    if len(ordered) > MAX_SHOWN:
        parts.append(f"... and {len(ordered) - MAX_SHOWN} more")
    return "\n".join(parts)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Each once, by its place; those without one first."""
    return sorted(dict.fromkeys(diagnostics), key=lambda d: d.span.start if d.span else -1)


def _render(diagnostic: Diagnostic, source: Source | None) -> Iterator[str]:
    yield f"{_place(diagnostic.span, source)}: {diagnostic.severity}[{diagnostic.code}]: {_told(diagnostic.message)}"
    yield from _quote(diagnostic.span, source)
    if diagnostic.help:
        first, *more = diagnostic.help.split("\n")
        yield f"help: {_told(first)}"
        yield from (f"      {_told(line)}" for line in more)
    for note in diagnostic.notes:
        yield from _render_note(note, source)


def _render_note(note: Note, source: Source | None) -> Iterator[str]:
    yield f"{_place(note.span, source)}: note: {_told(note.message)}"
    yield from _quote(note.span, source)


def _place(span: Span | None, source: Source | None) -> str:
    if source is None:
        return "tcgrad"
    if span is None:
        return escape(source.name)
    line, column = source.position(span.start)
    return f"{escape(source.name)}:{line}:{column}"


def _quote(span: Span | None, source: Source | None) -> Iterator[str]:
    """The source line and the carets under the part of the span that lies on it."""
    if source is None or span is None:
        return
    number, column = source.position(span.start)
    line = source.line(number)
    start = min(column - 1, len(line))
    end = max(start + 1, min(start + span.end - span.start, len(line)))
    first, last = _window(line, start, end)
    before, after = "..." if first else "", "..." if last < len(line) else ""
    shown = [_shown(char) for char in line[first:last]]
    padding = "".join("\t" if text == "\t" else " " * cells(text) for text in shown[: start - first])
    carets = "^" * max(1, sum(cells(text) for text in shown[start - first : end - first]))
    yield f"{before}{''.join(shown)}{after}"
    yield f"{' ' * len(before)}{padding}{carets}"


def _window(line: str, start: int, end: int) -> tuple[int, int]:
    """The part of a line that is shown: all of it, or what is around the place if it is long."""
    if len(line) <= _WINDOW:
        return 0, len(line)
    first = 0 if end <= _WINDOW else max(0, start - _BEFORE)
    return first, min(len(line), first + _WINDOW)


def _clip(match: re.Match[str]) -> str:
    quote = match.group()
    return quote if len(quote) <= _QUOTED + 2 else f"{quote[:_QUOTED]}...`"


def _told(text: str) -> str:
    """A message or a line of help on one line, with what it quotes cut where that is very long."""
    return escape(_QUOTE.sub(_clip, text))


def escape(text: str) -> str:
    """The text with everything that could drive a terminal written as an escape, and what cannot be seen too."""
    return text if text.isprintable() else "".join(_shown(char, tab=r"\t") for char in text)


def _shown(char: str, tab: str = "\t") -> str:
    if char == "\t":
        return tab
    return char.encode("unicode_escape").decode("ascii") if unicodedata.category(char) in _HIDDEN else char
