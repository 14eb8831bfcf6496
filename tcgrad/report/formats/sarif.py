"""The report as SARIF 2.1.0, for code scanning: what is not well, on the lines of the specs.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tcgrad.codes import CODES
from tcgrad.report.formats.format import Format
from tcgrad.report.formats.json_object import dump
from tcgrad.report.formats.words import headline, reason, title, uri
from tcgrad.report.runs import START, Entry, Region, Run
from tcgrad.version import __version__

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"fail": "error", "inconclusive": "warning"}
_BUG = "internal-error"


class Sarif(Format):
    """A result for everything that is not well; rules are codes of errors and kinds of comparisons."""

    def end(self, run: Run) -> str:
        found = [each for entry in run.entries for each in _results(entry)]
        rules = sorted({each["ruleId"] for each in found})
        for each in found:
            each["ruleIndex"] = rules.index(each["ruleId"])
        driver = {
            "name": "tcgrad",
            "version": __version__,
            "semanticVersion": __version__,
            "rules": list(map(_rule, rules)),
        }
        made = {
            "tool": {"driver": driver},
            "invocations": [{"executionSuccessful": not any(entry.bug for entry in run.entries)}],
            "columnKind": "unicodeCodePoints",
            "results": found,
        }
        return dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [made]}, indent=2) + "\n"


def _results(entry: Entry) -> Iterator[dict[str, Any]]:
    for issue in (*entry.errors, *entry.warnings):
        message = issue.message + (f"\n{issue.help}" if issue.help else "")
        yield _result(entry, issue.region, issue.code, issue.severity, message)
    if entry.bug:
        yield _result(entry, START, _BUG, "error", headline(entry))
    for result, region in entry.not_well:
        message = f"{title(result)}: {reason(result)}"
        yield _result(entry, region, f"check-{result.kind}", _LEVELS.get(result.status, "error"), message)


def _result(entry: Entry, region: Region, rule: str, level: str, message: str) -> dict[str, Any]:
    place = {
        "startLine": region.line,
        "startColumn": region.column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
    }
    where = {"artifactLocation": {"uri": quote(uri(entry.spec).encode("utf-8", "surrogateescape"))}, "region": place}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": where}],
    }


def _rule(name: str) -> dict[str, Any]:
    if name in CODES:
        code = CODES[name]
        told = {"shortDescription": {"text": code.title}, "fullDescription": {"text": code.explanation}}
    elif name == _BUG:
        told = {"shortDescription": {"text": "tcgrad itself went wrong"}}
    else:
        told = {"shortDescription": {"text": f"a check of kind {name.removeprefix('check-')} did not pass"}}
    return {"id": name, **told}
