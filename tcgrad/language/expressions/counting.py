"""What is said about too many or too few of something."""

from __future__ import annotations


def miscounted(name: str, wanted: int, given: int, one: str, several: str) -> str:
    """``x`` has 2 indices, here is 1: the message, with the words for one thing and for several."""
    has = f"{wanted or 'no'} {several if wanted > 1 else one}"
    return f"`{name}` has {has}, here {'is' if given < 2 else 'are'} {given or 'none'}"
