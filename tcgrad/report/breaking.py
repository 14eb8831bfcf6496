"""Long formulas broken into lines as a paper breaks them: before a sign, else before a factor, outermost first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tcgrad.records import dataclass
from tcgrad.report.cells import cells

_OPENING, _CLOSING = "([{", ")]}"
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
    places = sorted(_places(text), key=lambda place: place.end)
    lines: list[str] = []
    start, indent = 0, ""
    while cells(indent + text[start:]) > room:
        fitting = [p for p in places if p.end > start and cells(indent + text[start : p.end]) <= room]
        ahead = [p for p in places if p.end > start]
        if not ahead:
            break
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
    depths, in_brackets = _depths(text)
    for rank, pattern in enumerate(_PLACES):
        for match in pattern.finditer(text):
            if 0 < match.start() < len(text) and not in_brackets[match.start()]:
                yield _Place(depths[match.start()], rank, match.start(), match.end())


def _depths(text: str) -> tuple[list[int], list[bool]]:
    """At each character how many parentheses are open, and whether a square bracket is."""
    depths: list[int] = []
    in_brackets: list[bool] = []
    stack: list[str] = []
    for char in text:
        depths.append(len(stack))
        in_brackets.append("[" in stack)
        if char in _OPENING:
            stack.append(char)
        elif char in _CLOSING and stack:
            stack.pop()
    return depths, in_brackets
