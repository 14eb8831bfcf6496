"""Where the report of a run goes: one format to standard output, any number to files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Final

from tcgrad.cli.files import make_folder, refuse_spec, write_file
from tcgrad.cli.output import in_utf8, takes_color, takes_unicode, write_error, write_text
from tcgrad.cli.status import render_bug
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.records import dataclass
from tcgrad.report.checks.runs import Entry, Run
from tcgrad.report.console import NEVER_FULL
from tcgrad.report.formats import Format, format_of_file, make_format
from tcgrad.report.look import Look

AUTO: Final = "auto"


@dataclass
class Reporter:
    """Writes what is known as soon as it is: results to standard output, errors to standard error, and the rest at
    the end.
    """

    formats: Sequence[Format]
    files: Sequence[tuple[Format, Path]]
    debug: bool = False
    entries: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Report one spec."""
        self.entries.append(entry)
        write_text("".join(each.entry(entry) for each in self.formats))
        for issue in (*entry.errors, *entry.warnings):
            write_error(issue.text)
        if entry.bug:
            write_error((entry.traceback if self.debug else "") + render_bug(f"{entry.spec}: {entry.bug}"))

    def finish(self, unchecked: Sequence[str], seconds: float) -> Run:
        """Report on the run as a whole -> the run."""
        run = Run(tuple(self.entries), tuple(unchecked), seconds)
        write_text("".join(each.end(run) for each in self.formats))
        for made, path in self.files:
            write_file(path, made.whole(run))
        for each in self.formats:
            each.publish(run)
        return run


def make_reporter(name: str, files: Sequence[str], color: str, debug: bool, *, several: bool) -> Reporter:
    """The formats that the options name; on a terminal, the one for people is brief where there are several specs.

    Raises:
        TcgradError: for a format that does not exist, or a file that cannot be written: before anything is worked out.
    """
    names = _choose(name)
    if names != ["text"]:
        in_utf8()
    colored = takes_color(color)
    look = Look(takes_unicode(), colored, _width(colored), brief=several and sys.stdout.isatty())
    targets = [format_of_file(text) for text in files]
    made = [(make_format(target, Look()), _writable(Path(path))) for target, path in dict.fromkeys(targets)]
    _refuse_twice([path for _, path in made])
    return Reporter([make_format(each, look) for each in names], made, debug)


def _choose(name: str) -> list[str]:
    """``auto`` is the text, with annotations behind it where GitHub Actions reads them."""
    if name != AUTO:
        return [name]
    return ["text", "github"] if os.environ.get("GITHUB_ACTIONS") == "true" else ["text"]


def _width(colored: bool) -> int | None:
    if sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return NEVER_FULL if colored else None


def _writable(path: Path) -> Path:
    """The path, its folder made if it is not there."""
    if str(path) == "-":
        help_ = "`--format` chooses what is written to standard output"
        raise TcgradError((Diagnostic("TC605", "cannot write a report to a file `-`", help=help_),))
    try:
        refuse_spec(path)
        make_folder(path)
        reason = _why_not_writable(path)
    except OSError as error:
        reason = str(error.strerror or error)
    if reason:
        raise TcgradError((Diagnostic("TC605", f"cannot write `{path}`: {reason}"),))
    return path


def _refuse_twice(paths: Sequence[Path]) -> None:
    """A report that another one would be written over is refused; a pipe or a device takes both."""
    seen: set[str] = set()
    for path in paths:
        place = os.path.realpath(path)
        if place in seen and (path.is_file() or not path.exists()):
            help_ = "give each report a file of its own"
            raise TcgradError((Diagnostic("TC605", f"cannot write two reports to `{path}`", help=help_),))
        seen.add(place)


def _why_not_writable(path: Path) -> str:
    if path.is_dir():
        return "it is a folder"
    return "" if os.access(path if path.exists() else path.parent, os.W_OK) else "permission denied"
