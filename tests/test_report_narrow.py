"""Reports on narrow terminals: words stay whole, and no line is wider than the terminal but what cannot be broken."""

from __future__ import annotations

import pytest
from command_line import tcgrad as tcgrad_in_process

import tcgrad
from tcgrad.cells import cells, filled
from tcgrad.cli.commands.explain import render_code
from tcgrad.cli.listing import listing
from tcgrad.codes import CODES
from tcgrad.report.checks.text import render_text
from tcgrad.report.look import Look, render_verdict

PRODUCT = """\
dims: {N: 3, K: 4}
inputs: {x: [N, K], a: [K, N]}
equations: ["y[i,j] = x[i,k]*a[k,j]"]
check: {trials: 1}
"""

WIDE = """\
inputs: {入力: [3, 4], b: [4, 3]}
equations: ["出力值[i,j] = 入力[i,k]*b[k,j]"]
expect: ["dl/d入力[p,q] = 3*dl/d出力值[p,j]*b[q,j] + b[q,j]*dl/d出力值[p,j]*2"]
check: {trials: 1, sizes: own}
"""

RECURRENCE = """\
inputs: {x: [5], the_first_value_of_the_state: []}
equations: ["h[-1] = the_first_value_of_the_state", "h[t] = tanh(h[t-1] + x[t])"]
"""


@pytest.mark.parametrize("width", [30, 40, 50, 54, 60, 80, 120])
def test_every_row_of_a_check_is_told_within_the_width(width: int):
    result = tcgrad.loads(PRODUCT, "product").check()
    lines = render_text(result, width=width).splitlines()
    assert max(map(len, lines)) <= width
    wide = render_text(result).splitlines()
    assert sum("✓" in line for line in lines) == sum("✓" in line for line in wide)
    tolerances = {f"{row.tolerance:.1e}" for row in result.results if row.tolerance}
    assert all(tolerance in "\n".join(lines) for tolerance in tolerances)


@pytest.mark.parametrize("width", [40, 50, 64, 72, 80, 90])
def test_wide_characters_count_twice_in_a_check(width: int):
    result = tcgrad.loads(WIDE, "wide").check()
    lines = render_text(result, width=width).splitlines()
    assert not [line for line in lines if cells(line) > width and "repeat with" not in line]
    piped = render_text(result).splitlines()
    columns = {cells(line[: line.index("module")]) for line in piped if "  module " in line}
    assert len(columns) == 1


def test_values_at_a_point_stand_below_each_other_behind_wide_names():
    spec = "inputs: {入力: [], b: []}\nequations: ['é́ = 入力*b']\n"
    text = tcgrad_in_process("derive", "-", "--at", "入力=2,b=3", stdin=spec).stdout
    values = text.split("At the point")[1].split("The derivatives")[0].splitlines()
    assert [cells(line[: line.index("=")]) for line in values if "=" in line] == [len("    ") + 4 + 1] * 3


def test_without_a_width_a_verdict_has_one_line():
    text = "word " * 60
    assert "\n" not in render_verdict("pass", text, Look())
    assert max(map(len, render_verdict("pass", text, Look(width=40)).splitlines())) <= 40


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("text", [PRODUCT, RECURRENCE], ids=["product", "recurrence"])
def test_sentences_below_formulas_are_broken_between_words(text: str, width: int):
    derived = tcgrad.loads(text).derive()
    sentences = [line for line in derived.report().splitlines() if "Here vec" in line or "no closed form" in line]
    narrow = derived.report(width=width)
    assert sentences
    for sentence in sentences:
        assert " ".join(sentence.split()) in " ".join(narrow.split())
        if len(sentence) > width:
            assert sentence not in narrow.splitlines()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_an_explanation_is_broken_between_words(width: int):
    for code in CODES.values():
        _, words, *_ = render_code(code, width).split("\n\n")
        assert [line for line in words.splitlines() if len(line) > width and " " in line] == []
        assert words.split() == code.explanation.split()


@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize("width", [40, 48, 56, 64])
def test_a_right_side_that_has_no_room_beside_its_left_side_stands_below(width: int, steps: bool):
    derived = tcgrad.load("gallery:attention").derive()
    narrow = derived.report(width=width, steps=steps)
    assert [line for line in narrow.splitlines() if cells(line) > width] == []
    assert "".join(derived.report(steps=steps).split()) == "".join(narrow.split())


def test_a_paragraph_is_filled_up_to_the_width():
    assert filled("at    x  yy", 9, "    ") == ["at    x", "    yy"]
    assert filled("  aa bb cc", 7, "    ") == ["  aa bb", "    cc"]
    assert filled("aa 变变 cc", 6, "") == ["aa", "变变", "cc"]
    assert filled("a-very-long-word b", 4, " ") == ["a-very-long-word", " b"]
    assert filled("", 4, " ") == [""]
    assert filled("at x[i=1, j=2] [ 3", 8, "") == ["at", "x[i=1, j=2]", "[ 3"]


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80])
def test_no_shape_in_a_heading_is_torn(width: int):
    spec = "inputs: {x: [2, 3]}\nequations: ['first[i,j] = 2*x[i,j]', 'second[i,j] = 3*x[i,j]', 'z[i,j] = 4*x[i,j]']\n"
    derived = tcgrad.loads(f"{spec}outputs: [first, second, z]\n").derive()
    heading = derived.report(width=width).partition("Gradients, given")[2].split("\n    ∂l/∂x[")[0].splitlines()
    assert [line for line in heading if line.count("[") != line.count("]")] == []
    assert max(map(len, heading)) <= width


def test_a_meaning_is_broken_in_its_column():
    rows = [("a", "one two three four five six seven"), ("longer", "eight")]
    assert listing(rows).splitlines() == ["a       one two three four five six seven", "longer  eight"]
    assert listing(rows, 30).splitlines() == [
        "a       one two three four",
        "        five six seven",
        "longer  eight",
    ]
    assert listing([]) == ""
