"""How a report spells its formulas: the styles, and what a reader may choose about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from tcgrad.ir.program import Program
from tcgrad.notation.arrays.einstein import EINSTEIN_ASCII, EINSTEIN_LATEX, EINSTEIN_UNICODE, EinsteinSyntax
from tcgrad.notation.matrix.nodes import VecOrder
from tcgrad.notation.matrix.syntaxes import MATRIX_ASCII, MATRIX_LATEX, MATRIX_UNICODE, MatrixSyntax
from tcgrad.notation.spelling.apart import latex_of, unicode_of
from tcgrad.notation.spelling.latex_tensors import latex_of_tensors
from tcgrad.notation.spelling.latex_text import latex_text
from tcgrad.notation.spelling.syntaxes import ASCII, LATEX, UNICODE, Syntax
from tcgrad.records import dataclass

LatexStyle = Literal["components", "tensors"]


@dataclass(frozen=True)
class Style:
    """The spelling of a report: one syntax a notation.

    code: how a text of a program is shown.
    sums: name every sum in index notation, even where the summation convention says it.
    vec: the order in which a matrix is written as one column.
    """

    index: Syntax
    matrix: MatrixSyntax
    einstein: EinsteinSyntax
    code: Callable[[str], str] = str
    sums: bool = False
    vec: VecOrder = "row"


def _typewriter(code: str) -> str:
    return rf"\texttt{{{latex_text(code)}}}"


STYLES = {
    "ascii": Style(ASCII, MATRIX_ASCII, EINSTEIN_ASCII),
    "unicode": Style(UNICODE, MATRIX_UNICODE, EINSTEIN_UNICODE),
    "latex": Style(LATEX, MATRIX_LATEX, EINSTEIN_LATEX, _typewriter),
}


@dataclass(frozen=True)
class Writing:
    """What a reader may choose about the spelling: see `Style`.

    latex_style: tensors by the letters that they have in the spec, or bold and calligraphic by their order.
    """

    latex_style: LatexStyle = "components"
    sums: bool = False
    vec: VecOrder = "row"


PLAIN = Writing()


def style_of(name: Literal["ascii", "unicode", "latex"], program: Program, writing: Writing = PLAIN) -> Style:
    """One of the styles, as it is chosen for a program."""
    style = replace(STYLES[name], sums=writing.sums, vec=writing.vec)
    if name == "ascii":
        return style
    is_dressed = name == "latex" and writing.latex_style == "tensors"
    syntax = unicode_of(program) if name == "unicode" else (latex_of_tensors if is_dressed else latex_of)(program)
    matrix = replace(style.matrix, scalars=syntax)
    if is_dressed:
        matrix = replace(matrix, identity=r"\mathbf{{I}}", sized_identity=r"\mathbf{{I}}_{{{0}}}")
    return replace(style, index=syntax, matrix=matrix, einstein=replace(style.einstein, scalars=syntax))
