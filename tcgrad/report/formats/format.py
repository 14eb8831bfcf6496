"""What a format of the report is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tcgrad.report.checks.runs import Entry, Run
    from tcgrad.report.look import Look


class Format(ABC):
    """Turns a run into text: some of it as soon as a spec is done, the rest at the end.

    look: for formats that people read.
    """

    def __init__(self, look: Look) -> None:
        self.look = look

    def entry(self, entry: Entry) -> str:
        """What is written when a spec is done."""
        return ""

    @abstractmethod
    def end(self, run: Run) -> str:
        """What is written behind that when all are done."""

    def whole(self, run: Run) -> str:
        """All of it, as it is written to a file."""
        return "".join(map(self.entry, run.entries)) + self.end(run)

    def publish(self, run: Run) -> None:
        """Hand the run on to where the format's readers look besides."""
