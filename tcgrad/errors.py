"""What can be wrong with a user's input: diagnostics with a place, a code and a way to mend it."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from functools import cached_property
from typing import Literal

from tcgrad.records import dataclass

Severity = Literal["error", "warning"]

SYNTAX = "TC2"
"""What the codes of syntax errors begin with."""

SHOWN = 60
"""Characters of the user's own text that a line of help repeats."""

LINE_BREAK = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Span:
    """The characters ``start`` to ``end`` (excluded) of a source file."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that covers this one and ``other``."""
        return Span(min(self.start, other.start), max(self.end, other.end))


STDIN = "stdin"
"""What the text of standard input is called."""


@dataclass(frozen=True)
class Source:
    """A file as it was read: its name for messages and its text."""

    name: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in LINE_BREAK.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both counted from 1, of a character offset."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        start = self._line_starts[number - 1]
        match = LINE_BREAK.search(self.text, start)
        return self.text[start : match.start() if match else None]


@dataclass(frozen=True)
class Place:
    """Where something stands, of what may have been read from one file or another."""

    source: Source
    span: Span


@dataclass(frozen=True)
class Located:
    """A piece of text with the place of each of its characters in the source file.

    ``offsets`` has one entry per character of ``text`` and one for its end, so that escapes, folded
    lines and block scalars of YAML still lead to the right line and column.
    """

    text: str
    offsets: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """The source span of ``text[start:end]``."""
        first = self.offsets[start]
        return Span(first, max(first, self.offsets[end - 1] + 1 if end > start else first))

    @property
    def whole(self) -> Span:
        return self.span(0, len(self.text))

    @classmethod
    def plain(cls, text: str) -> Located:
        """A text that is its own source, as an option of the command line is."""
        return cls(text, tuple(range(len(text) + 1)))


@dataclass(frozen=True)
class Note:
    """A second place that an error is about, with what is to be seen there."""

    span: Span
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong: ``code`` is a key of the table of codes in ``tcgrad.codes``."""

    code: str
    message: str
    span: Span | None = None
    help: str | None = None
    notes: tuple[Note, ...] = ()
    severity: Severity = "error"


@dataclass
class TcgradError(Exception):
    """Bad input: one or several diagnostics about one source (None: about the command line)."""

    diagnostics: tuple[Diagnostic, ...]
    source: Source | None = None

    def __str__(self) -> str:
        """What a program that does not catch it ends with: each with its place, its code and what mends it."""
        return "\n".join(line for diagnostic in self.diagnostics for line in self._lines(diagnostic))

    def _lines(self, diagnostic: Diagnostic) -> Iterator[str]:
        yield f"{self._place(diagnostic.span)}{diagnostic.code}: {diagnostic.message}"
        if diagnostic.help:
            yield f"help: {diagnostic.help}"

    def _place(self, span: Span | None) -> str:
        if self.source is None:
            return ""
        position = () if span is None else self.source.position(span.start)
        return "".join(f"{part}:" for part in (self.source.name, *position)) + " "


def no_such(what: str, name: str, choices: Iterable[str]) -> TcgradError:
    """The refusal of a name on the command line, or of an argument, that is none of the choices."""
    return TcgradError(
        (Diagnostic("TC601", f"there is no {what} `{name}`", help=f"choose among {', '.join(choices)}"),)
    )


@dataclass
class Report:
    """Collects the diagnostics of a stage, so that one run tells all that is independently wrong."""

    source: Source | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _unclear: set[int] = field(default_factory=set)

    def add(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)
        if diagnostic.code.startswith(SYNTAX) and diagnostic.span is not None:
            self._unclear.update(range(diagnostic.span.start, diagnostic.span.end))

    def is_unclear(self, span: Span) -> bool:
        """Whether a place begins inside of that of a syntax error, from which what is wrong there may follow."""
        return span.start in self._unclear

    def has_unclear(self, span: Span) -> bool:
        """Whether the place of a syntax error begins or ends inside of a place."""
        return not self._unclear.isdisjoint(range(span.start, span.end))

    def tell_once(self, start: int, following: str | None) -> None:
        """Leave out of the diagnostics from the one numbered ``start`` on what repeats another of them.

        following: the code of those that are left out where there are errors with other codes.
        """
        first = {(d.code, d.message): d for d in reversed(self.diagnostics[start:])}
        kept = [d for d in self.diagnostics[start:] if first[d.code, d.message] is d]
        others = [d for d in kept if d.code != following]
        has_errors = any(d.severity == "error" for d in others)
        self.diagnostics[start:] = others if has_errors else kept

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return tuple(d for d in self.diagnostics if d.severity == "warning")

    def raise_errors(self) -> None:
        """Raise a `TcgradError` with every error collected so far, if there is one."""
        if self.errors:
            raise TcgradError(self.errors, self.source)
