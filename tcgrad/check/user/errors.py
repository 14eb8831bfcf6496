"""Exceptions that a user's own code raises, as messages tell them."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path

_OTHERS = [Path(__file__).parent.parent, Path(sysconfig.get_path("stdlib"))]
_INSTALLED = {"site-packages", "dist-packages"}


def describe(error: BaseException) -> str:
    """``ValueError: no (kernels.py, line 12)``: with the innermost line of the user's own that it comes from."""
    told = ": ".join(filter(None, [type(error).__name__, _message(error)]))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if is_own(Path(frame.filename)):
            return f"{told} ({_shown(frame.filename)}, line {frame.lineno})"
    return told


def is_refused_call(error: BaseException) -> bool:
    """Whether a function, called here, has not taken its arguments: the error comes from no line of its own."""
    trace = error.__traceback__
    return isinstance(error, TypeError) and trace is not None and trace.tb_next is None


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the text is of the user's making, too
        return ""


def is_own(file: Path) -> bool:
    """Whether a file is neither Python's nor that of something installed."""
    return file.is_absolute() and not _INSTALLED & {*file.parts} and not any(map(file.is_relative_to, _OTHERS))


def _shown(file: str) -> str:
    return os.path.relpath(file) if Path(file).is_relative_to(Path.cwd()) else Path(file).name
