"""Why there is no matrix notation."""

from __future__ import annotations

from tcgrad.records import dataclass


@dataclass(frozen=True)
class Refusal:
    """No matrix notation, and why, in words that follow "because"."""

    reason: str
