"""``tcgrad explain``: what an error code means."""

from __future__ import annotations

import difflib
import textwrap
from typing import Annotated

import typer

from tcgrad.cli.candidates import complete_code
from tcgrad.cli.help import Example
from tcgrad.cli.listing import listing
from tcgrad.cli.options import Debug
from tcgrad.cli.output import line_width, write
from tcgrad.codes import CODES, Code
from tcgrad.errors import Diagnostic, TcgradError

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad explain TC301", "Explain one code"),
    ("tcgrad explain", "List all codes"),
)

_WIDTH = 88

CodeName = Annotated[
    str | None,
    typer.Argument(
        metavar="[CODE]",
        show_default=False,
        autocompletion=complete_code,
        help="A code as it stands in a message: TC301.",
    ),
]


def command(code: CodeName = None, debug: Debug = False) -> None:
    """Explain an error code.

    Shows what it means, an example of it, and what mends the example. Without CODE, all codes are listed.
    """
    write(_list_codes() if code is None else render_code(_look_up(code), line_width()))


def render_code(code: Code, width: int | None = None) -> str:
    """An entry of the table as text: title, explanation, the example and its mended form.

    width: the columns of a terminal, within which sentences are broken; examples stay as they are.
    """
    columns = min(_WIDTH, width or _WIDTH)
    words = textwrap.fill(code.explanation, columns, break_long_words=False, break_on_hyphens=False)
    parts = [f"{code.code}: {code.title}", words]
    before, after = (
        ("This is warned of:", "This is not:") if code.is_warning else ("This is refused:", "This is accepted:")
    )
    if code.example:
        parts += [before, textwrap.indent(code.example.strip("\n"), "    ")]
    if code.mended:
        parts += [after, textwrap.indent(code.mended.strip("\n"), "    ")]
    return "\n\n".join(parts)


def _look_up(name: str) -> Code:
    wanted = name.upper()
    if wanted in CODES:
        return CODES[wanted]
    close = difflib.get_close_matches(wanted, CODES, n=3)
    offer = f"did you mean {' or '.join(f'`{match}`' for match in close)}?" if close else "`tcgrad explain` lists them"
    raise TcgradError((Diagnostic("TC606", f"there is no code `{name}`", help=offer),))


def _list_codes() -> str:
    return listing([(code.code, code.title) for code in CODES.values()], line_width())
