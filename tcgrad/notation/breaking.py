"""Long formulas broken into lines as a paper breaks them: before a sign, else before a factor, outermost first."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate, repeat
from operator import attrgetter

from tcgrad.cells import cells
from tcgrad.records import dataclass

_PLACES = (
    re.compile(r" (?=[+-] )"),  # before a sign
    re.compile(r"(?=[·*/](?!_\())|(?<=, )| (?=[⊙⊘⊗] |\.\* |\(x\) )"),  # before a factor, or between arguments
    re.compile(r"(?<=\S) (?=[^\s+\-=<>≤≥≠⊙⊘⊗/])"),  # between matrices that are multiplied
)
_STEP = 2
_FULL = 0.4  # a line is at least so full before an inner place is taken for an outer one


@dataclass(frozen=True)
class _Place:
    """A place where a line may end: the text before ``end`` is on it, the text from ``start`` on the next one."""

    depth: int
    rank: int
    end: int
    start: int

    @property
    def cost(self) -> tuple[int, int]:
        return self.depth, self.rank


def break_formula(text: str, room: int) -> list[str]:
    """The lines of a formula, each of at most ``room`` columns if there are places for it; ``room`` is at least 1.

    A line that begins within parentheses is indented by their depth.
    """
    if cells(text) <= room:
        return [text]
    ahead = sorted(_places(text), key=attrgetter("end"))
    column = range(len(text) + 1) if text.isascii() else list(accumulate(map(cells, text), initial=0))
    lines: list[str] = []
    start, indent = 0, ""
    while len(indent) + column[-1] - column[start] > room:
        ahead = ahead[bisect(ahead, start, key=attrgetter("end")) :]
        if not ahead:
            break
        last = column[start] + room - len(indent)
        fitting = ahead[: bisect(ahead, last, key=lambda place: column[place.end])]
        place = _best(fitting, start + _FULL * room) if fitting else ahead[0]
        lines.append(indent + text[start : place.end].rstrip())
        start, indent = place.start, " " * (_STEP * place.depth)
    return [*lines, indent + text[start:]]


def _best(places: Sequence[_Place], full: float) -> _Place:
    """The outermost place, the last of several, among those that leave no short line if there are any."""
    late = [place for place in places if place.end >= full] or places
    cost = min(place.cost for place in late)
    return [place for place in late if place.cost == cost][-1]


def _places(text: str) -> Iterator[_Place]:
    """All places; none is inside of square brackets, which hold indices and conditions."""
    depths, in_brackets = _counted(text, "([{", ")]}"), _counted(text, "[", "]")
    for rank, pattern in enumerate(_PLACES):
        for match in pattern.finditer(text):
            start = match.start()
            if 0 < start < len(text) and not in_brackets[start]:
                yield _Place(depths[start], rank, start, match.end())


def _counted(text: str, opening: str, closing: str) -> list[int]:
    """At each character how many brackets are open."""
    steps = dict.fromkeys(opening, 1) | dict.fromkeys(closing, -1)
    return list(accumulate(map(steps.get, text, repeat(0)), initial=0))
