"""What the YAML parser says, in the words of somebody who writes a spec."""

from __future__ import annotations

import yaml

from tcgrad.errors import Diagnostic, Note, Source, Span

_QUOTE = "quote the text: a list in brackets cannot hold brackets or commas unquoted, and `: ` or ` #` end plain text"

# Part of the parser's message -> what is wrong, and how to mend it. The two parsers word some of them differently.
_EXPLANATIONS: tuple[tuple[str, str, str | None], ...] = (
    ("mapping values are not allowed", "a `:` stands where no key can stand",
     "quote a text that holds `: `, and check the indentation"),
    ("cannot start any token", "{problem}", "indent with spaces, and quote a text that begins with such a character"),
    ("found a tab character", "a tab cannot indent YAML", "indent with spaces"),
    ("expected ',' or ']'", "the list that opens here is not closed", _QUOTE),
    ("expected ',' or '}'", "the mapping that opens here is not closed", _QUOTE),
    ("unexpected end of stream", "the quoted text that opens here is not closed", None),
    ("unknown escape character", "an escape that YAML does not know",
     "use single quotes, in which a backslash is a backslash"),
    ("could not find expected ':'", "a key without its `:`",
     "a key is written `name: value`, and an entry of a list `- entry`, with a blank"),
    ("expected <block end>", "this line does not fit the indentation of those before it", None),
    ("found undefined alias", "an alias repeats nothing that stands before it", None),
)  # fmt: skip

_AT_OPENING = ("expected ',' or", "unexpected end of stream")
_AT_BEGINNING = "could not find expected ':'"


def explain_yaml_error(error: yaml.MarkedYAMLError, source: Source) -> Diagnostic:
    """The diagnostic of a syntax error of YAML, at its place."""
    problem = error.problem or error.context or "it cannot be read"
    for part, message, help_ in _EXPLANATIONS:
        if part in problem:
            return Diagnostic(
                "TC102", message.format(problem=problem), *_place_and_notes(error, source, problem, help_)
            )
    return Diagnostic("TC102", f"this is not valid YAML: {problem}", *_place_and_notes(error, source, problem, None))


def _place_and_notes(
    error: yaml.MarkedYAMLError, source: Source, problem: str, help_: str | None
) -> tuple[Span | None, str | None, tuple[Note, ...]]:
    """Span, help and notes. Of what is left open the opening is the place, and where it was noticed is the note; of a
    key its beginning is the place.
    """
    noticed = _span(error.problem_mark, source)
    opened = _span(error.context_mark, source)
    if opened is not None and _AT_BEGINNING in problem:
        return opened, help_, ()
    if opened is None or noticed is None or not any(part in problem for part in _AT_OPENING):
        return noticed or opened, help_, ()
    return opened, help_, (Note(noticed, "this was noticed here"),)


def _span(mark: yaml.Mark | None, source: Source) -> Span | None:
    if mark is None:
        return None
    index = min(mark.index, len(source.text))
    return Span(index, min(index + 1, len(source.text)))
