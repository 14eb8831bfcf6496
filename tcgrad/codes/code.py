"""What an entry of the table of codes holds."""

from __future__ import annotations

from tcgrad.records import dataclass


@dataclass(frozen=True)
class Code:
    """One kind of mistake.

    example: a spec, or a command line, that is refused with this code; mended: the same put right.
    """

    code: str
    title: str
    explanation: str
    example: str = ""
    mended: str = ""
