"""Characters that an encoding lacks, and the carets below them."""

from __future__ import annotations

import pytest

from tcgrad.errors import Diagnostic, Source, Span, TcgradError
from tcgrad.report.diagnostics import render_diagnostics
from tcgrad.report.escapes import in_encoding

LINES = [
    ("größe[i] = y[i]*w[i]", "w"),
    ("y[i] = größe[i]*w", "größe"),
    ("\ty[i] = 宽[i]*w[i]", "w"),
    ("δx = e\u0301*w + w2", "w"),
    ("y = 🎲*w", "🎲"),
    ("y = ö", "ö"),
    ("plain = w", "w"),
    ("größe = ", ""),
]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "latin-1"])
@pytest.mark.parametrize(("line", "place"), LINES)
def test_carets_stay_under_their_place(line: str, place: str, encoding: str):
    start = line.index(place) if place else len(line)
    error = TcgradError((Diagnostic("TC301", "wrong", Span(start, start + len(place))),), Source("s.yaml", line))
    _, above, carets = in_encoding(render_diagnostics(error), encoding).split("\n")
    assert above == line.encode(encoding, "backslashreplace").decode(encoding)
    if encoding == "ascii":
        before = line[:start].encode(encoding, "backslashreplace").decode(encoding)
        width = max(1, len(place.encode(encoding, "backslashreplace")))
        assert carets == "".join(char if char == "\t" else " " for char in before) + "^" * width


def test_a_text_that_the_encoding_has_is_left_alone():
    for text in ("", "plain\n   ^\n", "größe\n  ^^\n\n"):
        assert in_encoding(text, "utf-8") == text
