"""Writing to standard output and standard error, and what a terminal there can show."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.report.escapes import in_encoding

_OUTPUT, _ERROR = 1, 2  # descriptors, as every program knows them


def write(text: str) -> None:
    """Write a text, ended by a newline, to standard output at once.

    Raises:
        TcgradError: if nothing can be written there, as where a disk is full or it is closed.
    """
    write_text(text if text.endswith("\n") else text + "\n")


def write_data(text: str) -> None:
    """The same for what programs read: `in_utf8`."""
    in_utf8()
    write(text)


def in_utf8() -> None:
    """Let standard output be in UTF-8, as programs read it whatever the locale is; a terminal shows what it can."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def write_text(text: str) -> None:
    """Write a text to standard output at once as it is, which may be nothing.

    Raises:
        TcgradError: as of `write`.
    """
    if not text:
        return
    try:
        sys.stdout.write(_writable(text, sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        reason = error.strerror or str(error)
        raise TcgradError((Diagnostic("TC605", f"cannot write to standard output: {reason}"),)) from error


def discard_output() -> None:
    """Let what is still to be written to standard output, the interpreter's last flush too, go nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def output_apart() -> Iterator[None]:
    """Let the descriptor of standard output be standard error inside, while `sys.stdout` writes where it did.

    So what a user's code writes past Python, by a child process or a library in C, is not in the report.
    """
    before, kept = sys.stdout, os.dup(_OUTPUT)
    before.flush()
    apart = open(kept, "w", encoding=before.encoding, errors=before.errors, closefd=False)  # noqa: SIM115 (closed below)
    if _is_standard(before):
        sys.stdout = apart
    os.dup2(_ERROR, _OUTPUT)
    try:
        yield
    finally:
        _flush_libraries()
        sys.stdout = before
        os.dup2(kept, _OUTPUT)
        with suppress(OSError):  # it has been told before
            apart.close()
        os.close(kept)


def _is_standard(stream: TextIO) -> bool:
    """Whether a stream writes by the descriptor of standard output; others have been put in its place."""
    try:
        return stream.fileno() == _OUTPUT
    except (OSError, ValueError):
        return False


def _flush_libraries() -> None:
    """Let libraries in C write what they have kept back."""
    import ctypes

    with suppress(OSError, TypeError, AttributeError):  # not every system has them under no name
        ctypes.CDLL(None).fflush(None)


def write_error(text: str) -> None:
    """Write a text, ended by a newline, to standard error at once."""
    sys.stderr.write(_writable(text if text.endswith("\n") else text + "\n", sys.stderr))
    sys.stderr.flush()


def _writable(text: str, stream: TextIO) -> str:
    return text if text.isascii() else in_encoding(text, stream.encoding or "utf-8")


def takes_unicode() -> bool:
    """Whether standard output can write every character."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def takes_color(choice: str = "auto") -> bool:
    """Whether standard output is written in colours.

    choice: ``always``, ``never``, or ``auto``: where it is a terminal that shows them, and https://no-color.org is not
        asked for. What CI systems set to force colours (FORCE_COLOR) is for terminals, not for files and pipes.
    """
    if choice != "auto":
        return choice == "always"
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def line_width() -> int | None:
    """The columns of the terminal that standard output is; None where it is none, for what is piped is not broken."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
