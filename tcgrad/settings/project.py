"""``[tool.tcgrad]`` of the nearest pyproject.toml."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from tcgrad.errors import Diagnostic, Report, Source, Span, TcgradError
from tcgrad.settings.table import SETTINGS, Setting
from tcgrad.settings.values import check_value
from tcgrad.spec.names import suggest

_HEADER = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*[\"']?tcgrad[\"']?[ \t]*\]", re.MULTILINE)
_MENTIONED = re.compile(r"tool\s*\.\s*[\"']?tcgrad\b")


def read_project(folder: Path) -> dict[str, Any]:
    """The settings of the nearest pyproject.toml, of the folder or of one above, that has any: name -> value.

    Raises:
        TcgradError: for an unknown key, a value that cannot be, or a file that is no TOML, each at its place.
    """
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            found = _own_table(file)
            if found is not None:
                return found
    return {}


def _own_table(file: Path) -> dict[str, Any] | None:
    """None if the file says nothing about tcgrad; only then it may be no TOML."""
    content = _content(file)
    text = content.decode("utf-8", "replace").replace("\0", "")  # what is left of UTF-16 can be read
    source = Source(os.path.relpath(file), text)
    if content != text.encode() and _MENTIONED.search(text):
        wrong = Diagnostic("TC610", "the file is not text in UTF-8", Span(0, 0), "save it as UTF-8")
        raise TcgradError((wrong,), source)
    tool = _tables(source).get("tool", {})
    if not isinstance(tool, dict) or "tcgrad" not in tool:
        return None
    report = Report(source)
    settings = _settings(tool["tcgrad"], source, report, file.parent)
    report.raise_errors()
    return settings


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"`{os.path.relpath(file)}` cannot be read: {error.strerror}"
        raise TcgradError((Diagnostic("TC610", message),)) from None


def _tables(source: Source) -> dict[str, Any]:
    """What the file holds; nothing if it is no TOML and says nothing about tcgrad."""
    import tomllib

    try:
        return tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        wrong = str(error)
    except (ValueError, RecursionError):  # by which Python refuses what TOML has no bounds for
        wrong = "a number has too many digits, or brackets are nested too deeply"
    if _MENTIONED.search(source.text):
        raise TcgradError((_not_toml(source, wrong),), source)
    return {}


def _settings(table: Any, source: Source, report: Report, folder: Path) -> dict[str, Any]:
    if not isinstance(table, dict):
        report.add(Diagnostic("TC610", "`tool.tcgrad` must be a table", Span(0, 0)))
        return {}
    settings: dict[str, Any] = {}
    for key, value in table.items():
        setting = SETTINGS.get(key.replace("-", "_"))
        if setting is None:
            known = [name.replace("_", "-") for name in SETTINGS]
            help_ = suggest(key.replace("_", "-"), known) or f"the keys are {', '.join(known)}"
            report.add(Diagnostic("TC610", f"`[tool.tcgrad]` has no key `{key}`", _find(source, key), help_))
            continue
        try:
            settings[setting.name] = _from_folder(setting, check_value(setting, value), folder)
        except ValueError as error:
            report.add(Diagnostic("TC610", f"`{key}` {error}", _find(source, key)))
    return settings


def _from_folder(setting: Setting, value: Any, folder: Path) -> Any:
    """Paths as they are seen from the current folder; those of the gallery are none."""
    if not setting.paths:
        return value
    return tuple(text if text.startswith("gallery:") else os.path.relpath(folder / text) for text in value)


def _find(source: Source, key: str) -> Span:
    """Where a key stands: tomllib does not tell."""
    header = _HEADER.search(source.text)
    spelt = rf"(?P<key>[\"']?{re.escape(key)}[\"']?)[ \t]*="
    if header is not None:
        table = re.compile(rf"^[ \t]*{spelt}", re.MULTILINE).search(source.text, header.end())
        if table is not None:
            return Span(*table.span("key"))
    dotted = re.search(rf"tcgrad[\"']?[ \t]*\.[ \t]*{spelt}", source.text)
    if dotted is not None:
        return Span(*dotted.span("key"))
    return Span(header.start(), header.end()) if header else Span(0, 0)


def _not_toml(source: Source, message: str) -> Diagnostic:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    offset = len(source.text) if place is None else _offset(source, int(place[1]), int(place[2]))
    return Diagnostic("TC610", f"this is not TOML: {message.partition(' (at ')[0]}", Span(offset, offset))


def _offset(source: Source, line: int, column: int) -> int:
    lines = source.text.split("\n")  # as TOML counts them, where other characters end no line
    return min(sum(len(each) + 1 for each in lines[: line - 1]) + column - 1, len(source.text))
