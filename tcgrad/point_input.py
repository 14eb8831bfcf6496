"""Points as the command line takes them: ``x=2,y=4``, or a YAML file of names and nested lists."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import field, replace
from math import isfinite
from pathlib import Path
from typing import Any

from tcgrad.errors import Diagnostic, Located, Place, Report, Source, Span, TcgradError
from tcgrad.evaluate import evaluate
from tcgrad.language.elaborate import elaborate_scalar
from tcgrad.locate import is_there
from tcgrad.records import dataclass
from tcgrad.spec.keys.reading import node_kind, read_entries, read_number
from tcgrad.spec.yaml.files import check_source, read_source
from tcgrad.spec.yaml.nodes import Mapping, Node, Scalar, compose
from tcgrad.spec.yaml.nodes import Sequence as Items

OPTION = "--at"
_POINT = "a point is written `x=2,y=4`, or stands in a YAML file"


@dataclass(frozen=True)
class Point:
    """A number or a nested list of numbers by name, and the places of those that stand in a file."""

    values: dict[str, Any]
    places: dict[str, Place] = field(default_factory=dict)


def read_point(texts: Sequence[str], booleans: Collection[str] = ()) -> Point:
    """The point that all values of the option ``--at`` give together; later ones win.

    A number may be an expression of numbers, such as ``pi/2``.

    booleans: the names whose values may be ``true`` and ``false``.

    Raises:
        TcgradError: if a text is neither assignments nor the name of a file that can be read so.
    """
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for text in texts:
        is_file = "=" not in text or is_there(Path(text))
        point = _read_file(text, booleans) if is_file else Point(_read_assignments(text, booleans))
        values |= point.values
        places = {name: place for name, place in places.items() if name not in point.values} | point.places
    return Point(values, places)


def _read_file(name: str, booleans: Collection[str]) -> Point:
    if not name.strip():
        raise TcgradError((Diagnostic("TC608", f"`{OPTION}` has no point", help=_POINT),))
    try:
        source = read_source(name)
    except TcgradError as error:
        raise TcgradError(tuple(replace(each, help=_POINT) for each in error.diagnostics)) from None
    check_source(source)
    report = Report(source)
    root = compose(source)
    if not isinstance(root, Mapping):
        message = "a point is a mapping of names to numbers and nested lists"
        raise TcgradError((Diagnostic("TC608", message, root.span if root else Span(0, 0)),), source)
    entries = list(read_entries(root, "a point", report))
    values = {key.text: _value(node, report, truth=key.text in booleans) for key, node in entries}
    report.raise_errors()
    return Point(values, {key.text: Place(source, node.span) for key, node in entries})


def _read_assignments(text: str, booleans: Collection[str]) -> dict[str, Any]:
    source = Source(OPTION, text)
    check_source(source)
    report = Report(source)
    point = {}
    for start, end in _split(text):
        name, equals, value = text[start:end].partition("=")
        if not equals or not name.strip() or not value.strip():
            span = Located.plain(text).span(start, max(end, start + 1) if text else start)
            help_ = "a vector is written in brackets: `x=[1, 2]`"
            raise TcgradError((Diagnostic("TC608", "`NAME=VALUE` is wanted here", span, help_),), source)
        if name.strip() in point:
            span = Located.plain(text).span(start, start + len(name))
            raise TcgradError((Diagnostic("TC608", f"`{name.strip()}` is given twice", span),), source)
        # The value keeps its column, so that messages point at the right place of the option.
        node = compose(Source(OPTION, " " * (end - len(value)) + value))
        point[name.strip()] = None if node is None else _value(node, report, truth=name.strip() in booleans)
    report.raise_errors()
    return point


def _split(text: str) -> Iterator[tuple[int, int]]:
    """The pieces between commas that stand outside of brackets."""
    depth = start = 0
    for place, char in enumerate(text):
        depth += (char in "[({") - (char in "])}")
        if char == "," and not depth:
            yield start, place
            start = place + 1
    yield start, len(text)


def _value(node: Node, report: Report, *, truth: bool) -> Any:
    """A number, a truth value where those are meant, or a nested list; None with a diagnostic in the report."""
    if isinstance(node, Items):
        return [_value(item, report, truth=truth) for item in node.items]
    if truth and isinstance(node, Scalar) and node_kind(node) == "bool":
        return node.text.text.lower() == "true"
    if isinstance(node, Scalar) and node_kind(node) == "str":
        return _expression(node, report)
    number = read_number(node, "a value", "TC608", report)
    return None if number is None else float(number)


def _expression(node: Scalar, report: Report) -> float | None:
    text = node.text.text
    try:
        value = float(evaluate(elaborate_scalar(text, {}), (), {}))
    except TcgradError:
        message = f"`{text}` is neither a number nor an expression of numbers"
        report.add(Diagnostic("TC608", message, node.span, help="such as 0.5, 1e-3, [1, 2], pi/2, sqrt(2)"))
        return None
    if not isfinite(value):
        report.add(Diagnostic("TC608", f"`{text}` is {value}, and a value is a finite number", node.span))
    return value
