"""Names as Unicode text: one name however its accents are typed."""

from __future__ import annotations

import unicodedata


def composed(name: str) -> str:
    """The name with every letter and its marks as one character where there is one (NFC), as names are compared.

    What looks the same and is the same text to Unicode is one name; ``ϕ`` and ``φ`` are two.
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name)
