"""What several commands take, declared once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tcgrad
from tcgrad.cli.candidates import complete_file, complete_spec
from tcgrad.cli.output import write_error
from tcgrad.errors import STDIN, Diagnostic, TcgradError
from tcgrad.records import dataclass
from tcgrad.report.diagnostics import render_all
from tcgrad.spec.limits import MAX_BYTES
from tcgrad.spec.yaml.files import decode

if TYPE_CHECKING:
    from tcgrad.api import TensorFunction

STANDARD_INPUT = "-"


@dataclass
class Session:
    """What the command line as a whole was told; shared by all commands of one run."""

    debug: bool = False


def _set_debug(context: typer.Context, value: bool) -> bool:
    if value:
        context.ensure_object(Session).debug = True
    return value


Debug = Annotated[
    bool,
    typer.Option("--debug", callback=_set_debug, is_eager=True, help="Show the traceback of an error."),
]
Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", show_default=False, autocompletion=complete_spec,
        help="A spec file, `gallery:NAME`, or `-` for standard input.",
    ),
]  # fmt: skip
SPECS = typer.Argument(
    metavar="SPEC...", show_default=False, autocompletion=complete_spec,
    help="Spec files, folders, patterns, `gallery:NAME`, or `-` for standard input.",
)  # fmt: skip
"""Of the commands that take several, one of which may do without any."""
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", autocompletion=complete_file, help="Write to FILE instead of standard output."
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse terms that would be broadcast: every one-tensor must be written."),
]


def load_argument(spec: str, strict: bool) -> TensorFunction:
    """The function that a SPEC argument names; ``--strict`` goes before what the spec says.

    Warnings about its equations are written to standard error.
    """
    if spec == STANDARD_INPUT:
        function = tcgrad.loads(read_standard_input(), STDIN, strict=strict or None)
    else:
        function = tcgrad.load(spec, strict=strict or None)
    if function.program.warnings:
        write_error(render_all(function.program.warnings, function.spec.source))
    return function


def is_standard_input(names: Sequence[str], command: str) -> bool:
    """Whether the spec that is named to a command is the one on standard input.

    Raises:
        TcgradError: TC601 if there are others beside it.
    """
    if STANDARD_INPUT not in names:
        return False
    if len(names) > 1:
        usage = f"`tcgrad {command} --help` shows the usage"
        raise TcgradError((Diagnostic("TC601", "`-`, standard input, is a spec by itself", help=usage),))
    return True


def read_standard_input() -> str:
    """The spec on standard input, which is in UTF-8 as a file is, whatever the locale is.

    Raises:
        TcgradError: TC101 if it is not; TC103 if it is too long; TC607 if it is closed.
    """
    if sys.stdin is None:
        raise TcgradError(
            (Diagnostic("TC607", "standard input is closed", help="write the spec to it, or name a file"),)
        )
    stream = getattr(sys.stdin, "buffer", None)
    return sys.stdin.read() if stream is None else decode(stream.read(MAX_BYTES + 1), STDIN).text


def split_names(option: str, values: list[str] | None) -> list[str] | None:
    """The values of an option that is repeated or takes a list with commas; None if it was not given.

    Raises:
        TcgradError: TC601 if it is given and names nothing.
    """
    if not values:
        return None
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if not names:
        help_ = "name one, or several with commas between them, or leave the option out"
        raise TcgradError((Diagnostic("TC601", f"`{option}` names nothing", help=help_),))
    return names
