"""The report as Markdown: a table of the specs, and the details of what is not well."""

from __future__ import annotations

from tcgrad.report.checks.runs import Entry, Run
from tcgrad.report.formats.format import Format
from tcgrad.report.formats.words import counts, details, headline, seeds, summary, uri

_SIGNS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "error": "⛔"}


class Markdown(Format):
    """For a comment on a pull request, or a page."""

    def end(self, run: Run) -> str:
        return render_table(run)


def render_table(run: Run) -> str:
    """A row a spec, then the details of each that is not well, folded."""
    bad = [entry for entry in run.entries if not entry.ok]
    lines = ["## tcgrad check", "", f"{_SIGNS['fail' if bad else 'pass']} {summary(run)}", ""]
    if run.entries:
        lines += ["| | spec | results | worst | seed |", "| --- | --- | --- | --- | --- |", *map(_row, run.entries)]
    if run.unchecked:
        lines += ["", f"Not checked, after the first that is not well: {', '.join(map(_code, run.unchecked))}"]
    for entry in bad:
        lines += ["", *_fold(entry)]
    return "\n".join(lines) + "\n"


def _row(entry: Entry) -> str:
    worst = "" if entry.ok else _cell(headline(entry))
    return f"| {_SIGNS[entry.verdict]} | {_code(uri(entry.spec))} | {counts(entry)} | {worst} | {seeds(entry)} |"


def _fold(entry: Entry) -> list[str]:
    """Details that open with a click; the text is longer than any run of backquotes in it would be a fence for."""
    told = "\n".join(issue.text for issue in entry.errors) or details(*(result for result, _ in entry.not_well))
    text = told or headline(entry)
    fence = "```" if "```" not in text else "`" * 40
    head = f"<details><summary>{_html(f'{entry.name} ({uri(entry.spec)})')}</summary>"
    return [head, "", f"{fence}text", text, fence, "", "</details>"]


def _code(text: str) -> str:
    """A piece of code in a cell of a table."""
    text = text.replace("\n", " ").replace("|", "\\|")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _cell(text: str) -> str:
    """A text in a cell of a table, with what Markdown and HTML would take for their own escaped."""
    kept = "".join(f"\\{char}" if char in "\\`*_[]|~#" else char for char in text.replace("\n", " "))
    return _html(kept)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
