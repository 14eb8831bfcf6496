"""Formulas in LaTeX broken into lines: where, with brackets closed on every line, and nothing lost."""

from __future__ import annotations

import re

import pytest

import tcgrad
from tcgrad.report.derivations.breaking_latex import break_latex, width

BROKEN = [
    ("a b + c", 10, ["a b + c"]),
    ("aaaa bbbb + cccc dddd", 11, ["aaaa bbbb", "+ cccc dddd"]),
    (r"-aaaa - \frac{bbbb + cccc}{d} + eeee", 14, [r"-aaaa", r"- \frac{bbbb + cccc}{d}", "+ eeee"]),
    (r"x_{i + j + k + l + m + n}", 3, [r"x_{i + j + k + l + m + n}"]),
    (
        r"c \left(\frac{aaaaaaaa}{b} - \left(bbbbbb - cccccc\right)\right)",
        20,
        [r"c \left(\frac{aaaaaaaa}{b} \right.", r"\left. {} - \left(bbbbbb - cccccc\right)\right)"],
    ),
    (
        r"x \left[a - b \ge 0\right] \left[c - d < e\right]",
        12,
        [r"x \left[a - b \ge 0\right]", r"\left[c - d < e\right]"],
    ),
    (r"aaaa bbbb cccc \odot dddd", 10, [r"aaaa bbbb", r"\cdot cccc", r"\odot dddd"]),
    (
        r"a \left(bbbb \left(cccc - dddd\right) eeee\right)",
        14,
        [r"a", r"\cdot \left(bbbb \left(cccc \right. \right.", r"\left. \left. {} - dddd\right) eeee\right)"],
    ),
    (r"\frac{aaaa - bbbb}{c} d", 10, [r"\frac{1}{c} \left(aaaa \right.", r"\left. {} - bbbb\right) d"]),
    (
        r"\frac{a}{bbbbbb cccccc dddddd}",
        18,
        [r"a", r"\cdot \left(bbbbbb cccccc \right.", r"\left. {} \cdot dddddd\right)^{-1}"],
    ),
    (
        r"\begin{cases} a + b & \text{if } c \\ d & \text{otherwise} \end{cases} + e",
        8,
        [r"\begin{cases} a + b & \text{if } c \\ d & \text{otherwise} \end{cases}", "+ e"],
    ),
]


@pytest.mark.parametrize(("text", "room", "lines"), BROKEN)
def test_places(text: str, room: float, lines: list[str]) -> None:
    assert break_latex(text, room) == lines


def test_a_fraction_is_as_wide_as_the_wider_half_and_an_index_is_small() -> None:
    assert width(r"\frac{abc}{d}") == width(r"\frac{d}{abc}") < width("abc d")
    assert width("abc") == 3 < width("a + b") < width(r"\left(a + b\right)")
    assert width("x_{i}") == width("x_i") < width("x i")


def test_long_lines_of_a_report_are_broken() -> None:
    text = tcgrad.load("gallery:layer_norm").derive().report("latex")
    assert " \\\\\n &\\quad - \\frac{1}{H} " in text
    assert "&\\quad" not in tcgrad.load("gallery:matmul").derive().report("latex", steps=True)


@pytest.mark.parametrize("name", ["layer_norm", "gaussian_process", "conv2d", "hmm", "batch_norm"])
@pytest.mark.parametrize("steps", [False, True])
def test_every_line_closes_its_brackets_and_nothing_is_lost(name: str, steps: bool) -> None:
    text = tcgrad.load(f"gallery:{name}").derive().report("latex", latex_style="tensors", steps=steps)
    for line in re.split(r"\\\\\n|\n", text):
        assert line.count("{") == line.count("}")
        assert line.count(r"\left") == line.count(r"\right"), line
    displays = re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end", text, flags=re.DOTALL)
    for display in displays:
        for line in display.split(" \\\\\n"):
            assert line.count("&=") + line.count(r"&\quad ") == 1
