"""Function declarations: keys such as ``swish(z)`` and their bodies."""

from __future__ import annotations

import re

from tcgrad.errors import Diagnostic, Located, Note, Report
from tcgrad.spec.keys.reading import is_null, read_text
from tcgrad.spec.limits import MAX_EQUATION, MAX_PARAMETERS
from tcgrad.spec.model import FunctionDeclaration
from tcgrad.spec.names import check_name, check_not_reserved, composed_name
from tcgrad.spec.yaml.nodes import Node

_COMMENT = re.compile(r"#[^\n]*")
_SIGNATURE = re.compile(r"(?P<name>[^()]*)\((?P<parameters>[^()]*)\)\Z")
_EQUATION = re.compile(r"([^()=\n]{1,40}\([^()=\n]{1,40}\)) *= *([^=\n]{1,60})\Z")
_ANNOTATED = re.compile(r"(\w{1,40})\s*[:=]")


def read_function(key: Located, body: Node, report: Report) -> FunctionDeclaration | None:
    """A function from its entry; None (after TC110, TC111 or TC117) if its signature cannot be read."""
    match = _SIGNATURE.match(key.text.rstrip())
    if match is None:
        message = f"`{key.text}` is not a function with its parameters"
        equation = _EQUATION.match(key.text)
        help_ = 'write name(parameter), as in "swish(z)"'
        if equation is not None:
            help_ = f'write "{equation[1]}": "{equation[2].strip()}"'
        report.add(Diagnostic("TC117", message, key.whole, help_))
        return None
    name = _part(key, *match.span("name"))
    parameters = _read_parameters(key, match, report)
    named = check_name(name, "a function", report) and check_not_reserved(name, "a function", report)
    text = None if is_null(body) else read_text(body, f"the body of `{name.text}`", report, "null declares it abstract")
    if text is not None and not _COMMENT.sub("", text.text).strip():
        message = f"the body of `{name.text}` is empty"
        report.add(Diagnostic("TC117", message, body.span, "write an expression, or null for an abstract function"))
        return None
    if text is not None and len(text.text) > MAX_EQUATION:
        report.add(Diagnostic("TC103", f"a body has at most {MAX_EQUATION} characters", body.span))
        return None
    return FunctionDeclaration(name, parameters, text) if named and parameters is not None else None


def _read_parameters(key: Located, match: re.Match[str], report: Report) -> tuple[Located, ...] | None:
    start, end = match.span("parameters")
    if not match["parameters"].strip():
        report.add(Diagnostic("TC117", "a function needs at least one parameter", key.whole, 'write "f(z)"'))
        return None
    if match["parameters"].count(",") >= MAX_PARAMETERS:
        message = f"a function has at most {MAX_PARAMETERS} parameters"
        report.add(Diagnostic("TC117", message, key.span(start, end)))
        return None
    commas = [at for at in range(start, end) if key.text[at] == ","]
    starts = (start, *(at + 1 for at in commas))
    parts = [_part(key, first, last) for first, last in zip(starts, (*commas, end), strict=True)]
    seen: dict[str, Located] = {}
    for part in parts:
        annotated = _ANNOTATED.match(part.text)
        meant = f"a parameter is a name alone: `{annotated[1]}`" if annotated else None
        if not (check_name(part, "a parameter", report, meant) and check_not_reserved(part, "a parameter", report)):
            return None
        if part.text in seen:
            message = f"the parameter `{part.text}` stands twice"
            note = Note(seen[part.text].whole, "it stands here before")
            report.add(Diagnostic("TC117", message, part.whole, "give one of the two another name", (note,)))
            return None
        seen[part.text] = part
    return tuple(parts)


def _part(key: Located, start: int, end: int) -> Located:
    """``key[start:end]`` without the space around it."""
    piece = key.text[start:end]
    start += len(piece) - len(piece.lstrip())
    end = max(start, end - (len(piece) - len(piece.rstrip())))
    return composed_name(Located(key.text[start:end], key.offsets[start : end + 1]))
