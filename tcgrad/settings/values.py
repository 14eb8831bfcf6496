"""Values of settings, as TOML has them and as texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any

from tcgrad.report.formats import format_of_file
from tcgrad.settings.table import Setting, SettingKind

_INTEGER = re.compile("-?[0-9]{1,400}")
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def check_value(setting: Setting, value: Any) -> Any:
    """A value out of TOML, as the program takes it.

    Raises:
        ValueError: with what it must be.
    """
    return _CHECKS[setting.kind](setting, value)


def parse_value(setting: Setting, text: str) -> Any:
    """A value out of the environment: a list is written with commas, ``1`` and ``true`` are yes.

    Raises:
        ValueError: with what it must be.
    """
    return check_value(setting, _PARSERS[setting.kind](text.strip()))


def _checked_integer(setting: Setting, value: Any) -> int:
    if value == "auto" and setting.auto is not None:
        return setting.auto
    if isinstance(value, bool) or not isinstance(value, int):
        words = "an integer" if setting.auto is None else "an integer or auto"
        raise ValueError(f"must be {words}")  # noqa: TRY004 (one kind of error for a wrong value)
    if value < setting.minimum:
        raise ValueError(f"must be at least {setting.minimum}")
    if value > setting.maximum:
        raise ValueError(f"must be at most {setting.maximum}")
    return value


def _checked_number(_: Setting, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < inf:
        raise ValueError("must be a number")
    if value <= 0:
        raise ValueError("must be above 0")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("must be a number that `float64` holds") from None


def _boolean(_: Setting, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 (likewise)
    return value


def _choice(setting: Setting, value: Any) -> str:
    if value not in setting.values:
        raise ValueError(f"must be one of {', '.join(setting.values)}")
    return str(value)


def _choices(setting: Setting, value: Any) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    if not words:
        raise ValueError("must not be empty")
    return tuple(dict.fromkeys(_choice(setting, word) for word in words))


def _texts(_: Setting, value: Any) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [value]
    if not all(isinstance(word, str) and word for word in words):
        raise ValueError("must be a text or a list of texts")
    return tuple(words)


def _reports(setting: Setting, value: Any) -> tuple[str, ...]:
    texts = _texts(setting, value)
    for text in texts:
        format_of_file(text)
    return texts


def _read_number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _read_integer(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else text


def _split(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


_CHECKS: dict[SettingKind, Callable[[Setting, Any], Any]] = {
    "integer": _checked_integer,
    "number": _checked_number,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "texts": _texts,
    "reports": _reports,
}
_PARSERS: dict[SettingKind, Callable[[str], Any]] = {
    "integer": _read_integer,
    "number": _read_number,
    "boolean": lambda text: _WORDS.get(text.lower(), text),
    "choice": str,
    "choices": _split,
    "texts": _split,
    "reports": _split,
}
