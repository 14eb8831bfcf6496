"""A console of rich's that writes into a text, whatever it would find out about the terminal by itself."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

NEVER_FULL: Final = 10_000
"""Columns that no line takes, for a report that is not fitted to a terminal."""

# Whether there are colours is decided before; a terminal that is called dumb would get lines of 80 columns.
_ENVIRONMENT = {"TERM": "xterm"}


def console_into_text(*, color: bool) -> tuple[Console, io.StringIO]:
    """-> the console, and the text to be."""
    from rich.console import Console

    file = io.StringIO()
    console = Console(
        file=file, width=NEVER_FULL, force_terminal=color, color_system="standard" if color else None, no_color=False,
        highlight=False, _environ=_ENVIRONMENT,
    )  # fmt: skip
    return console, file
