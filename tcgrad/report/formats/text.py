"""The report for people: a table and the details of what is not well for each spec, and one line about all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcgrad.report.checks.runs import Entry, Run
from tcgrad.report.checks.text import render_summary, render_text
from tcgrad.report.diagnostics import escape
from tcgrad.report.formats.format import Format
from tcgrad.report.formats.words import summary
from tcgrad.report.look import Look, render_verdict

if TYPE_CHECKING:
    from tcgrad.check.judging.results import CheckResult, Status


class Text(Format):
    """Errors of specs are not in it: they are told on standard error. A file has them too."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._shown = 0
        self._after_line = False

    def entry(self, entry: Entry) -> str:
        if entry.result is None:
            return ""
        self._shown += 1
        brief = self.look.brief and entry.ok
        together, self._after_line = brief and self._after_line, brief
        text = f"{render_summary(entry.result, self.look)}\n" if brief else self._full(entry.result)
        return text if self._shown == 1 or together else f"\n{text}"

    def _full(self, result: CheckResult) -> str:
        return render_text(result, unicode=self.look.unicode, color=self.look.color, width=self.look.width)

    def end(self, run: Run) -> str:
        left = len(run.unchecked)
        notes = (
            [f"{left} more {'spec' if left == 1 else 'specs'} not checked, after one that is not well"] if left else []
        )
        if not run.entries:
            notes.append(summary(run))
        lines = [self._summary(run)] if len(run.entries) > 1 else []
        return "".join(f"\n{line}\n" for line in (*lines, *notes)).removeprefix("" if self._shown else "\n")

    def whole(self, run: Run) -> str:
        texts = []
        for entry in run.entries:
            told = [issue.text for issue in (*entry.errors, *entry.warnings)] + [escape(entry.bug)] * bool(entry.bug)
            texts += [f"{each}\n\n" for each in told]
            texts.append(self.entry(entry))
        return "".join(texts) + self.end(run)

    def _summary(self, run: Run) -> str:
        """One line about several specs."""
        verdict: Status = "pass" if all(entry.ok for entry in run.entries) else "fail"
        return render_verdict(verdict, f"{summary(run)} in {run.seconds:.1f} s", self.look)
