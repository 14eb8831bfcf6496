"""What the YAML parser says, in the words of somebody who writes a spec."""

from __future__ import annotations

import re

import yaml

from tcgrad.errors import Diagnostic, Note, Source, Span

_QUOTE = (
    "separate its entries by commas, and quote the text: a list in brackets cannot hold brackets or commas unquoted, "
    "and `: ` or ` #` end plain text"
)

_TAB = "a tab cannot indent YAML"
_SPACES = "indent with spaces"
_VALUE = "node content"

# Part of the parser's message, with what it was about -> what is wrong, and how to mend it. The two parsers word some
# of them differently.
_EXPLANATIONS: tuple[tuple[str, str, str | None], ...] = (
    *(
        (part, "`%` at the beginning of a line begins a directive of YAML, and a spec needs none", "take it out")
        for part in ("directive", "incompatible YAML")
    ),
    ("mapping values are not allowed", "a `:` stands where no key can stand",
     "quote a text that holds `: `, and check the indentation"),
    ("found a tab character", _TAB, _SPACES),
    ("expected ',' or ']'", "the list that opens here is not closed", f"close it with `]`, {_QUOTE}"),
    ("expected ',' or '}'", "the mapping that opens here is not closed", f"close it with `}}`, {_QUOTE}"),
    ("unexpected end of stream", "the quoted text that opens here is not closed",
     "close it with the same quote; one that belongs to the text needs other quotes around all of it"),
    *(
        (part, "an escape that YAML does not know", "use single quotes, in which a backslash is a backslash")
        for part in ("unknown escape character", "expected hexdecimal", "hexadecimal")
    ),
    ("could not find expected ':'", "a key without its `:`",
     "a key is written `name: value`, and an entry of a list `- entry`, with a blank; a block of text is indented"),
    ("alphabetic or numeric character", "`*` and `&` have a meaning of their own in YAML at the beginning of a text",
     "quote a text that begins with one, and one that goes on behind a bracket"),
    ("found unexpected ':'", "a `:` without a blank behind it", "write `name: value`, with a blank behind the colon"),
    (_VALUE, "a value is expected here, and none begins with `{char}`",
     "take out a comma with nothing before it, and quote a text that begins so"),
    *(
        (part, "the text of a block begins on the next line",
         "end the line behind `|` or `>`, and quote a text that begins with one")
        for part in ("comment or line break", "a comment or a line break", "chomping or indentation")
    ),
    ("sequence entries are not allowed", "a `- ` stands where no list can begin",
     "begin a list on a line of its own, or write it in brackets, and quote a text that begins with a dash"),
    ("mapping keys are not allowed", "a `? ` stands where no key can begin", "quote a text that begins so"),
    *(
        (part, "`!` begins a tag in YAML, and a spec has none", "quote a text that begins with one")
        for part in ("URI", "the expected '>'", "expected '>'", "expected whitespace or line break", "expected ' '")
    ),
    ("found undefined alias", "an alias repeats nothing that stands before it", None),
)  # fmt: skip

_INDICATORS = ("@", "`", "%")
_AT_OPENING = ("expected ',' or", "unexpected end of stream")
_AT_BEGINNING = "could not find expected ':'"


_LOOKED_AT = 2000  # characters before the place where a mistake is noticed
_WITHOUT_COMMA = re.compile(r"\S(?:([;،，、])[^\S\n]*|[^\S\n]+)([^\W\d]\w*)\Z")
_ENTRY_BEHIND_BRACKET = re.compile(r"()([^\W\d]\w*) *:")
_BRACE_WITHOUT_COLON = re.compile(r"^( *)([^\W\d]\w*) *[=：]? *[\[{].*\Z", re.MULTILINE)
_LINE_WITHOUT_COLON = re.compile(r"^( *)([^\W\d]\w*)\b(?!.*:(?:\s|\Z)).*\n(?: *\n)* *(?:- )?\w+\Z", re.MULTILINE)


