"""Text as roff: escapes, paragraphs, lists."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

_HEADINGS = (".Sh", ".Ss")  # no paragraph begins right after one of these

_ESCAPES = str.maketrans({"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"})


def escape(text: str) -> str:
    """Text that roff shows as it is."""
    shown = text.translate(_ESCAPES)
    return r"\&" + shown if shown.startswith(".") else shown


def join(lines: Sequence[str]) -> str:
    """The lines of a page; mandoc dislikes a paragraph macro right after a heading."""
    kept = [
        line for before, line in zip(["", *lines], lines, strict=False) if line != ".Pp" or before[:3] not in _HEADINGS
    ]
    return "\n".join(kept) + "\n"


def reference(page: str) -> str:
    name, _, section = page.rstrip(")").partition("(")
    return rf"\fB{escape(name)}\fR({section})"


def paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".Pp"
        yield from prose(paragraph)


def prose(text: str) -> Iterator[str]:
    """A paragraph: every sentence begins a new line, and what stands in backquotes is bold."""
    for sentence in re.split(r"(?<=[.:?]) +(?=[A-Z`])", " ".join(text.split())):
        pieces = sentence.split("`")
        marked = "".join(
            rf"\fB{escape(piece)}\fR" if k % 2 else piece.translate(_ESCAPES) for k, piece in enumerate(pieces)
        )
        for line in textwrap.wrap(marked, 78, break_long_words=False, break_on_hyphens=False):
            yield r"\&" + line if line.startswith(".") else line


def table(rows: Sequence[tuple[str, str]], macro: str) -> Iterator[str]:
    yield ".Bl -tag -width Ds"
    for term, text in rows:
        yield from (f".It {macro} {escape(term)}", *prose(text))
    yield ".El"
