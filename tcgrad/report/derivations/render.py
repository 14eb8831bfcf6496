"""The ``derive`` report in any format, with the values at a point and the emitted module behind it on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from tcgrad.calculus.derivation import Derivation
from tcgrad.notation.reading import align
from tcgrad.report.derivations.description import describe
from tcgrad.report.derivations.styles import PLAIN, Writing, style_of

if TYPE_CHECKING:
    from tcgrad.ir.program import Program
    from tcgrad.point import PointValues
    from tcgrad.steps import Explained

Format = Literal["text", "json", "latex", "markdown"]

_WRAPPERS = {
    "text": "{text}",
    "latex": "\\begin{{verbatim}}\n{text}\n\\end{{verbatim}}",
    "markdown": "```{language}\n{text}\n```",
}


def render_derivation(
    derivation: Derivation,
    output_format: Format = "text",
    *,
    notations: Sequence[str] | None = None,
    writing: Writing = PLAIN,
    unicode: bool = True,
    color: bool = False,
    at: PointValues | None = None,
    code: str | None = None,
    steps: bool = False,
    width: int | None = None,
) -> str:
    """The whole report, ended by a newline. Unicode, colour and width concern the format ``text`` alone.

    steps: the way from the equations to each formula, a rule a line.

    Raises:
        TcgradError: for an unknown notation.
    """
    explained = _explained(derivation) if steps else None
    match output_format:
        case "json":
            from tcgrad.report.derivations.json_object import render_json

            data = render_json(derivation, notations=notations, writing=writing, explained=explained)
            return _as_json(data, at, code)
        case "text":
            from tcgrad.report.derivations.text import render_text

            report = render_text(
                derivation,
                notations=notations,
                writing=writing,
                unicode=unicode,
                color=color,
                explained=explained,
                width=width,
            )
        case "latex":
            from tcgrad.report.derivations.latex import render_latex

            report = render_latex(derivation, notations=notations, writing=writing, explained=explained)
        case "markdown":
            from tcgrad.report.derivations.markdown import render_markdown

            report = render_markdown(derivation, notations=notations, writing=writing, explained=explained)
    parts = [report.rstrip("\n")]
    if at is not None:
        values = _point_text(at, derivation.program, unicode=unicode and output_format != "latex")
        parts.append(_attach(output_format, "text", values))
    if code is not None:
        parts.append(_attach(output_format, "python", code))
    return "\n\n".join(parts) + "\n"


def render_equations(derivation: Derivation) -> str:
    """All Jacobians and gradients in index notation as one aligned display of LaTeX."""
    content = describe(derivation, style_of("latex", derivation.program), ["index"])
    entries = (*content.jacobians, *content.gradients)
    return align([equation for entry in entries for written in entry.written for equation in written.equations])


def _explained(derivation: Derivation) -> Explained:
    from tcgrad.steps import explain

    return explain(derivation)


def _as_json(data: dict[str, Any], at: PointValues | None, code: str | None) -> str:
    from tcgrad.report.derivations.json_object import json_text

    if at is not None:
        from tcgrad.report.derivations.point_values import point_data

        data["at"] = point_data(at)
    if code is not None:
        data["code"] = code
    return json_text(data)


def _point_text(at: PointValues, program: Program, *, unicode: bool) -> str:
    from tcgrad.report.derivations.point_values import point_text

    return point_text(at, style_of("unicode" if unicode else "ascii", program).index)


def _attach(output_format: str, language: str, text: str) -> str:
    """A text that is taken as it is, marked as the format marks such."""
    return _WRAPPERS[output_format].format(language=language, text=text.rstrip("\n"))
