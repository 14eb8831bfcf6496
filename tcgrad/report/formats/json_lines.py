"""The report as JSON objects, one a line, each written as soon as it is known."""

from __future__ import annotations

from typing import Any

from tcgrad.report.checks.runs import Entry, Run
from tcgrad.report.formats.format import Format
from tcgrad.report.formats.json_object import SCHEMA_VERSION, describe, dump
from tcgrad.version import __version__


class JsonLines(Format):
    """A line for every result, error and warning, one that closes each spec, and one that closes the report."""

    def entry(self, entry: Entry) -> str:
        data = describe(entry)
        results, errors, warnings = (data.pop(name) for name in ("results", "errors", "warnings"))
        lines = [_line("result", {"spec": entry.spec, **result}) for result in results]
        lines += [_line("error", {"spec": entry.spec, **error}) for error in errors]
        lines += [_line("warning", {"spec": entry.spec, **warning}) for warning in warnings]
        return "".join([*lines, _line("spec", data)])

    def end(self, run: Run) -> str:
        counted = {"specs": len(run.entries), "unchecked": list(run.unchecked)}
        return _line("end", {"ok": run.ok, **counted, "tcgrad": __version__})


def _line(kind: str, data: dict[str, Any]) -> str:
    return dump({"type": kind, "schema_version": SCHEMA_VERSION, **data}) + "\n"
