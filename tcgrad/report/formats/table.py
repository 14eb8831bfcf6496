"""The table of formats. Each is imported when it is asked for: most runs use one."""

from __future__ import annotations

import difflib
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, cast

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.report.formats.format import Format

if TYPE_CHECKING:
    from tcgrad.report.look import Look

# name: module and class
_HOMES: Final = {
    "text": ("text", "Text"),
    "json": ("json_object", "JsonObject"),
    "jsonl": ("json_lines", "JsonLines"),
    "junit": ("junit", "Junit"),
    "github": ("github", "Github"),
    "sarif": ("sarif", "Sarif"),
    "markdown": ("markdown", "Markdown"),
}
FORMAT_NAMES: Final = tuple(_HOMES)

_SUFFIXES: Final = {
    ".txt": "text",
    ".log": "text",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xml": "junit",
    ".sarif": "sarif",
    ".md": "markdown",
}


def make_format(name: str, look: Look) -> Format:
    """The format of a name.

    Raises:
        TcgradError: if there is none; the message lists the names.
    """
    if name not in _HOMES:
        close = difflib.get_close_matches(name, FORMAT_NAMES, n=1)
        help_ = f"did you mean `{close[0]}`?" if close else f"the formats are {', '.join(FORMAT_NAMES)}"
        raise TcgradError((Diagnostic("TC601", f"there is no format `{name}`", help=help_),))
    module, class_name = _HOMES[name]
    found = getattr(import_module(f"tcgrad.report.formats.{module}"), class_name)
    return cast("type[Format]", found)(look)


def format_of_file(text: str) -> tuple[str, str]:
    """``FORMAT:PATH``, or a path whose suffix tells the format -> the format and the path.

    Raises:
        ValueError: with what it must be, if neither tells a format.
    """
    name, colon, path = text.partition(":")
    if colon and name in _HOMES and path:
        return name, path
    suffix = PurePath(text).suffix.lower()
    if suffix in _SUFFIXES and (not colon or len(name) == 1 or "/" in name):  # C:\report.xml is a path
        return _SUFFIXES[suffix], text
    known = ", ".join(f"{suffix} ({name})" for suffix, name in _SUFFIXES.items())
    raise ValueError(
        f"must be FORMAT:PATH with one of {', '.join(FORMAT_NAMES)}, or a path that ends in one of {known}"
    )
