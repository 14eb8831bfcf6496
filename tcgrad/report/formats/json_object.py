"""The report as one JSON object."""

from __future__ import annotations

import json
from typing import Any

from tcgrad.report.checks.json_object import render_json
from tcgrad.report.checks.runs import Entry, Issue, Run
from tcgrad.report.formats.format import Format
from tcgrad.version import __version__

SCHEMA_VERSION = 1
"""Grows when a key is taken away or changes its meaning; new keys do not change it."""


class JsonObject(Format):
    """``ok`` and ``specs``, then what is known about the run."""

    def end(self, run: Run) -> str:
        report = {
            "ok": run.ok,
            "specs": [describe(entry) for entry in run.entries],
            "unchecked": list(run.unchecked),
            "schema_version": SCHEMA_VERSION,
            "tcgrad": __version__,
        }
        return dump(report, indent=2) + "\n"


def describe(entry: Entry) -> dict[str, Any]:
    """A spec with its results, each with its place in the file; one that cannot be checked has ``errors`` instead."""
    errors = [_issue(issue) for issue in entry.errors]
    warnings = [_issue(issue) for issue in entry.warnings]
    if entry.bug:
        errors.append({"code": None, "message": f"internal error: {entry.bug}", "help": None, "line": 1, "column": 1})
    if entry.result is None:
        told = {"results": [], "errors": errors, "warnings": warnings}
        return {"spec": entry.spec, "name": entry.name, "ok": entry.ok, **told}
    data: dict[str, Any] = render_json([entry.result])["specs"][0]
    for result, region in zip(data["results"], entry.regions, strict=True):
        result |= {"line": region.line, "column": region.column}
    return data | {"errors": errors, "warnings": warnings}


def _issue(issue: Issue) -> dict[str, Any]:
    place = {"line": issue.region.line, "column": issue.region.column}
    return {"code": issue.code, "message": issue.message, "help": issue.help, **place}


def dump(data: Any, indent: int | None = None) -> str:
    """JSON in UTF-8; what is no number has been made null before."""
    return json.dumps(data, indent=indent, ensure_ascii=False, allow_nan=False)
