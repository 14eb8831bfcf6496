"""Settings from all the places where they may stand."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.records import replace
from tcgrad.settings.project import read_project
from tcgrad.settings.table import SETTINGS
from tcgrad.settings.values import parse_value


def load_settings(folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The settings that the environment and the project give, the environment before the project: name -> value.

    folder: where the search for the project begins, by default the current one.

    Raises:
        TcgradError: for a setting that cannot be, at its place.
    """
    return read_project((folder or _current_folder()).resolve()) | _read_environment(environment)


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        message = "the current folder is not there any more"
        raise TcgradError((Diagnostic("TC602", message, help="go to one that is"),)) from None


@contextmanager
def naming_setting(name: str, given: Collection[str]) -> Iterator[None]:
    """Let errors about what a setting names say which it is, if it is none of those ``given`` on the command line."""
    try:
        yield
    except TcgradError as error:
        if name in given:
            raise
        variable, key = SETTINGS[name].variable, name.replace("_", "-")
        place = variable if os.environ.get(variable) else f"`{key}` in [tool.tcgrad]"
        told = tuple(replace(each, message=f"{place}: {each.message}") for each in error.diagnostics)
        raise TcgradError(told, error.source) from error


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    wrong: list[Diagnostic] = []
    for name, setting in SETTINGS.items():
        text = environment.get(setting.variable)
        if not text:
            continue
        try:
            settings[name] = parse_value(setting, text)
        except ValueError as error:
            wrong.append(Diagnostic("TC610", f"{setting.variable} {error}, not `{text}`"))
    if wrong:
        raise TcgradError(tuple(wrong))
    return settings
