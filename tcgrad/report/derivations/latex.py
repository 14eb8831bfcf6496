"""The ``derive`` report as LaTeX, to be put into a document that loads amsmath and amssymb."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tcgrad.calculus.derivation import Derivation
from tcgrad.notation.reading import Equation
from tcgrad.notation.spelling.latex_text import latex_text
from tcgrad.report.derivations.breaking_latex import break_latex, width
from tcgrad.report.derivations.content import Blocks, Content, Entry, Table, blocks
from tcgrad.report.derivations.description import describe
from tcgrad.report.derivations.notations import Formula
from tcgrad.report.derivations.passages import Passage
from tcgrad.report.derivations.styles import PLAIN, Writing, style_of

if TYPE_CHECKING:
    from tcgrad.steps import Explained

_PAGE, _LEAST = 61, 30  # the letters in a line of a page, and in a formula that is broken
_EQUALS, _APART = 2.4, 2  # what the sign of equality takes, and the room before a remark or at the start of a line
_MOST_BESIDE = (40, 26, 0)  # the letters of a remark that stands beside its formula, and not below it: what is tried
_MOST_TOGETHER = 12  # lines that stay on one page
_COMMA = re.compile(r", |\\text\{, \}")


def render_latex(
    derivation: Derivation,
    *,
    notations: Sequence[str] | None = None,
    writing: Writing = PLAIN,
    explained: Explained | None = None,
) -> str:
    """The report as paragraphs and displays; it needs the packages amsmath and amssymb.

    notations: names out of the table of notations; None: all of them.
    explained: the same derivation with the steps that are to be shown in place of the bare formulas.

    Raises:
        TcgradError: for an unknown notation.
    """
    style = style_of("latex", derivation.program, writing)
    return "\n".join(_lines(describe(derivation, style, notations, explained))) + "\n"


def _lines(content: Content) -> Iterator[str]:
    yield rf"\paragraph{{{latex_text(content.name)}}} {latex_text(content.doc)}".rstrip()
    yield from _display(equations(content.reading))
    if content.jacobians:
        yield r"\paragraph{Jacobians}"
        yield from _entries(content.jacobians)
        yield from content.jacobian_notes
    if content.scalar is not None:
        yield rf"\paragraph{{Gradients}} of the scalar ${content.scalar}$"
    else:
        yield rf"\paragraph{{Gradients}} given {', '.join(f'${symbol}$' for symbol, _ in content.upstream)}"
    yield from _entries(content.gradients)
    if content.table is not None:
        yield from (r"\paragraph{The Jacobian as one matrix}", *_display([table_equation(content.table)]))
    for hessian in content.hessians:
        yield from _hessian(hessian)


def _hessian(hessian: Blocks) -> Iterator[str]:
    yield rf"\paragraph{{Hessian}} of ${hessian.of}$"
    yield from _entries(hessian.entries)
    yield from hessian.notes
    if hessian.table is not None:
        yield from (r"\paragraph{The Hessian as one matrix}", *_display([table_equation(hessian.table)]))


def _entries(entries: Sequence[Entry]) -> Iterator[str]:
    for block in blocks(entries):
        yield from _display([equation for entry in block for equation in equations(entry.formulas)])
        for entry in block:
            for passage in entry.steps:
                yield from _display(passage_equations(passage))
                yield from (f"{latex_text(remark).capitalize()}." for remark in passage.remarks)
            if entry.reason is not None:
                yield rf"${entry.symbol}$ has no closed form: {latex_text(entry.reason)}.\par"
            if entry.given:
                yield rf"given that ${entry.given}$.\par"
            yield from (f"{latex_text(remark).capitalize()}." for remark in entry.remarks)


def equations(formulas: Sequence[Formula]) -> list[Equation]:
    """Formulas with their shapes beside them."""
    return [(f.left, rf"{f.right} {_shape_column(f)}") for f in formulas]


def passage_equations(passage: Passage) -> list[Equation]:
    """Lines with their rules beside them."""
    return [(line.left, rf"{line.right} && {line.rule}") for line in passage.lines]


def _shape_column(formula: Formula) -> str:
    return r"&& \text{scalar}" if formula.shape == "scalar" else f"&& {formula.shape}"


def _display(equations: Sequence[Equation]) -> Iterator[str]:
    """Equations below each other; a page may end among many of them."""
    if not equations:
        return
    lines = list(broken(equations))
    display = [r"\begin{align*}", " \\\\\n".join(lines), r"\end{align*}"]
    yield from [r"\begingroup\allowdisplaybreaks", *display, r"\endgroup"] if len(lines) > _MOST_TOGETHER else display


def broken(equations: Sequence[Equation]) -> Iterator[str]:
    """The lines of a display: what does not fit beside the widest left side and remark is broken.

    Remarks stand below their formulas where they are long, or where a formula cannot be broken far enough.
    """
    parted = [(left, *right.partition(" && ")) for left, right in equations]
    before = max(width(left) for left, *_ in parted) + _EQUALS
    room = _PAGE - before - _APART
    column, lines = _beside([(right, width(remark)) for _, right, _, remark in parted], room)
    for (left, _, mark, remark), texts in zip(parted, lines, strict=True):
        if width(remark) > column:
            texts.extend(_filled(remark, room))
        else:
            texts[-1] += mark + remark
        first, *rest = texts
        yield f"{left} &= {first}"
        yield from (rf" &\quad {line}" for line in rest)


def _beside(formulas: Sequence[tuple[str, float]], room: float) -> tuple[float, list[list[str]]]:
    """How wide the remarks are that stand beside formulas, as many as there is room for, and the formulas' lines.

    formulas: with the widths of their remarks.
    """
    for most in _MOST_BESIDE:
        column = max((wide for _, wide in formulas if wide <= most), default=0)
        lines = [break_latex(formula, max(room - column, _LEAST)) for formula, _ in formulas]
        if max(width(line) for texts in lines for line in texts) <= room - column:
            break
    return column, lines


def _filled(remark: str, room: float) -> Iterator[str]:
    """A remark that stands below its formula: a shape by its axes, and one rule after the other."""
    line = ""
    for comma, part in _parts(remark):
        if comma and width(line) + width(part) > room:
            yield f"{line},"
            line = part
        else:
            line += comma + part
    yield line


def _parts(remark: str) -> Iterator[tuple[str, str]]:
    """What stands between the commas of a remark, those in braces apart, with the comma before it."""
    comma, start = "", 0
    for found in _COMMA.finditer(remark):
        before = remark[start : found.start()]
        if before.count("{") == before.count("}"):
            yield comma, before
            comma, start = found.group(), found.end()
    yield comma, remark[start:]


def table_equation(table: Table) -> Equation:
    """The Jacobian matrix of scalars by scalars, or the Hessian of one."""
    square = "^2" if table.twice else ""
    left = rf"\frac{{\partial{square} {table.above}}}{{\partial {table.below}{square}}}"
    rows = r" \\ ".join(" & ".join(row) for row in table.cells)
    return left, rf"\begin{{bmatrix}} {rows} \end{{bmatrix}}"
