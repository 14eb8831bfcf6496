"""The exit statuses of the program."""

from __future__ import annotations

from typing import Final

from tcgrad.report.diagnostics import escape

WELL: Final = 0
FAILED: Final = 1
WRONG_INPUT: Final = 2
BUG: Final = 3
CLOSED_PIPE: Final = 141
"""128 + SIGPIPE, as a shell reports it."""

_BUG = """\
tcgrad: internal error: {error}
This is a bug in tcgrad, not in your input. Please report it with the spec and this command line;
the same command with --debug shows where it happened.
"""


def render_bug(error: str) -> str:
    """The message about a bug in tcgrad itself."""
    return _BUG.format(error=escape(error))


def pass_interrupt(error: BaseException) -> None:
    """Raise the interrupt that an error was made of, as Python 3.11 does with what ``__set_name__`` raises."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            raise cause
        cause = cause.__cause__
