"""Numbers that grow or shrink out of their type: noticed if somebody asks, and passed over in silence otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import numpy as np

_noticed = ContextVar("_noticed", default=False)


def quietly() -> np.errstate:
    """Arithmetic that warns of nothing; what leaves its type is still told to `noticing`."""
    told: Literal["call", "ignore"] = "call" if _noticed.get() else "ignore"
    return np.errstate(divide="ignore", invalid="ignore", under=told, over=told)


@contextmanager
def noticing() -> Iterator[list[str]]:
    """-> a list to which ``"overflow"`` and ``"underflow"`` are added, as often as they happen meanwhile."""
    seen: list[str] = []
    before = _noticed.set(True)
    try:
        with np.errstate(over="call", under="call", call=lambda kind, _: seen.append(kind)):
            yield seen
    finally:
        _noticed.reset(before)


def overflows_first(work: Callable[[], object]) -> bool:
    """Whether the first number that comes out infinite, or as none, is one that is too large for its type."""
    seen: list[str] = []
    with np.errstate(all="call", under="ignore", call=lambda kind, _: seen.append(kind)):
        work()
    return seen[:1] == ["overflow"]