# What the parsers say of something that does not go on what stands before it.
_MISPLACED = (
    "did not find expected key", "did not find expected '-'", "expected <block end>", "<document start>",
    "cannot start any token",
)  # fmt: skip


def explain_yaml_error(error: yaml.MarkedYAMLError, source: Source) -> Diagnostic:
    """The diagnostic of a syntax error of YAML, at its place."""
    problem = error.problem or error.context or "it cannot be read"
    noticed = _span(error.problem_mark, source)
    if noticed is not None and any(part in problem for part in _MISPLACED):
        return Diagnostic("TC102", *_explain_misplaced(noticed, source))
    told = f"{error.context or ''} {problem}"
    if noticed is not None and (forgotten := _sign_forgotten(told, noticed, source)) is not None:
        return Diagnostic("TC102", *forgotten)
    char = source.text[noticed.start : noticed.end].strip() if noticed else ""
    if not char and _VALUE in told:
        return Diagnostic("TC102", "the text ends where a value is expected", noticed, "close what is open: `]` or `}`")
    for part, message, help_ in _EXPLANATIONS:
        if part in told:
            return Diagnostic("TC102", message.format(char=char), *_place_and_notes(error, source, problem, help_))
    return Diagnostic("TC102", f"this is not valid YAML: {problem}", *_place_and_notes(error, source, problem, None))


def _sign_forgotten(told: str, noticed: Span, source: Source) -> tuple[str, Span, str] | None:
    """Message, place and help of a comma that is missing in braces, or of the colon of a key; None of all else."""
    begin = max(0, noticed.start - _LOOKED_AT)
    text = source.text[begin : noticed.start + _LOOKED_AT]
    before, at = text[: noticed.start - begin], noticed.start - begin
    if "flow mapping" in told and "expected ','" in told:
        found = _WITHOUT_COMMA.search(before) if text[at : at + 1] == ":" else _ENTRY_BEHIND_BRACKET.match(text, at)
        if found is not None and (sign := found[1]):
            return f"`{sign}` does not end an entry", _moved(found, 1, begin), "write `,`"
        if found is not None and before.rpartition("\n")[2].strip():
            return "a comma is missing between two entries", _moved(found, 2, begin), f"write `, {found[2]}`"
    if "mapping values are not allowed" in told:
        found = _BRACE_WITHOUT_COLON.search(before) or _LINE_WITHOUT_COLON.search(before)
        if found is not None and not _goes_on(before[: found.start()], found[1]):
            help_ = f"write `{found[2]}: ...`, with a colon and a blank behind it"
            return "a key without its `:`", _moved(found, 2, begin), help_
    return None


def _moved(found: re.Match[str], group: int, begin: int) -> Span:
    """The span of a group of what was found in a text that begins so far behind the beginning."""
    return Span(begin + found.start(group), begin + found.end(group))


def _goes_on(before: str, indent: str) -> bool:
    """Whether a line that is indented so goes on the text of the entry before."""
    line = before.rstrip().rpartition("\n")[2]
    return len(line) - len(line.lstrip()) < len(indent) and not line.endswith(":")


def _explain_misplaced(place: Span, source: Source) -> tuple[str, Span, str]:
    """Message, place and help, by the character that stands where it should not."""
    char = source.text[place.start : place.end]
    line, column = source.position(place.start)
    if char == "\t":
        return _TAB, place, _SPACES
    if char in ("}", "]"):
        help_ = "a list or a mapping in brackets opens behind `name: `, with the colon and a blank"
        return f"`{char}` closes nothing", place, help_
    if char == ",":
        return (
            "a `,` stands outside of brackets",
            place,
            "take it out: outside of brackets every entry has its own line",
        )
    if char in _INDICATORS:
        return f"a text cannot begin with `{char}`", place, "quote it"
    if not source.line(line)[: column - 1].strip(" -"):
        help_ = "entries of one list or mapping begin in the same column, and those inside of it further right"
        return "this line does not fit the indentation of those before it", place, help_
    help_ = "quote a text as a whole: one that begins with a quote or a bracket ends where that closes"
    return "this stands behind the end of a value", place, help_


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
