"""How a report is shown on a terminal or in a file: signs, colours, and the width to which it is fitted."""

from __future__ import annotations

from typing import Any

from tcgrad.cells import filled
from tcgrad.check.judging.results import Status
from tcgrad.records import dataclass
from tcgrad.report.console import console_into_text

MARGIN = "  "


@dataclass(frozen=True)
class _Verdict:
    """How a status is shown: a sign, the same in ASCII, and a colour."""

    sign: str
    plain: str
    look: str


_VERDICTS: dict[Status, _Verdict] = {
    "pass": _Verdict("✓", "+", "green"),
    "fail": _Verdict("✗", "x", "bold red"),
    "inconclusive": _Verdict("?", "?", "yellow"),
    "skip": _Verdict("-", "-", "dim"),
}


@dataclass(frozen=True)
class Look:
    """How a report is shown.

    width: the columns of the terminal, to which the report is fitted; None: lines have any length.
    brief: a spec that is well has one line.
    """

    unicode: bool = True
    color: bool = False
    width: int | None = None
    brief: bool = False

    def sign(self, status: Status) -> str:
        verdict = _VERDICTS[status]
        return verdict.sign if self.unicode else verdict.plain

    def painted(self, text: str, style: str) -> str:
        """One line with terminal escapes, if they are wanted."""
        if not self.color or not style:
            return text
        from rich.text import Text

        return self.rendered(Text(text, style=style)).rstrip("\n")

    def rendered(self, content: Any) -> str:
        """What rich makes of a text or a table."""
        console, file = console_into_text(color=self.color)
        console.print(content, soft_wrap=True)
        return file.getvalue()

    def paragraph(self, text: str, style: str = "") -> list[str]:
        """A line, or the lines that it takes where the terminal is narrower, the others indented further."""
        if self.width is None:
            return [self.painted(text, style)]
        start = len(text) - len(text.lstrip())
        return [self.painted(line, style) for line in filled(text, self.width, " " * (start + 4))]


def color_of(status: Status) -> str:
    return _VERDICTS[status].look


def emphasis(status: Status) -> str:
    """Only what is not well stands out."""
    return "" if status == "pass" else color_of(status)


def render_verdict(status: Status, text: str, look: Look) -> str:
    """A line that begins with the sign of a status, in its colour, or several where a terminal is narrower."""
    return "\n".join(look.paragraph(f"{look.sign(status)} {text}", color_of(status)))
