"""What an entry of the table of codes holds."""

from __future__ import annotations

from tcgrad.records import dataclass


@dataclass(frozen=True)
class Code:
    """One kind of mistake.

    example: a spec, or a command line, that is refused with this code or warned of; mended: the same put right.
    """

    code: str
    title: str
    explanation: str
    example: str = ""
    mended: str = ""

    @property
    def is_warning(self) -> bool:
        """Whether what it is about is right, and yet may not be meant."""
        return self.title.endswith("(a warning)")
