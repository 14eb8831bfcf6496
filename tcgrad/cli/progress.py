"""A line of progress on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Write = Callable[[str], None]


@contextmanager
def progress(
    items: Sequence[Item], label: Callable[[Item], str], write: Write
) -> Iterator[tuple[Iterator[Item], Write]]:
    """The items one after the other, and a ``write`` that keeps the line of progress out of the text's way."""
    if len(items) < 2 or not sys.stderr.isatty():
        yield iter(items), write
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("checking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    task = bar.add_task("", total=len(items))

    def announce() -> Iterator[Item]:
        for item in items:
            bar.update(task, description=label(item))
            yield item
            bar.advance(task)

    def write_between(text: str) -> None:
        bar.stop()
        write(text)
        bar.start()

    with bar:
        yield announce(), write_between
