"""Spec files as text: size, encoding and the characters that do not belong in one."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from tcgrad.errors import Diagnostic, Source, Span, TcgradError
from tcgrad.spec.limits import MAX_BYTES

# Control characters, ends of lines that editors do not show, and what turns the direction of the text around it.
FOREIGN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
_START = Span(0, 0)
_OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # begins with the mark of UTF-16
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_source(path: str | Path) -> Source:
    """The text of a file, without a byte order mark.

    Raises:
        TcgradError: TC602, TC603 or TC607 if there is no such file or it cannot be read; TC101 if it is not text in
            UTF-8; TC103 if it is too big.
    """
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        leads_nowhere = Path(path).is_symlink()
        message = f"`{name}` is a link to a file that is not there" if leads_nowhere else f"there is no file `{name}`"
        raise _unread("TC602", message) from None
    except IsADirectoryError:
        raise _unread("TC603", f"`{name}` is a folder, and a file is wanted here") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _unread("TC607", f"`{name}` cannot be read: {reason}") from None
    return decode(data, name)


def _unread(code: str, message: str) -> TcgradError:
    return TcgradError((Diagnostic(code, message),))


def decode(data: bytes, name: str) -> Source:
    """The text that the bytes of a file are, without a byte order mark.

    Raises:
        TcgradError: TC101 if they are not text in UTF-8; TC103 if they are too many.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    if len(data) > MAX_BYTES:
        raise _fail("TC103", f"the file has more than {MAX_BYTES} bytes: no spec is so big", _roughly(data, name))
    for mark, encoding in _OTHER_ENCODINGS.items():
        if data.startswith(mark):
            source = _roughly(data, name, encoding)
            raise _fail("TC101", f"the file is in {encoding}", source, help_="save it as UTF-8")
    try:
        return Source(name, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        offset = len(data[: error.start].decode("utf-8"))
        message = "the file is not text in UTF-8" if b"\0" not in data else "this is a binary file, not a spec"
        raise _fail("TC101", message, _roughly(data, name), Span(offset, offset + 1), "save it as UTF-8") from None


def _roughly(data: bytes, name: str, encoding: str = "utf-8") -> Source:
    """What is no text in UTF-8, as far as it can be shown."""
    return Source(name, data.decode(encoding, "replace"))


def check_source(source: Source) -> None:
    """Raise TC101 for a character that YAML does not allow, or takes for the end of a line where editors do not;
    TC103 for a text that is too big.
    """
    if len(source.text) > MAX_BYTES:
        message = f"the text has more than {MAX_BYTES} characters: no spec is so big"
        raise _fail("TC103", message, source)
    found = FOREIGN.search(source.text)
    if found is None:
        return
    if found.group() == "\0":
        raise _fail("TC101", "this is a binary file, not a spec: it has NUL bytes", source, Span(*found.span()))
    message = f"the character U+{ord(found.group()):04X} does not belong in a spec"
    raise _fail("TC101", message, source, Span(*found.span()), "delete it, or write a space or a line break")


def _fail(code: str, message: str, source: Source, span: Span = _START, help_: str | None = None) -> TcgradError:
    return TcgradError((Diagnostic(code, message, span, help_),), source)
