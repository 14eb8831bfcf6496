"""Scalars typed by the core rules of YAML 1.2: ``1e-6`` and ``010`` (ten) are numbers, ``on`` and ``y`` are text."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

from tcgrad.errors import Located
from tcgrad.spec.limits import MAX_DIGITS, MAX_EXPONENT
from tcgrad.spec.nodes import Scalar

Kind = Literal["str", "int", "float", "bool", "null"]

# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_CORE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)\Z")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    ("float", re.compile(r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))\Z")),
    ("float", re.compile(r"\.(?:nan|NaN|NAN)\Z")),
)
_DECIMAL = re.compile(r"(?P<sign>[-+]?)(?P<whole>[0-9]*)\.?(?P<decimals>[0-9]*)(?:[eE](?P<exponent>[-+]?[0-9]+))?\Z")


def kind_of(scalar: Scalar) -> Kind:
    """The type of a scalar: that of its tag if it has one and its text can be read so, else that of its text."""
    if scalar.tag == "str" or (not scalar.plain and scalar.tag is None):
        return "str"
    kind: Kind = next((kind for kind, pattern in _CORE if pattern.match(scalar.text.text)), "str")
    if scalar.tag == "float" and kind == "int":
        return "float"
    return kind if scalar.tag in (None, kind) else "str"


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


def in_decimal(text: Located) -> Located:
    """The text of an integer as the equation language writes it: no sign ``+``, base ten."""
    value = integer_value(text.text)
    plain = str(value)
    if value is None or plain == text.text:
        return text
    first, last, end = text.offsets[0], text.offsets[-2], text.offsets[-1]
    return Located(plain, (*(first,) * (len(plain) - 1), max(last, first), end))
