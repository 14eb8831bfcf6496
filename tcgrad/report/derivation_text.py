"""The ``derive`` report as text: for people at a terminal, and plain where it is piped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tcgrad.calculus.derivation import Derivation
from tcgrad.report.derivation_content import Blocks, Content, Entry, Table, blocks, describe
from tcgrad.report.notations import Formula
from tcgrad.report.paint import paint
from tcgrad.report.passages import Passage
from tcgrad.report.styles import PLAIN, Style, Writing, style_of
from tcgrad.steps import Explained

_MARGIN = "    "
_FAR = 72  # beyond this column a shape follows its formula at once
_FAR_RULE = 130  # and a rule its line


def render_text(
    derivation: Derivation,
    *,
    notations: Sequence[str] | None = None,
    writing: Writing = PLAIN,
    unicode: bool = True,
    color: bool = False,
    explained: Explained | None = None,
) -> str:
    """The whole report. Lines are never wrapped or cut: a formula is worth a scroll bar.

    notations: names out of the table of notations; None: all of them.
    unicode: False: nothing but ASCII, and every index formula parses back.
    color: with terminal escapes.
    explained: the same derivation with the steps that are to be shown in place of the bare formulas.

    Raises:
        TcgradError: for an unknown notation.
    """
    style = style_of("unicode" if unicode else "ascii", derivation.program, writing)
    text = "\n".join(_lines(describe(derivation, style, notations, explained), style)) + "\n"
    return paint(text) if color else text


def _lines(content: Content, style: Style) -> Iterator[str]:
    yield f"{content.name}: {content.doc}" if content.doc else content.name
    yield from ("", "Read as", *_formulas(content.reading))
    if content.jacobians:
        yield from _section("Jacobians", content.jacobians, content.jacobian_notes)
    yield from _section(_gradient_title(content), content.gradients)
    if content.table is not None:
        yield from ("", "The Jacobian as one matrix", *_table(content.table, style))
    for blocks_of_one in content.hessians:
        yield from _hessian(blocks_of_one, style)


def _gradient_title(content: Content) -> str:
    if content.scalar is not None:
        return f"Gradients of the scalar {content.scalar}"
    given = (symbol if shape == "scalar" else f"{symbol} {shape}" for symbol, shape in content.upstream)
    return f"Gradients, given {', '.join(given)}"


def _hessian(hessian: Blocks, style: Style) -> Iterator[str]:
    yield from _section(f"Hessian of {hessian.of}", hessian.entries, hessian.notes)
    if hessian.table is not None:
        yield from ("", "The Hessian as one matrix", *_table(hessian.table, style))


def _section(title: str, entries: Sequence[Entry], notes: Sequence[str] = ()) -> Iterator[str]:
    yield from ("", title)
    for number, block in enumerate(blocks(entries)):
        if number:
            yield ""
        yield from _formulas([formula for entry in block for formula in entry.formulas])
        for entry in block:
            if len(entry.steps) > 1:
                yield from (f"{_MARGIN}{entry.symbol}    {entry.shape}", "")
            yield from _passages(entry.steps)
            if entry.reason is not None:
                yield f"{_MARGIN}{entry.symbol}    {entry.shape}"
                yield f"{_MARGIN}no closed form: {entry.reason}"
            if entry.given:
                yield f"{_MARGIN}given that {entry.given}"
            yield from (_MARGIN + remark for remark in entry.remarks)
    if notes:
        yield ""
    yield from (_MARGIN + note for note in notes)


def _formulas(formulas: Sequence[Formula]) -> Iterator[str]:
    """Equations below each other, aligned at their equals signs, shapes beside them."""
    left = max((len(formula.left) for formula in formulas), default=0)
    lines = [f"{_MARGIN}{formula.left:<{left}} = {formula.right}" for formula in formulas]
    width = max((len(line) for line in lines if len(line) <= _FAR), default=0)
    for line, formula in zip(lines, formulas, strict=True):
        yield f"{line:<{width}}    {formula.shape}"


def _passages(passages: Sequence[Passage]) -> Iterator[str]:
    """Lines aligned at their equals signs, and the rules in a column of their own."""
    for number, passage in enumerate(passages):
        if number:
            yield ""
        left = max(len(line.left) for line in passage.lines)
        lines = [f"{_MARGIN}{line.left:<{left}} = {line.right}" for line in passage.lines]
        width = max((len(line) for line in lines if len(line) <= _FAR_RULE), default=0)
        for text, line in zip(lines, passage.lines, strict=True):
            yield f"{text:<{width}}    {line.rule}"
        yield from (_MARGIN + remark for remark in passage.remarks)


def _table(table: Table, style: Style) -> Iterator[str]:
    """``∂(f, g)/∂(x, y) = [2·x  3]`` and the rows below it, columns aligned."""
    sign = style.index.differential
    above, below = _vector(table.of), _vector(table.wrt)
    if table.twice:
        above, below = ("²" if sign == "∂" else "2") + above, below + ("²" if sign == "∂" else "^2")
    head = f"{_MARGIN}{sign}{above}/{sign}{below} = "
    widths = [max(map(len, column)) for column in zip(*table.cells, strict=True)]
    for lead, row in zip_longest([head], table.cells, fillvalue=" " * len(head)):
        cells = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"{lead}[{cells}]"


def _vector(symbols: Sequence[str]) -> str:
    return symbols[0] if len(symbols) == 1 else f"({', '.join(symbols)})"
