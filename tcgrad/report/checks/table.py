"""The table of the ``check`` report: a row for each thing compared, with the columns for which there is room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcgrad.cells import cells, padded
from tcgrad.check.judging.results import Result, Status
from tcgrad.records import dataclass
from tcgrad.report.diagnostics import escape
from tcgrad.report.look import MARGIN, Look, color_of, emphasis

_COLUMNS = ("", "what", "of", "subject", "elements", "abs error", "rel error", "tolerance", "worst at", "method")
_NUMBERS = ("elements", "abs error", "rel error", "tolerance")

# What is left out on a narrow terminal, one after the other: of a failure the place is told again in the details,
# and what all rows have in common is told once, below the table.
_DISPENSABLE = ("worst at", "rel error", "method", "elements", "abs error")


@dataclass(frozen=True)
class _Row:
    """The cells by the names of the columns."""

    cells: dict[str, str]
    status: Status


def table(results: Sequence[Result], look: Look) -> list[str]:
    """The results as lines; where a terminal is too narrow for all columns, with fewer of them, or in words."""
    if not results:
        return []
    rows = [_row(each, look) for each in results]
    columns = _columns(rows, look.width)
    if not columns:
        lines = [line for row in rows for line in _in_words(row, look)]
    else:
        lines = _painted(rows, columns, look) if look.width is not None else list(_padded(rows, columns))
    return lines if "method" in columns else [*lines, *_methods(results, look)]


def _columns(rows: Sequence[_Row], width: int | None) -> tuple[str, ...]:
    """As many as there is room for; none where there is no room for those that tell the rows apart."""
    for left_out in range(len(_DISPENSABLE) + 1):
        columns = tuple(name for name in _COLUMNS if name not in _DISPENSABLE[:left_out])
        if width is None or max(map(cells, _padded(rows, columns))) <= width:
            return columns
    return ()


def _in_words(row: _Row, look: Look) -> list[str]:
    sign, *told = (row.cells[name] for name in ("", "what", "of", "subject"))
    if row.cells["tolerance"]:
        told.append(f"tolerance {row.cells['tolerance']}")
    return look.paragraph(f"{MARGIN}{sign} {', '.join(told)}", emphasis(row.status))


def _row(result: Result, look: Look) -> _Row:
    wrt = f" by {result.wrt}" if result.wrt else ""
    texts = (
        look.sign(result.status),
        result.kind,
        f"{result.of}{wrt}",
        f"{result.subject} {result.dtype}",
        str(result.elements) if result.elements else "",
        _number(result.max_abs_error),
        _number(result.max_rel_error),
        _number(result.tolerance),
        result.worst.text if result.worst and result.max_abs_error else "",
        escape(result.message) if result.status == "skip" else result.method,
    )
    return _Row(dict(zip(_COLUMNS, texts, strict=True)), result.status)


def _number(value: float | None) -> str:
    return "" if value is None else "0" if value == 0 else f"{value:.1e}"


def _padded(rows: Sequence[_Row], columns: Sequence[str]) -> Iterator[str]:
    """Columns padded with blanks; nothing is ever cut or wrapped."""
    widths = {name: max(len(name), *(cells(row.cells[name]) for row in rows)) for name in columns}
    for texts in (dict(zip(columns, columns, strict=True)), *(row.cells for row in rows)):
        shown = [_justified(texts[name], name, width) for name, width in widths.items()]
        yield (MARGIN + MARGIN.join(shown)).rstrip()


def _justified(cell: str, column: str, width: int) -> str:
    return cell.rjust(width) if column in _NUMBERS else padded(cell, width)


def _painted(rows: Sequence[_Row], columns: Sequence[str], look: Look) -> list[str]:
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, padding=(0, 0, 0, len(MARGIN)), header_style="dim")
    for name in columns:
        made.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for row in rows:
        # Texts, not strings: in a string rich would take `[i=0]` for a style.
        sign, *others = (row.cells[name] for name in columns)
        made.add_row(Text(sign, color_of(row.status)), *map(Text, others), style=emphasis(row.status))
    return [line.rstrip() for line in look.rendered(made).splitlines()]


def _methods(results: Sequence[Result], look: Look) -> Iterator[str]:
    """What the rows were compared with, and why some were not, once for each."""
    methods = dict.fromkeys(each.method for each in results if each.status != "skip")
    yield from look.paragraph(f"{MARGIN}compared with: {'; '.join(methods)}", "dim")
    for each in results:
        if each.status == "skip":
            text = f"{MARGIN}{look.sign('skip')} {each.kind} of {each.of}{f' by {each.wrt}' if each.wrt else ''}"
            yield from look.paragraph(f"{text}: {escape(each.message)}", "dim")
