"""Room on the stack: values that depend on each other through thousands of equations are followed by recursion."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FRAMES = 50  # calls from one statement's value to that of the statement before, at the most


@contextmanager
def room_for_chains(statements: int) -> Iterator[None]:
    """Let calls nest as deep as a chain of so many statements takes them."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + _FRAMES * statements)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
