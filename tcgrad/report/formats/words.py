"""Results in words, for the formats that have a line or a cell for each."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from tcgrad.check.judging.results import Result, TermResult
from tcgrad.report.checks.runs import Entry, Issue, Run
from tcgrad.report.checks.text import SAID, render_details
from tcgrad.report.diagnostics import escape

_MOST_TERMS = 2


def summary(run: Run) -> str:
    """How a run went: ``all 3 specs pass``, ``1 of 3 specs not well``."""
    total, bad = len(run.entries), sum(not entry.ok for entry in run.entries)
    if total < 2:
        return ("the spec is not well" if bad else "the spec passes") if total else "no spec to check"
    return f"{bad} of {total} specs not well" if bad else f"all {total} specs pass"


def title(result: Result) -> str:
    """What was compared: ``gradient of y by x, module float64``."""
    if result.kind == "expect" and result.equation:
        return f"expect {escape(result.equation)}"
    if result.mistake:
        return f"self_test of {result.mistake}, {result.dtype}"
    wrt = f" by {result.wrt}" if result.wrt else ""
    return f"{result.kind} of {result.of}{wrt}, {result.subject} {result.dtype}"


def reason(result: Result) -> str:
    """Why a result is what it is, in one line."""
    told = [escape(result.message)] if result.message else []
    place = result.worst
    if place is not None and result.status == "fail":
        off = abs(place.found - place.reference)
        told.append(f"{place.found:.6g} instead of {place.reference:.6g} at {place.text}: off by {off:.1e}")
        told.append(f"{place.tolerance:.1e} is allowed")
    told += [_told_of(term) for term in result.terms if term.kind != "same"][:_MOST_TERMS]
    return ", ".join(told) or result.status


def _told_of(term: TermResult) -> str:
    """What is wrong with one term of a formula."""
    if term.kind == "differs":
        return escape(f"in {term.expected}: {term.because}")
    return escape(f"{term.derived or term.expected} is {'missing' if term.kind == 'missing' else 'too much'}")


def details(*results: Result) -> str:
    """All that is known about failures, in several lines, and how to repeat them."""
    repeat = dict.fromkeys(f"repeat with: {result.repeat}" for result in results if result.repeat)
    return "\n".join(["\n\n".join(map(render_details, results)), *repeat])


def headline(entry: Entry) -> str:
    """The worst of a spec in one line; the numbers of what passed where nothing is wrong."""
    if entry.bug:
        return f"internal error: {escape(entry.bug)}"
    if entry.errors:
        first, *more = entry.errors
        return summary_of(first) + (f" (and {len(more)} more)" if more else "")
    if not entry.not_well:
        return counts(entry) or "nothing compared"
    (result, _), *others = entry.not_well
    return f"{title(result)}: {reason(result)}" + (f" (and {len(others)} more)" if others else "")


def summary_of(issue: Issue) -> str:
    return f"{issue.code}: {escape(issue.message)}"


def counts(entry: Entry) -> str:
    """``18 passed, 1 failed``."""
    found = Counter(result.status for result, _ in entry.located)
    return ", ".join(f"{found[status]} {said}" for status, said in SAID.items() if found[status])


def seeds(entry: Entry) -> str:
    """The seeds that its samples came from."""
    return ", ".join(str(seed) for seed in dict.fromkeys(result.seed for result, _ in entry.located))


def uri(spec: str) -> str:
    """The path of a spec as seen from the root of the repository, with slashes; as it is where it lies elsewhere."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    path = Path(spec).resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else Path(spec).as_posix()
