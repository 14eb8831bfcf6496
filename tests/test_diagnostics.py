"""Diagnostics as text: the form of section 8, with the carets where the mistake is."""

import pytest

from tcgrad.errors import Diagnostic, Note, Source, Span, TcgradError
from tcgrad.report.diagnostics import MAX_SHOWN, escape, render_all, render_diagnostics


def at(text, part, **fields):
    """A diagnostic at the first occurrence of ``part`` in ``text``, rendered."""
    start = text.index(part)
    diagnostic = Diagnostic("TC301", "no such name", Span(start, start + len(part)), **fields)
    return render_all([diagnostic], Source("t.yaml", text)).split("\n")


def test_the_form():
    text = "inputs: {x: [3]}\nequations: ['y[i] = xx[i]']\n"
    note = Note(Span(9, 10), "this one is declared")
    assert at(text, "xx", help="did you mean `x`?", notes=(note,)) == [
        "t.yaml:2:21: error[TC301]: no such name",
        "equations: ['y[i] = xx[i]']",
        "                    ^^",
        "help: did you mean `x`?",
        "t.yaml:1:10: note: this one is declared",
        "inputs: {x: [3]}",
        "         ^",
    ]


# The source line, the part that is wrong, the line of carets. Wide characters take two columns of a terminal.
CARETS = [
    ("a: xx", "xx", "   ^^"),
    ("xx", "xx", "^^"),
    ("\ta:\txx y", "xx", "\t  \t^^"),
    ("中文: xx", "xx", "      ^^"),
    ("é: 中文x", "中文", "   ^^^^"),
    ("e\u0301: xx", "xx", "   ^^"),
    ("🙂🙂 xx", "xx", "     ^^"),
    ("a: ｘｘ b", "ｘｘ", "   ^^^^"),
    ("a: e\u0301 b", "e\u0301", "   ^"),
]


@pytest.mark.parametrize(("line", "part", "carets"), CARETS)
def test_carets_stand_under_what_is_wrong(line, part, carets):
    assert at(f"first\n{line}\nlast", part)[1:] == [line, carets]


def test_a_place_without_width_has_one_caret():
    shown = render_all([Diagnostic("TC301", "m", Span(4, 4))], Source("t.yaml", "a: b"))
    assert shown.split("\n") == ["t.yaml:1:5: error[TC301]: m", "a: b", "    ^"]


def test_a_place_over_several_lines_is_underlined_on_the_first():
    assert at("a: [b,\n  c]\n", "[b,\n  c]")[1:] == ["a: [b,", "   ^^^"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_end_as_editors_see_it(ending):
    assert at(f"a{ending}b: xx{ending}c", "xx") == ["t.yaml:2:4: error[TC301]: no such name", "b: xx", "   ^^"]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31m xx", r"\x1b[31m xx"),
        ("\u202e xx", r"\u202e xx"),
        ("\x07\x08 xx", r"\x07\x08 xx"),
        ("\x9b xx", r"\x9b xx"),
        ("\udc80 xx", r"\udc80 xx"),
        ("\U000e0041\u200b xx", r"\U000e0041\u200b xx"),
    ],
)
def test_control_characters_are_shown_as_escapes(line, shown):
    source_line, carets = at(line, "xx")[1:]
    assert source_line == shown
    assert carets == " " * shown.index("xx") + "^^"


def test_messages_and_file_names_cannot_drive_a_terminal():
    error = TcgradError(
        (Diagnostic("TC301", "a\x1b[2Jb\nc", Span(0, 1), "d\x07\ne"),), Source("\x1b]0;x\x07.yaml", "q")
    )
    shown = render_diagnostics(error)
    assert shown.split("\n") == [
        r"\x1b]0;x\x07.yaml:1:1: error[TC301]: a\x1b[2Jb\nc",
        "q",
        "^",
        r"help: d\x07",
        "      e",
    ]


@pytest.mark.parametrize("before", [0, 10, 100, 500, 5000])
def test_long_lines_are_cut_around_the_place(before):
    line = "a" * before + "XY" + "b" * 5000
    source_line, carets = at(line, "XY")[1:]
    assert len(source_line) < 130
    assert source_line[carets.index("^") :][:2] == "XY"
    assert carets.strip() == "^^"


def test_what_a_message_quotes_is_cut_where_it_is_very_long():
    [line] = render_all([Diagnostic("TC301", f"the name `{'a' * 10000}` and `b`")], None).split("\n")
    assert len(line) < 300
    assert line.endswith("aaa...` and `b`")


def test_what_stands_between_two_quotes_is_not_cut():
    text = f"`--x` is {'a word ' * 50}and `b`"
    [line, help_] = render_all([Diagnostic("TC301", text, help=f"{text} or `{'a' * 10000}`")], None).split("\n")
    assert line.endswith(text)
    assert help_.startswith(f"help: {text} or `aaa")
    assert help_.endswith("aaa...`")
    assert len(help_) < 700


def test_errors_without_a_place():
    diagnostic = Diagnostic("TC602", "there is no file `a.yaml`", help="look for it")
    expected = "error[TC602]: there is no file `a.yaml`\nhelp: look for it"
    assert render_diagnostics(TcgradError((diagnostic,))) == f"tcgrad: {expected}"
    assert render_diagnostics(TcgradError((diagnostic,), Source("t.yaml", "a"))) == f"t.yaml: {expected}"


def test_warnings():
    shown = render_all([Diagnostic("TC320", "m", Span(0, 1), severity="warning")], Source("t.yaml", "ab"))
    assert shown == "t.yaml:1:1: warning[TC320]: m\nab\n^"


def test_the_order_is_that_of_the_places_and_nothing_is_told_twice():
    first, second = Diagnostic("TC301", "1", Span(0, 1)), Diagnostic("TC301", "2", Span(2, 3))
    shown = render_all([second, first, second], Source("t.yaml", "a b"))
    assert [line[-1] for line in shown.split("\n") if "error" in line] == ["1", "2"]


def test_a_flood_is_cut():
    errors = [Diagnostic("TC301", str(n), Span(0, 1)) for n in range(1000)]
    shown = render_all(errors, Source("t.yaml", "a"))
    assert shown.count("error[") == MAX_SHOWN
    assert shown.endswith("... and 950 more")


@pytest.mark.parametrize(
    ("text", "shown"), [("abc é 中", "abc é 中"), ("a\tb", r"a\tb"), ("a\nb", r"a\nb"), ("\ud800", r"\ud800")]
)
def test_escape(text, shown):
    assert escape(text) == shown
