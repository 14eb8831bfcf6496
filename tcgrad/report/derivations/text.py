"""The ``derive`` report as text: for people at a terminal, and plain where it is piped."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from tcgrad.calculus.derivation import Derivation
from tcgrad.cells import cells, filled, padded
from tcgrad.notation.breaking import break_formula
from tcgrad.records import dataclass
from tcgrad.report.derivations.content import Content, Entry, Table, blocks
from tcgrad.report.derivations.description import describe
from tcgrad.report.derivations.notations import Formula
from tcgrad.report.derivations.paint import paint
from tcgrad.report.derivations.passages import Passage
from tcgrad.report.derivations.styles import PLAIN, Style, Writing, style_of

if TYPE_CHECKING:
    from tcgrad.steps import Explained

_MARGIN = "    "
_FAR = 72  # beyond this column a shape follows its formula at once
_FAR_RULE = 130  # and a rule its line
_LEAST = 32  # columns for a right side that is broken beside its left side: with fewer it stands below


def render_text(
    derivation: Derivation,
    *,
    notations: Sequence[str] | None = None,
    writing: Writing = PLAIN,
    unicode: bool = True,
    color: bool = False,
    explained: Explained | None = None,
    width: int | None = None,
) -> str:
    """The whole report, nothing cut.

    notations: names out of the table of notations; None: all of them.
    unicode: False: nothing but ASCII, and every index formula parses back.
    color: with terminal escapes.
    explained: the same derivation with the steps that are to be shown in place of the bare formulas.
    width: the columns that lines are broken to fit into, as far as formulas can be broken; None: a formula a line.

    Raises:
        TcgradError: for an unknown notation.
    """
    style = style_of("unicode" if unicode else "ascii", derivation.program, writing)
    lines = _Page(style, width or sys.maxsize).lines(describe(derivation, style, notations, explained))
    text = "\n".join(lines) + "\n"
    return paint(text) if color else text


@dataclass(frozen=True)
class _Page:
    """Writes the parts of a report in one style.

    width: the columns of a line.
    """

    style: Style
    width: int

    def lines(self, content: Content) -> Iterator[str]:
        yield from self.broken(f"{content.name}: {content.doc}" if content.doc else content.name, " ")
        yield from ("", "Read as", *self.formulas(content.reading))
        if content.jacobians:
            yield from self.section("Jacobians", content.jacobians, content.jacobian_notes)
        yield from self.section(_gradient_title(content), content.gradients)
        if content.table is not None:
            yield from ("", "The Jacobian as one matrix", *_table(content.table, self.style))
        for hessian in content.hessians:
            yield from self.section(f"Hessian of {hessian.of}", hessian.entries, hessian.notes)
            if hessian.table is not None:
                yield from ("", "The Hessian as one matrix", *_table(hessian.table, self.style))

    def section(self, title: str, entries: Sequence[Entry], notes: Sequence[str] = ()) -> Iterator[str]:
        yield from ("", *self.broken(title, ", "))
        for number, block in enumerate(blocks(entries)):
            if number:
                yield ""
            yield from self.formulas([formula for entry in block for formula in entry.formulas])
            for entry in block:
                if len(entry.steps) > 1:
                    yield from (*self.heading(entry), "")
                yield from self.passages(entry.steps)
                if entry.reason is not None:
                    yield from self.heading(entry)
                    yield from self.words([f"no closed form: {entry.reason}"])
                if entry.given:
                    yield from self.words([f"given that {entry.given}"])
                yield from self.words(entry.remarks)
        if notes:
            yield ""
        yield from self.words(notes)

    def heading(self, entry: Entry) -> Iterator[str]:
        """What a derivative is called, with its shape."""
        return self.beside([[_MARGIN + entry.symbol]], [entry.shape], _FAR)

    def formulas(self, formulas: Sequence[Formula]) -> Iterator[str]:
        """Equations below each other, aligned at their equals signs, shapes beside them."""
        left = max((cells(formula.left) for formula in formulas), default=0)
        rows = [self.equation(formula.left, formula.right, left) for formula in formulas]
        yield from self.beside(rows, [formula.shape for formula in formulas], _FAR)

    def passages(self, passages: Sequence[Passage]) -> Iterator[str]:
        """Lines aligned at their equals signs, and the rules in a column of their own."""
        for number, passage in enumerate(passages):
            if number:
                yield ""
            left = max(cells(line.left) for line in passage.lines)
            rows = [self.equation(line.left, line.right, left) for line in passage.lines]
            yield from self.beside(rows, [line.rule for line in passage.lines], _FAR_RULE)
            yield from self.words(passage.remarks)

    def equation(self, left: str, right: str, width: int) -> list[str]:
        """The lines of an equation whose left side takes ``width`` columns; a call of NumPy is never broken."""
        lead = f"{_MARGIN}{padded(left, width)} = "
        room = self.width - cells(lead)
        if "np." in right or cells(right) <= room:
            return [lead + right]
        above = [_MARGIN + left] if room < _LEAST and left else []
        if room < _LEAST:
            lead = f"{2 * _MARGIN}= "
        lines = break_formula(right, max(self.width - cells(lead), 1))
        return above + [(" " * cells(lead) if number else lead) + line for number, line in enumerate(lines)]

    def beside(self, rows: Sequence[Sequence[str]], texts: Sequence[str], far: int) -> Iterator[str]:
        """Each row with its text in a column behind it; where there is no room, below it at the right margin."""
        most = max((cells(text) for text in texts), default=0) + len(_MARGIN)
        ends = [cells(line) for *_, line in rows]
        column = max((end for end in ends if end <= min(far, self.width - most)), default=0)
        for (*before, line), text in zip(rows, texts, strict=True):
            yield from before
            if cells(line) + len(_MARGIN) + cells(text) <= self.width:
                yield f"{padded(line, column)}{_MARGIN}{text}"
            else:
                below = " " * max(2 * len(_MARGIN), self.width - cells(text)) + text
                yield from (line, *filled(below, self.width, 2 * _MARGIN))

    def words(self, texts: Sequence[str]) -> Iterator[str]:
        """Sentences below formulas."""
        for text in texts:
            yield from self.broken(_MARGIN + text, " ")

    def broken(self, text: str, at: str) -> Iterator[str]:
        """Words or a list, broken into lines; what stands in square brackets stays whole where there is room."""
        whole = re.split(rf"{at}(?![^[]*\])", text)
        parts = ([piece] if cells(_MARGIN + piece) <= self.width else piece.split(at) for piece in whole)
        line, *pieces = chain.from_iterable(parts)
        for piece in pieces:
            if cells(line) + cells(at + piece) >= self.width:
                yield line + at.rstrip()
                line = _MARGIN + piece
            else:
                line += at + piece
        yield line


def _gradient_title(content: Content) -> str:
    if content.scalar is not None:
        return f"Gradients of the scalar {content.scalar}"
    given = (symbol if shape == "scalar" else f"{symbol} {shape}" for symbol, shape in content.upstream)
    return f"Gradients, given {', '.join(given)}"


def _table(table: Table, style: Style) -> Iterator[str]:
    """``∂(f, g)/∂(x, y) = [2·x  3]`` and the rows below it, columns aligned."""
    sign = style.index.differential
    above, below = table.above, table.below
    if table.twice:
        above, below = ("²" if sign == "∂" else "2") + above, below + ("²" if sign == "∂" else "^2")
    head = f"{_MARGIN}{sign}{above}/{sign}{below} = "
    widths = [max(map(cells, column)) for column in zip(*table.cells, strict=True)]
    for lead, row in zip_longest([head], table.cells, fillvalue=" " * cells(head)):
        line = "  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True))
        yield f"{lead}[{line}]"
