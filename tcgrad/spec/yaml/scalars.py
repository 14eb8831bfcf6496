"""Scalars typed by the core rules of YAML 1.2: ``1e-6`` and ``010`` (ten) are numbers, ``on`` and ``y`` are text."""

from __future__ import annotations

import re
from typing import Literal

from tcgrad.errors import Located
from tcgrad.spec.numbers import integer_value
from tcgrad.spec.yaml.nodes import Scalar

Kind = Literal["str", "int", "float", "bool", "null"]

# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_CORE: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)\Z")),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")),
    ("float", re.compile(r"[-+]?(?:(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))\Z")),
    ("float", re.compile(r"\.(?:nan|NaN|NAN)\Z")),
)


def kind_of(scalar: Scalar) -> Kind:
    """The type of a scalar: that of its tag if it has one and its text can be read so, else that of its text."""
    if scalar.tag == "str" or (not scalar.plain and scalar.tag is None):
        return "str"
    kind: Kind = next((kind for kind, pattern in _CORE if pattern.match(scalar.text.text)), "str")
    if scalar.tag == "float" and kind == "int":
        return "float"
    return kind if scalar.tag in (None, kind) else "str"


def in_decimal(text: Located) -> Located:
    """The text of an integer as the equation language writes it: no sign ``+``, base ten."""
    value = integer_value(text.text)
    plain = str(value)
    if value is None or plain == text.text:
        return text
    first, last, end = text.offsets[0], text.offsets[-2], text.offsets[-1]
    return Located(plain, (*(first,) * (len(plain) - 1), max(last, first), end))
