"""Writing files, none of which is ever left half written, or is one that a person wrote."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from tcgrad.cli.output import write_data
from tcgrad.errors import Diagnostic, TcgradError


def make_folder(path: Path) -> None:
    """Make the folder of a file that is to be written, if it is not there.

    Raises:
        TcgradError: if that cannot be.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TcgradError((Diagnostic("TC605", f"cannot write `{path}`: {error.strerror}"),)) from error


def refuse_spec(path: Path) -> None:
    """Refuse to write over what may be a spec: what a person has written is never lost.

    Raises:
        TcgradError: if the file is there and is YAML by its name.
    """
    if path.suffix.lower() in (".yaml", ".yml") and path.is_file():
        message = f"cannot write `{path}`: a YAML file that is there, perhaps a spec, is not replaced"
        raise TcgradError((Diagnostic("TC605", message, help="choose another name"),))


def write_result(text: str, output: Path | None) -> None:
    """Write what a command makes to the file that ``--output`` names; without one, or for `-`, to standard output.

    Raises:
        TcgradError: as of `write_file`, or of `write`.
    """
    if output is None or str(output) == "-":
        write_data(text)
    else:
        write_file(output, text)


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all: a reader sees the old text or the new one.

    Raises:
        TcgradError: if the file cannot be written, or may be a spec.
    """
    refuse_spec(path)
    try:
        if path.exists() and not path.is_file():  # /dev/stdout, a named pipe
            path.write_text(text, encoding="utf-8")
        elif path.exists() and not path.stat().st_mode & 0o222:  # to replace it would be allowed all the same
            raise PermissionError(errno.EACCES, "the file is read-only")
        else:
            _replace(path.resolve(), text)
    except (OSError, RuntimeError) as error:  # of links in a circle a `RuntimeError` is made before Python 3.13
        reason = getattr(error, "strerror", None) or str(error)
        is_missing = isinstance(error, FileNotFoundError) and not path.parent.exists()
        help_ = f"make the folder `{path.parent}` first" if is_missing else None
        raise TcgradError((Diagnostic("TC605", f"cannot write `{path}`: {reason}", help=help_),)) from error


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(path.stat().st_mode if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
