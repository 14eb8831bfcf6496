"""Numbers that grow out of their type: noticed if somebody asks, and passed over in silence otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def quietly() -> Iterator[None]:
    """Arithmetic that warns of nothing; overflows are still told to `noticing`."""
    noticed = np.geterr()["over"] == "call"
    with np.errstate(divide="ignore", invalid="ignore", under="ignore", over="call" if noticed else "ignore"):
        yield


@contextmanager
def noticing() -> Iterator[list[str]]:
    """-> a list to which every overflow meanwhile is added."""
    seen: list[str] = []
    with np.errstate(over="call", call=lambda kind, _: seen.append(kind)):
        yield seen
