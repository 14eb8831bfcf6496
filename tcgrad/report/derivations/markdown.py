"""The ``derive`` report as Markdown, formulas as the math blocks of GitHub and GitLab."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tcgrad.calculus.derivation import Derivation
from tcgrad.notation.reading import Equation, align
from tcgrad.report.derivations.content import Blocks, Content, Entry
from tcgrad.report.derivations.description import describe
from tcgrad.report.derivations.latex import passage_equations, table_equation
from tcgrad.report.derivations.styles import PLAIN, STYLES, Writing, style_of

if TYPE_CHECKING:
    from tcgrad.steps import Explained

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$])")


def render_markdown(
    derivation: Derivation,
    *,
    notations: Sequence[str] | None = None,
    writing: Writing = PLAIN,
    explained: Explained | None = None,
) -> str:
    """The report with a heading a derivative.

    notations: names out of the table of notations; None: all of them.
    explained: the same derivation with the steps that are to be shown in place of the bare formulas.

    Raises:
        TcgradError: for an unknown notation.
    """
    content = describe(derivation, style_of("latex", derivation.program, writing), notations, explained)
    return "\n".join(_lines(content, describe(derivation, STYLES["unicode"], (), explained)))


def _lines(content: Content, symbols: Content) -> Iterator[str]:
    yield f"# {_escaped(content.name)}\n"
    if content.doc:
        yield f"{_escaped(content.doc)}\n"
    yield from ("## Read as\n", *_math([(formula.left, formula.right) for formula in content.reading]))
    if content.jacobians:
        yield "## Jacobians\n"
        yield from _entries(content.jacobians, symbols.jacobians)
        yield from _notes(content.jacobian_notes)
    yield f"## {_gradient_title(symbols)}\n"
    yield from _entries(content.gradients, symbols.gradients)
    if content.table is not None:
        yield from ("## The Jacobian as one matrix\n", *_math([table_equation(content.table)]))
    for hessian, plain in zip(content.hessians, symbols.hessians, strict=True):
        yield from _hessian(hessian, plain)


def _hessian(hessian: Blocks, symbols: Blocks) -> Iterator[str]:
    yield f"## Hessian of `{symbols.of}`\n"
    yield from _entries(hessian.entries, symbols.entries)
    yield from _notes(hessian.notes)
    if hessian.table is not None:
        yield from ("### The Hessian as one matrix\n", *_math([table_equation(hessian.table)]))


def _gradient_title(symbols: Content) -> str:
    if symbols.scalar is not None:
        return f"Gradients of the scalar `{symbols.scalar}`"
    return "Gradients, given " + ", ".join(f"`{symbol}`" for symbol, _ in symbols.upstream)


def _entries(entries: Sequence[Entry], symbols: Sequence[Entry]) -> Iterator[str]:
    for entry, plain in zip(entries, symbols, strict=True):
        yield f"### `{plain.symbol}`, shape `{plain.shape}`\n"
        if entry.reason is not None:
            yield f"No closed form: {_escaped(entry.reason)}.\n"
        for written in entry.written:
            yield from _math(written.equations)
        for passage in entry.steps:
            yield from _math(passage_equations(passage))
            yield from (f"{_escaped(remark).capitalize()}.\n" for remark in passage.remarks)
        if entry.given:
            yield f"Given that `{plain.given}`.\n"
        for remark in entry.remarks:
            yield f"{_escaped(remark).capitalize()}.\n"


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield f"{' '.join(notes)}\n"


def _math(equations: Sequence[Equation]) -> Iterator[str]:
    if equations:
        yield f"```math\n{align(equations)}\n```\n"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
