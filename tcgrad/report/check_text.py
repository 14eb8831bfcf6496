"""The ``check`` report as text: a table for people at a terminal, and the same plain and whole where it is piped."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from tcgrad.check.results import CheckResult, Evidence, Place, Result, Status, TermResult
from tcgrad.records import dataclass
from tcgrad.report.diagnostics import escape


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
_IN_WORDS = ("expect", "self_test")  # kinds that have a line instead of a row of numbers
_MARGIN = "  "
_NEVER_FULL = 10_000


@dataclass(frozen=True)
class Look:
    """How a report is shown.

    width: the columns of the terminal, to which the table is fitted; None: lines have any length.
    """

    unicode: bool = True
    color: bool = False
    width: int | None = None


def render_text(result: CheckResult, *, unicode: bool = True, color: bool = False, width: int | None = None) -> str:
    """The report on one spec: a heading, a row for each thing compared, the details of what is not well, a verdict.

    unicode: False: nothing but ASCII. color: with terminal escapes.
    width: on a terminal its columns; None: lines are never cut or wrapped, whatever their length.
    """
    look = Look(unicode, color, width)
    rows = [_row(each, look) for each in result.results if each.kind not in _IN_WORDS]
    table = [_bold(f"{result.name}  ({escape(result.spec)})", look), *_table(rows, look)]
    table += [_in_words(each, look) for kind in _IN_WORDS for each in result.results if each.kind == kind]
    table += [f"{_MARGIN}note: {note}" for note in result.notes]
    failures = [list(_details(each, look)) for each in result.results if each.status == "fail"]
    blocks = [table, *failures, _undecided(result, look), [*_repeat(result), _summary(result, look)]]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def render_details(result: Result, *, unicode: bool = True) -> str:
    """What is wrong with one result, where, and what stands there, in plain text."""
    return textwrap.dedent("\n".join(_details(result, Look(unicode))))


def render_verdict(status: Status, text: str, look: Look) -> str:
    """A line that begins with the sign of a status, in its colour."""
    return _painted(f"{_sign(status, look)} {text}", _VERDICTS[status].look, look)


@dataclass(frozen=True)
class _Row:
    cells: tuple[str, ...]
    status: Status


def _row(result: Result, look: Look) -> _Row:
    wrt = f" by {result.wrt}" if result.wrt else ""
    cells = (
        _sign(result.status, look),
        result.kind,
        f"{result.of}{wrt}",
        f"{result.subject} {result.dtype}",
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


def _table(rows: Sequence[_Row], look: Look) -> list[str]:
    """The rows as a table; where a terminal is too narrow for it, one under the other."""
    if not rows:
        return []
    plain = list(_plain_table(rows))
    if look.width is None:
        return plain
    fits = max(map(len, plain)) <= look.width
    return _rich_table(rows, look) if fits else [line for row in rows for line in _stacked(row, look)]


def _plain_table(rows: Sequence[_Row]) -> Iterator[str]:
    """Columns padded with blanks; nothing is ever cut or wrapped."""
    widths = [max(len(_COLUMNS[n]), *(len(row.cells[n]) for row in rows)) for n in range(len(_COLUMNS))]
    for cells in (_COLUMNS, *(row.cells for row in rows)):
        shown = [
            cell.rjust(width) if n in _NUMBERS else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        yield (_MARGIN + _MARGIN.join(shown)).rstrip()


def _rich_table(rows: Sequence[_Row], look: Look) -> list[str]:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 0, 0, len(_MARGIN)), header_style="dim")
    for n, title in enumerate(_COLUMNS):
        table.add_column(title, justify="right" if n in _NUMBERS else "left", no_wrap=True)
    for row in rows:
        # Texts, not strings: in a string rich would take `[i=0]` for a style.
        sign, *others = row.cells
        table.add_row(Text(sign, _VERDICTS[row.status].look), *map(Text, others), style=_look_of(row.status))
    return [line.rstrip() for line in _rendered(table, look).splitlines()]


def _stacked(row: _Row, look: Look) -> Iterator[str]:
    sign, what, of, subject, elements, *numbers, place, method = row.cells
    yield _painted(f"{_MARGIN}{sign} {what} of {of}, {subject}", _look_of(row.status), look)
    told = [f"{title} {cell}" for title, cell in zip(_COLUMNS[5:8], numbers, strict=True) if cell]
    details = [
        f"{elements} elements" if elements else "",
        ", ".join(told),
        f"worst at {place}" if place else "",
        method,
    ]
    for detail in filter(None, details):
        yield f"{_MARGIN * 2}{detail}"


def _look_of(status: Status) -> str:
    """Only what is not well stands out."""
    return "" if status == "pass" else _VERDICTS[status].look


def _in_words(result: Result, look: Look) -> str:
    name = f"expect {result.equation}" if result.kind == "expect" else _what(result)
    line = f"{_MARGIN}{_sign(result.status, look)}{_MARGIN}{name}: {result.message}"
    return _painted(line, _look_of(result.status), look)


def _undecided(result: CheckResult, look: Look) -> list[str]:
    """Why something could not be decided, once for each reason."""
    reasons: dict[str, list[Result]] = {}
    for each in result.results:
        if each.status == "inconclusive":
            reasons.setdefault(each.message, []).append(each)
    style = _VERDICTS["inconclusive"].look
    sign = _sign("inconclusive", look)
    texts = [f"{_MARGIN}{sign} {'; '.join(map(_what, found))}: {reason}" for reason, found in reasons.items()]
    return [_painted(text, style, look) for text in texts]


def _what(result: Result) -> str:
    """What a result is about, in words."""
    if result.mistake:
        return f"self-test {result.mistake}, {result.dtype}"
    wrt = f" by {result.wrt}" if result.wrt else ""
    return result.equation or f"{result.kind} of {result.of}{wrt}, {result.subject} {result.dtype}"


def _details(result: Result, look: Look) -> Iterator[str]:
    """What is wrong, where, and what stands there."""
    reason = f": {result.message}" if result.message else ""
    yield _painted(
        f"{_MARGIN}{_sign(result.status, look)} {_what(result)}{reason}", _VERDICTS[result.status].look, look
    )
    if result.formula:
        yield f"{_MARGIN * 2}derived:   {result.formula}"
    place = result.worst
    if place is None:
        return
    found, reference = _sides(result)
    yield f"{_MARGIN * 2}worst at   {_where(place)}"
    yield f"{_MARGIN * 2}{found:<11}{place.found!r}"
    yield f"{_MARGIN * 2}{reference:<11}{place.reference!r}"
    yield f"{_MARGIN * 2}off by     {abs(place.found - place.reference):.3e}, allowed {place.tolerance:.3e}"
    if result.evidence is not None:
        yield from _evidence(result.evidence)
    yield from _beside(result.terms)


def _where(place: Place) -> str:
    sample = f"sample {place.sample} of {place.samples}" if place.samples else ""
    return ", ".join(filter(None, (place.text, sample, f"with {place.sizes}" if place.sizes else "")))


def _beside(terms: Sequence[TermResult]) -> Iterator[str]:
    """The terms of a wrong formula beside those of the derived one, with their values at the worst element."""
    if terms:
        yield f"{_MARGIN * 2}term by term, with the values there:"
    for term in terms:
        sides = [(term.kind, term.expected, term.expected_value), ("derived", term.derived, term.derived_value)]
        if term.kind == "missing":
            sides = [(term.kind, term.derived, term.derived_value)]
        for said, text, value in sides if term.kind == "differs" else sides[:1]:
            yield f"{_MARGIN * 3}{said:<9}{text}  ({value:.6g})"
        if term.because:
            yield f"{_MARGIN * 3}{'':<9}{term.because}"


def _evidence(evidence: Evidence) -> Iterator[str]:
    """The next worst elements, and how many elements are off by how many tolerances."""
    for place in evidence.worst[1:]:
        yield f"{_MARGIN * 2}also at    {place.text}: {place.found:.9g} instead of {place.reference:.9g}"
    bins = [(f"up to {label}" if label != "more" else "beyond", count) for label, count in evidence.histogram if count]
    told = [f"{count} {label}" for label, count in bins]
    yield f"{_MARGIN * 2}elements   by error over tolerance: {', '.join(told)}"


def _sides(result: Result) -> tuple[str, str]:
    """What the two values of a comparison are called."""
    if result.kind == "expect":
        return "expected", "derived"
    return {"module": "emitted", "user": "yours"}.get(result.subject, "derived"), "reference"


def _repeat(result: CheckResult) -> list[str]:
    """The command that repeats what is not well, once for each that differs."""
    commands = dict.fromkeys(each.repeat for each in result.results if each.repeat)
    return [f"{_MARGIN}repeat with: {escape(command)}" for command in commands]


def _summary(result: CheckResult, look: Look) -> str:
    counts = {status: sum(each.status == status for each in result.results) for status in _VERDICTS}
    said = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive", "skip": "skipped"}
    told = ", ".join(f"{counts[status]} {said[status]}" for status in _VERDICTS if counts[status]) or "nothing compared"
    status: Status = "pass" if result.ok else "fail" if counts["fail"] else "inconclusive"
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(each.seed for each in result.results))
    cost = f"{result.evaluations} evaluations, {result.seconds:.2f} s, seed {seeds}"
    return render_verdict(status, f"{result.name}: {told} ({cost})", look)


def _sign(status: Status, look: Look) -> str:
    verdict = _VERDICTS[status]
    return verdict.sign if look.unicode else verdict.plain


def _bold(text: str, look: Look) -> str:
    return _painted(text, "bold", look)


def _painted(text: str, style: str, look: Look) -> str:
    """One line with terminal escapes, if they are wanted."""
    if not look.color or not style:
        return text
    from rich.text import Text

    return _rendered(Text(text, style=style), look).rstrip("\n")


def _rendered(content: Any, look: Look) -> str:
    """What rich makes of a text or a table, whatever it would find out about the terminal itself."""
    from rich.console import Console

    file = io.StringIO()
    system: Literal["standard"] | None = "standard" if look.color else None
    console = Console(file=file, width=_NEVER_FULL, force_terminal=look.color, color_system=system, highlight=False)
    console.print(content, soft_wrap=True)
    return file.getvalue()
