"""The report as SARIF 2.1.0, for code scanning: what is not well, on the lines of the specs.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tcgrad.codes import CODES
from tcgrad.report.checks.runs import START, Entry, Region, Run
from tcgrad.report.formats.format import Format
from tcgrad.report.formats.json_object import dump
from tcgrad.report.formats.words import headline, reason, title, uri
from tcgrad.version import __version__

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"fail": "error", "inconclusive": "warning"}
_BUG = "internal-error"
_REPORT_IT = (
    "Please report it with the spec and the command line; the same command with --debug shows where it happened."
)
_NOT_WELL = (
    "What was found and what it was compared with differ by more than rounding errors explain, or it could not be "
    "decided whether they do."
)
_READ_ON = (
    "tcgrad-spec(5) says what is compared in each kind; the report as text has the details, and the command that "
    "repeats the check."
)


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
    """A rule with all texts that code scanning of GitHub asks for."""
    short, full, help_ = _told(name)
    told = {"shortDescription": short, "fullDescription": full, "help": help_}
    return {"id": name, **{key: {"text": text} for key, text in told.items()}}


def _told(name: str) -> tuple[str, str, str]:
    """What a rule is in short and in full, and what helps."""
    if name in CODES:
        code = CODES[name]
        return code.title, code.explanation, f"`tcgrad explain {name}` shows an example, and how it is mended."
    if name == _BUG:
        return "tcgrad itself went wrong", "An exception in tcgrad ended the check of this spec.", _REPORT_IT
    return f"a check of kind {name.removeprefix('check-')} did not pass", _NOT_WELL, _READ_ON
