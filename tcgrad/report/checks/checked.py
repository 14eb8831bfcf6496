"""The results of a check as the Python interface returns them: printed, they are the report."""

from __future__ import annotations

from tcgrad.check.judging.results import CheckResult
from tcgrad.report.checks.text import render_counts, render_text


class Checked(CheckResult):
    """What a check has found out. `str` shows the report that ``tcgrad check`` prints."""

    def __repr__(self) -> str:
        return f"<check of {self.name}: {render_counts(self)}>"

    def __str__(self) -> str:
        return render_text(self).rstrip("\n")
