"""Python's search for garbage, made rarer while a program is read, derived or emitted.

All of it makes hundreds of thousands of small objects that stay until the work is done. Going through them again and
again, after every few hundred new ones as Python does by default, took a third of the time and found next to nothing.
Going through them when the work is done, a tenth of it: what stays is the result. They count as old then, and are
searched, all at once, when many have come together.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_FEWEST_NEW = 500_000  # objects between two searches: some fifty megabytes
_MOST_PUT_OFF = 1_000_000  # objects that wait for a search when work is done


class Search:
    """The setting of the process while at least one thread is at work."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._at_work = 0
        self._before = gc.get_threshold()
        self._put_off = 0

    def rarer(self) -> None:
        with self._lock:
            self._at_work += 1
            if self._at_work == 1:
                self._before = gc.get_threshold()
                if 0 < self._before[0] < _FEWEST_NEW:
                    gc.set_threshold(_FEWEST_NEW, *self._before[1:])

    def as_before(self) -> None:
        with self._lock:
            self._at_work -= 1
            if self._at_work == 0 and gc.get_threshold() != self._before:
                self._leave_for_later()
                gc.set_threshold(*self._before)

    def _leave_for_later(self) -> None:
        """Let the new objects count as old, and search all where many have been left like this.

        Python has no call for it but to set all objects apart and take them back; where the caller has set some apart,
        all stays as it is.
        """
        if gc.get_freeze_count():
            return
        self._put_off += gc.get_count()[0]
        gc.freeze()
        gc.unfreeze()
        if self._put_off > _MOST_PUT_OFF:
            self._put_off = 0
            gc.collect()


_SEARCH = Search()


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let garbage be searched for rarely inside, in all threads; afterwards as it was before.

    Where the caller has turned the search off, or made it rarer still, nothing changes.
    """
    _SEARCH.rarer()
    try:
        yield
    finally:
        _SEARCH.as_before()
