"""Numbers as text, worked out exactly: refused before any arithmetic where they are long or enormous."""

from __future__ import annotations

import re
from fractions import Fraction

from tcgrad.spec.limits import MAX_DIGITS, MAX_EXPONENT

_DECIMAL = re.compile(r"(?P<sign>[-+]?)(?P<whole>[0-9]*)\.?(?P<decimals>[0-9]*)(?:[eE](?P<exponent>[-+]?[0-9]+))?\Z")

BOUNDS = f"0, or between 1e-{MAX_EXPONENT} and 1e{MAX_EXPONENT} in magnitude, of at most {MAX_DIGITS} characters"
"""What a number is, for messages."""


_ELSEWHERE = re.compile(r"(?P<number>[-+]?[0-9][0-9_]*([.,][0-9_]*)?([eE][-+]?[0-9]+)?)[fFL]?\Z")
_TWO_WAYS = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}\Z")


def number_meant(text: str) -> str | None:
    """How to write ``1_000``, ``1,5`` and ``1.0f``, numbers elsewhere; None where ``1,000`` may be either of two."""
    match = _ELSEWHERE.match(text[: MAX_DIGITS + 1])
    return match["number"].replace("_", "").replace(",", ".") if match and not _TWO_WAYS.match(text) else None


def integer_value(text: str) -> int | None:
    """The integer that a text of the kind ``int`` stands for; None if it has too many digits to be looked at."""
    if len(text) > MAX_DIGITS:
        return None
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


def exact_value(text: str) -> Fraction | None:
    """The exact value of a number written in decimals or as an integer.

    None if it is infinite, not a number, too long, or other than 0 with a magnitude outside 1e-300 to 1e300: such a
    number is refused before any arithmetic, for ``1e999999999`` has a billion digits.
    """
    if re.match("0[xo]", text):
        integer = integer_value(text)
        return None if integer is None else Fraction(integer)
    match = _DECIMAL.match(text)
    if match is None or len(text) > MAX_DIGITS or not (match["whole"] or match["decimals"]):
        return None
    digits = match["whole"] + match["decimals"]
    significant = digits.lstrip("0")
    if not significant:
        return Fraction(0)
    scale = int(match["exponent"] or 0) - len(match["decimals"])
    if abs(scale + len(significant) - 1) > MAX_EXPONENT:
        return None
    value = Fraction(int(significant)) * Fraction(10) ** scale
    return -value if match["sign"] == "-" else value
