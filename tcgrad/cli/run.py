"""The way into the command line and out of it: exceptions become messages and exit statuses."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import TextIO

import typer

from tcgrad.cli.app import build
from tcgrad.cli.commands.completion import ASKED, answer
from tcgrad.cli.options import Session
from tcgrad.cli.output import discard_output, write_error
from tcgrad.cli.status import BUG, CLOSED_PIPE, WELL, WRONG_INPUT, pass_interrupt, render_bug
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.report.diagnostics import render_diagnostics
from tcgrad.spec.names import nearest

_END = 300  # characters of a long message that are shown at either end of it


def run(arguments: Sequence[str]) -> int:
    """Run the program with the given arguments; its exit status is returned, nothing but an interrupt is raised."""
    _never_fail_to_print()
    session = Session()
    try:
        if ASKED in os.environ:
            answer(build(), os.environ[ASKED], *arguments[:1])
            return WELL
        status = build().main(list(arguments), prog_name="tcgrad", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except SystemExit as leaving:
        return _leave(leaving)
    except BrokenPipeError:
        return _close_output()
    except Exception as error:  # noqa: BLE001 (the last line of defence: a message instead of a traceback)
        pass_interrupt(error)
        return _report(error, session)
    return status if isinstance(status, int) else 0


def _leave(leaving: SystemExit) -> int:
    """typer leaves by `SystemExit` after shell completion and, with status 1, when the reader of a pipe has gone."""
    if isinstance(leaving.__context__, BrokenPipeError):
        return _close_output()
    return leaving.code if isinstance(leaving.code, int) else 0


def _report(error: Exception, session: Session) -> int:
    if session.debug:
        write_error("".join(traceback.format_exception(error)))
    if isinstance(error, TcgradError):
        write_error(render_diagnostics(error))
        return WRONG_INPUT
    if isinstance(error, typer.TyperException):
        typer.echo(_usage_message(error), err=True)
        return WRONG_INPUT
    write_error(render_bug(f"{type(error).__name__}: {error}"))
    return BUG


def _usage_message(error: typer.TyperException) -> str:
    """The message of a wrong command line; without any argument it is the help page."""
    context = getattr(error, "ctx", None)
    if context is not None and error.message == context.get_help():
        return error.message
    message, _, question = " ".join(error.format_message().split()).partition(" Did you mean ")
    close = question.rstrip("?").replace("'", "`").replace(", ", " or ")
    if hasattr(error, "possibilities"):
        message, close = error.message, _nearest_option(error)
    path = context.command_path if context is not None else "tcgrad"
    offer = f"did you mean {close}?" if close else f"`{path} --help` shows the usage"
    diagnostic = Diagnostic("TC601", _shortened(message.rstrip(".")), help=offer)
    return render_diagnostics(TcgradError((diagnostic,)))


def _shortened(message: str) -> str:
    """A message without the middle of it, where that is a word of the command line that is very long."""
    return message if len(message) <= 2 * _END else f"{message[:_END]}...{message[-_END:]}"


def _nearest_option(error: typer.TyperException) -> str:
    """The option that is meant by one that there is not, as it is written; typer counts the hyphens as likeness."""
    known = {option.lstrip("-"): option for option in getattr(error, "possibilities", None) or ()}
    near = nearest(getattr(error, "option_name", "").lstrip("-"), known)
    return f"`{known[near]}`" if near is not None else ""


def _never_fail_to_print() -> None:
    """Let a terminal that lacks a character show its escape, and streams that are closed be there.

    To write to standard output fails then as it does where a disk is full; standard error takes all and shows nothing.
    """
    sys.stdout = sys.stdout or _stand_in(1, os.O_RDONLY)
    sys.stderr = sys.stderr or _stand_in(2, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _stand_in(number: int, flags: int) -> TextIO:
    """A stream at a descriptor that is closed, lest a file that is opened later get its number."""
    nowhere = os.open(os.devnull, flags)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
    return open(number, "w", encoding="utf-8", closefd=False)


def _close_output() -> int:
    """The reader has gone."""
    discard_output()
    return CLOSED_PIPE
