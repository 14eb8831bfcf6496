"""The ``check`` report as text: a table for people at a terminal, and the same plain and whole where it is piped."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tcgrad.check.results import CheckResult, Result, Status


@dataclass(frozen=True)
class _Verdict:
    """How a status is shown: a sign, the same in ASCII, and a colour."""

    sign: str
    plain: str
    look: str


_VERDICTS: dict[Status, _Verdict] = {
    "pass": _Verdict("✓", "+", "green"),
    "fail": _Verdict("✗", "x", "bold red"),
    "inconclusive": _Verdict("?", "?", "yellow"),
    "skip": _Verdict("-", "-", "dim"),
}
_COLUMNS = ("", "what", "of", "subject", "elements", "abs error", "rel error", "tolerance", "worst at", "method")
_NUMBERS = (4, 5, 6, 7)  # columns that are aligned right
_MARGIN = "  "


@dataclass(frozen=True)
class Look:
    """How a report is shown.

    width: the columns of the terminal, to which the last column is cut; None: nothing is ever cut.
    """

    unicode: bool = True
    color: bool = False
    width: int | None = None


def render_text(result: CheckResult, *, unicode: bool = True, color: bool = False, width: int | None = None) -> str:
    """The report on one spec: a heading, a row for each thing compared, the details of what is not well, a verdict.

    unicode: False: nothing but ASCII. color: with terminal escapes.
    width: on a terminal its columns; None: lines are never cut, whatever their length.
    """
    look = Look(unicode, color, width)
    rows = [_row(each, look) for each in result.results if each.kind != "expect"]
    lines = [_bold(f"{result.name}  ({result.spec})", look), *_table(rows, look)]
    lines += [_expectation(each, look) for each in result.results if each.kind == "expect"]
    lines += [f"{_MARGIN}note: {note}" for note in result.notes]
    for each in result.results:
        if each.status in ("fail", "inconclusive"):
            lines += ["", *_details(each, look)]
    lines += ["", *_repeat(result), _summary(result, look)]
    return "\n".join(lines) + "\n"


def render_summary(results: Sequence[CheckResult], *, unicode: bool = True, color: bool = False) -> str:
    """One line about several specs."""
    look = Look(unicode, color)
    failed = sum(not result.ok for result in results)
    seconds = sum(result.seconds for result in results)
    status: Status = "fail" if failed else "pass"
    what = f"{failed} of {len(results)} specs not well" if failed else f"all {len(results)} specs pass"
    return _painted(f"{_sign(status, look)} {what} in {seconds:.1f} s", _VERDICTS[status].look, look) + "\n"


@dataclass(frozen=True)
class _Row:
    cells: tuple[str, ...]
    status: Status


def _row(result: Result, look: Look) -> _Row:
    wrt = f" by {result.wrt}" if result.wrt else ""
    dtype = "" if result.subject == "formula" and result.status == "skip" else f" {result.dtype}"
    cells = (
        _sign(result.status, look),
        result.kind,
        f"{result.of}{wrt}",
        f"{result.subject}{dtype}",
        str(result.elements) if result.elements else "",
        _number(result.max_abs_error),
        _number(result.max_rel_error),
        _number(result.tolerance),
        result.worst.text if result.worst and result.max_abs_error else "",
        result.message if result.status == "skip" else result.method,
    )
    return _Row(cells, result.status)


def _number(value: float | None) -> str:
    return "" if value is None else "0" if value == 0 else f"{value:.1e}"


def _table(rows: Sequence[_Row], look: Look) -> Iterator[str]:
    if not rows:
        return
    widths = [max(len(_COLUMNS[n]), *(len(row.cells[n]) for row in rows)) for n in range(len(_COLUMNS))]
    yield _painted(_line(_COLUMNS, widths, look), "dim", look)
    for row in rows:
        yield _painted(_line(row.cells, widths, look), _VERDICTS[row.status].look if row.status != "pass" else "", look)


def _line(cells: Sequence[str], widths: Sequence[int], look: Look) -> str:
    shown = [
        cell.rjust(width) if n in _NUMBERS else cell.ljust(width)
        for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return _cut((_MARGIN + _MARGIN.join(shown)).rstrip(), look)


def _cut(line: str, look: Look) -> str:
    """A terminal's line ends in an ellipsis where it is too narrow."""
    if look.width is None or len(line) <= look.width:
        return line
    return line[: look.width - 1] + "…" if look.unicode else line[: look.width - 3] + "..."


def _expectation(result: Result, look: Look) -> str:
    line = f"{_MARGIN}{_sign(result.status, look)}{_MARGIN}expect {result.equation}: {result.message}"
    return _painted(line, "" if result.status == "pass" else _VERDICTS[result.status].look, look)


def _details(result: Result, look: Look) -> Iterator[str]:
    """What is wrong, where, and what stands there."""
    wrt = f" by {result.wrt}" if result.wrt else ""
    what = result.equation or f"{result.kind} of {result.of}{wrt}, {result.subject}, {result.dtype}"
    reason = f": {result.message}" if result.message else ""
    yield _painted(f"{_MARGIN}{_sign(result.status, look)} {what}{reason}", _VERDICTS[result.status].look, look)
    if result.formula:
        yield f"{_MARGIN * 2}derived:   {result.formula}"
    place = result.worst
    if place is None or result.status != "fail":
        return
    found, reference = _sides(result)
    yield f"{_MARGIN * 2}worst at   {place.text}{f', with {place.sizes}' if place.sizes else ''}"
    yield f"{_MARGIN * 2}{found:<11}{place.found!r}"
    yield f"{_MARGIN * 2}{reference:<11}{place.reference!r}"
    yield f"{_MARGIN * 2}off by     {abs(place.found - place.reference):.3e}, allowed {place.tolerance:.3e}"


def _sides(result: Result) -> tuple[str, str]:
    """What the two values of a comparison are called."""
    if result.kind == "expect":
        return "expected", "derived"
    return ("derived" if result.subject == "formula" else "emitted"), "reference"


def _repeat(result: CheckResult) -> list[str]:
    """The command that repeats what is not well, once for each that differs."""
    commands = dict.fromkeys(each.repeat for each in result.results if each.repeat)
    return [f"{_MARGIN}repeat with: {command}" for command in commands]


def _summary(result: CheckResult, look: Look) -> str:
    counts = {status: sum(each.status == status for each in result.results) for status in _VERDICTS}
    said = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive", "skip": "skipped"}
    told = ", ".join(f"{counts[status]} {said[status]}" for status in _VERDICTS if counts[status]) or "nothing compared"
    status: Status = "pass" if result.ok else "fail" if counts["fail"] else "inconclusive"
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(each.seed for each in result.results))
    cost = f"{result.evaluations} evaluations, {result.seconds:.2f} s, seed {seeds}"
    return _painted(f"{_sign(status, look)} {result.name}: {told} ({cost})", _VERDICTS[status].look, look)


def _sign(status: Status, look: Look) -> str:
    verdict = _VERDICTS[status]
    return verdict.sign if look.unicode else verdict.plain


def _bold(text: str, look: Look) -> str:
    return _painted(text, "bold", look)


def _painted(text: str, style: str, look: Look) -> str:
    """One line with terminal escapes, if they are wanted."""
    if not look.color or not style:
        return text
    from rich.console import Console
    from rich.text import Text

    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", highlight=False)
    console.print(Text(text, style=style), soft_wrap=True, end="")
    return file.getvalue()
