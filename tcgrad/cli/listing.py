"""Lists of names with what they mean beside them, as `tcgrad gallery` and `tcgrad explain` print them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

_GAP = 2
_LEAST = 20  # columns for a meaning, however narrow a terminal is


def listing(rows: Sequence[tuple[str, str]], width: int | None = None) -> str:
    """A line a name, the meanings in a column of their own.

    width: the columns of a terminal, in which a meaning is broken within its column; None: it has one line.
    """
    column = max((len(name) for name, _ in rows), default=0) + _GAP
    return "\n".join(line for name, meaning in rows for line in _row(name.ljust(column), meaning, width))


def _row(name: str, meaning: str, width: int | None) -> list[str]:
    if width is None or len(name + meaning) <= width:
        return [name + meaning]
    room = max(width - len(name), _LEAST)
    first, *more = textwrap.wrap(meaning, room, break_long_words=False, break_on_hyphens=False)
    return [name + first, *(" " * len(name) + line for line in more)]
