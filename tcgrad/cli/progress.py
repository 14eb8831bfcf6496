"""A line of progress on standard error: for people at a terminal, and only where a run takes its time."""

from __future__ import annotations

import os
import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 0.7  # seconds before anything is shown


class ProgressLine:
    """What is being worked on, of how many things.

    Enter it, call `begin` for each thing and `tell` for each part of it, and `pause` before other text is written.
    color: `always`, `never` or `auto`, as of the report.
    """

    def __init__(self, total: int, color: str = "auto") -> None:
        self.total = total
        self.color = color
        self.done = -1
        self.label = ""
        self.started = monotonic()
        self.wanted = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"  # one that cannot take a line away
        self.bar: Progress | None = None
        self.task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.pause()

    def begin(self, label: str) -> None:
        """The next thing."""
        self.done += 1
        self.label = label
        self.tell("")

    def tell(self, part: str) -> None:
        """What of it comes next."""
        if not self.wanted or monotonic() - self.started < PATIENCE:
            return
        if self.bar is None:
            self.bar, self.task = _make_bar(self.total, self.color)
        if self.task is not None:
            self.bar.update(self.task, completed=self.done, description=f"{self.label}  {part}")
        self.bar.start()

    def pause(self) -> None:
        """Take the line away until the next call."""
        if self.bar is not None:
            self.bar.stop()


def _make_bar(total: int, color: str) -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        BarColumn(20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True, no_color={"always": False, "never": True}.get(color)),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    return bar, bar.add_task("", total=total)
