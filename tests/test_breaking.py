"""Formulas broken into lines: nothing is lost, lines fit, and outer places are taken before inner ones."""

import random

import pytest

import tcgrad
from tcgrad.cells import cells
from tcgrad.notation.breaking import break_formula

SHAPE = "        ["  # a shape below its formula, which is never broken

BROKEN = [
    ("a·b + c", 20, ["a·b + c"]),
    ("aaaa·bbbb + cccc·dddd", 14, ["aaaa·bbbb", "+ cccc·dddd"]),
    ("aaaa·bbbb·cccc·dddd", 14, ["aaaa·bbbb·cccc", "·dddd"]),
    ("aa·(bbbbbb + cccccc)·d", 16, ["aa·(bbbbbb", "  + cccccc)·d"]),
    ("aaaa·(bbbb + c)/dddd - eeee", 18, ["aaaa·(bbbb + c)", "/dddd - eeee"]),
    ("f(aaaaaaaa, bbbbbbbb)", 14, ["f(aaaaaaaa,", "  bbbbbbbb)"]),
    ("x[i + j + k + l + m + n]", 10, ["x[i + j + k + l + m + n]"]),
    ("A B C D E F", 6, ["A B C", "D E F"]),
    ("变量变量·变量变量", 10, ["变量变量", "·变量变量"]),
]


@pytest.mark.parametrize(("text", "room", "lines"), BROKEN)
def test_places(text, room, lines):
    assert break_formula(text, room) == lines


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("name", ["layer_norm", "attention", "rnn", "gelu_layer", "conv2d", "hmm", "matrix_of_scalar"])
def test_reports_fit(name, unicode):
    derived = tcgrad.load(f"gallery:{name}").derive()
    whole = derived.report(unicode=unicode)
    for width in (80, 120):
        text = derived.report(unicode=unicode, width=width)
        assert "".join(text.split()) == "".join(whole.split())
        assert [line for line in text.splitlines() if cells(line) > width and not line.startswith(SHAPE)] == []


def test_generated_texts_lose_nothing():
    rng = random.Random(0)
    for _ in range(300):
        text = "".join(
            rng.choice(["a", "bb", " + ", " - ", "·", "(", ")", "[", "]", " ", ", ", "*_(", "/"]) for _ in range(40)
        )
        for room in (1, 7, 20):
            lines = break_formula(text.strip(), room)
            assert "".join("".join(lines).split()) == "".join(text.split())
