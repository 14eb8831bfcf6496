"""The report for people: a table and the details of what is not well for each spec, and one line about all."""

from __future__ import annotations

from tcgrad.report.check_text import render_text
from tcgrad.report.formats.format import Format
from tcgrad.report.look import Look, render_verdict
from tcgrad.report.runs import Entry, Run


class Text(Format):
    """Errors of specs are not in it: they are told on standard error. A file has them too."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._shown = 0

    def entry(self, entry: Entry) -> str:
        if entry.result is None:
            return ""
        self._shown += 1
        text = render_text(entry.result, unicode=self.look.unicode, color=self.look.color, width=self.look.width)
        return text if self._shown == 1 else f"\n{text}"

    def end(self, run: Run) -> str:
        left = len(run.unchecked)
        notes = (
            [f"{left} more {'spec' if left == 1 else 'specs'} not checked, after one that is not well"] if left else []
        )
        if not run.entries:
            notes.append("no spec to check")
        lines = [self._summary(run)] if len(run.entries) > 1 else []
        return "".join(f"\n{line}\n" for line in (*lines, *notes)).removeprefix("" if self._shown else "\n")

    def whole(self, run: Run) -> str:
        texts = []
        for entry in run.entries:
            told = [issue.text for issue in (*entry.errors, *entry.warnings)] + [entry.bug] * bool(entry.bug)
            texts += [f"{each}\n\n" for each in told]
            texts.append(self.entry(entry))
        return "".join(texts) + self.end(run)

    def _summary(self, run: Run) -> str:
        """One line about several specs."""
        total, bad = len(run.entries), sum(not entry.ok for entry in run.entries)
        what = f"{bad} of {total} specs not well" if bad else f"all {total} specs pass"
        return render_verdict("fail" if bad else "pass", f"{what} in {run.seconds:.1f} s", self.look)
