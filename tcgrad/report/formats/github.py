"""Annotations for GitHub Actions, on the lines of the specs, and a table in the summary of the job.

GitHub shows ten annotations of a step: so there is one for each spec, and the worst come first.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from tcgrad.report.checks.runs import START, Entry, Region, Run
from tcgrad.report.formats.format import Format
from tcgrad.report.formats.markdown import render_table
from tcgrad.report.formats.words import details, headline, uri

_ORDER = ("error", "fail", "inconclusive", "pass")
_ROOM = 1 << 20  # bytes of a step's summary


class Github(Format):
    """``::error file=...,line=...,title=...::message`` for each spec that is not well, or ``::warning``."""

    def end(self, run: Run) -> str:
        told = [entry for entry in run.entries if entry.warnings or not entry.ok]
        return "".join(map(_annotation, sorted(told, key=lambda entry: _ORDER.index(entry.verdict))))

    def publish(self, run: Run) -> None:
        """Add the table to the summary of the job; where there is no job, no room or no such file, nothing happens."""
        name = os.environ.get("GITHUB_STEP_SUMMARY")
        if not name or not run.entries:
            return
        text = render_table(run).encode()
        path = Path(name)
        with suppress(OSError):
            if (path.stat().st_size if path.exists() else 0) + len(text) <= _ROOM:
                with path.open("ab") as file:
                    file.write(text + b"\n")


def _annotation(entry: Entry) -> str:
    region, text = _worst(entry)
    level, verdict = ("warning", "warning") if entry.ok else ("error", entry.verdict)
    place = {
        "file": uri(entry.spec),
        "line": str(region.line),
        "endLine": str(region.end_line),
        "title": f"tcgrad: {entry.name}: {verdict}",
    }
    if region.line == region.end_line:
        place |= {"col": str(region.column), "endColumn": str(region.end_column)}
    properties = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    return f"::{level} {properties}::{_message(text)}\n"


def _worst(entry: Entry) -> tuple[Region, str]:
    """The place of what is worst, and all that there is to say."""
    issues = entry.warnings if entry.ok else entry.errors
    if issues:
        return issues[0].region, "\n".join(issue.text for issue in issues)
    if not entry.not_well:
        return START, headline(entry)
    result, region = entry.not_well[0]
    return region, f"{headline(entry)}\n{details(result)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
