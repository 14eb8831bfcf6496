"""``tcgrad lint``: what is right in a spec and yet may not be meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePath
from typing import Annotated, Literal

import typer

import tcgrad
from tcgrad.cli.help import Example
from tcgrad.cli.options import SPECS, Debug, is_standard_input, read_standard_input
from tcgrad.cli.output import in_utf8, write_error, write_text
from tcgrad.cli.status import FAILED, WELL, WRONG_INPUT
from tcgrad.errors import STDIN, TcgradError
from tcgrad.locate import find_specs
from tcgrad.report.checks.runs import Entry, Linted, Run, issues
from tcgrad.report.formats import make_format

EXAMPLES: tuple[Example, ...] = (
    ("tcgrad lint specs/", "Show all warnings"),
    ("tcgrad lint specs/ --error-on-warning --format github", "Let none pass, in GitHub Actions"),
)

Specs = Annotated[list[str], SPECS]
FormatOption = Annotated[
    Literal["text", "json", "github", "sarif"], typer.Option("--format", help="The format of the report.")
]
ErrorOnWarning = Annotated[
    bool, typer.Option("--error-on-warning", help="Exit with status 1 if there is a warning, not only with a report.")
]


def command(
    specs: Specs, output_format: FormatOption = "text", error_on_warning: ErrorOnWarning = False, debug: Debug = False
) -> None:
    """Warn of what is right in a spec and yet may not be meant.

    Such as sums that can be read in two ways, inputs, constants, dims and functions that nothing uses, equations that
    lead to no output, and sizes that let a mistake go unnoticed. Every warning has a place and a code that
    `tcgrad explain` explains. Nothing is computed: this takes milliseconds. The exit status is 0 unless a spec is
    wrong.
    """
    if is_standard_input(specs, "lint"):
        text = read_standard_input()
        run = Run((_lint(STDIN, lambda: tcgrad.loads(text, STDIN)),))
    else:
        run = Run(tuple(_lint(str(path), partial(tcgrad.load, path)) for path in find_specs(specs)))
    for entry in run.entries:
        for error in entry.errors:
            write_error(error.text)
    if output_format == "text":
        write_text(_as_text(run.entries))
    else:
        in_utf8()
        write_text(_as_format(output_format, run))
    if not run.ok:
        raise typer.Exit(WRONG_INPUT)
    raise typer.Exit(FAILED if error_on_warning and any(entry.warnings for entry in run.entries) else WELL)


def _lint(name: str, load: Callable[[], tcgrad.TensorFunction]) -> Linted:
    """What there is to say of a spec of this name."""
    from tcgrad.lint import lint

    try:
        function = load()
        warnings = issues(lint(function.program), function.spec.source)
        return Linted(name, function.name, warnings=warnings)
    except TcgradError as error:
        return Linted(name, PurePath(name).stem, errors=issues(error.diagnostics, error.source))


def _as_text(entries: Sequence[Entry]) -> str:
    texts = [warning.text for entry in entries for warning in entry.warnings]
    wrong = sum(bool(entry.errors) for entry in entries)
    number, total = len(texts), len(entries) - wrong
    found = f"{number or 'no'} {'warning' if number == 1 else 'warnings'}"
    words = [f"{found} about {total} {'spec' if total == 1 else 'specs'}"] if total else []
    words += [f"{wrong} {'spec is' if wrong == 1 else 'specs are'} wrong"] if wrong else []
    return "\n".join([*texts, f"{', '.join(words)}\n"])


def _as_format(name: str, run: Run) -> str:
    from tcgrad.report.look import Look

    return make_format(name, Look()).whole(run)
