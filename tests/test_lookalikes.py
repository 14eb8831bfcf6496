"""Names that only look like known ones: what is said of them tells the letters apart."""

import re
import unicodedata

import pytest

import tcgrad
from tcgrad.errors import TcgradError
from tcgrad.lookalikes import lookalike

SPEC = """\
dims: {N: 3}
inputs:
  x: [N]
  a: {shape: [N, N], sample: normal}
constants: {eps: 1.0}
equations:
  - y[i] = a[i,k]*exp(x[k]) + eps*x[i]*delta[i,i] + N
outputs: [y]
wrt: [x]
"""

# What is replaced in the spec, where it first stands, and by what.
REPLACED = [
    ("inputs", "іnputs"),
    ("sample", "ѕample"),
    ("normal", "nоrmal"),
    ("[N]", "[Ν]"),
    ("a[i,k]", "а[i,k]"),
    ("x[k]", "x[ｋ]"),
    ("exp(", "ехp("),
    ("eps*", "epѕ*"),
    ("delta", "dеlta"),
    ("x[i]", "𝑥[i]"),
    ("+ N", "+ Ν"),
    ("[y]", "[у]"),
    ("[x]", "[х]"),
]


def told(text):
    with pytest.raises(TcgradError) as caught:
        assert tcgrad.loads(text).program
    return [diagnostic.help or "" for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize(("plain", "written"), REPLACED)
def test_letters_that_look_the_same_are_told_apart(plain, written):
    assert tcgrad.loads(SPEC).program
    helps = told(SPEC.replace(plain, written, 1))
    wrong, right = next((w, r) for w, r in zip(written, plain, strict=True) if w != r)
    letters = [unicodedata.name(letter).lower() for letter in (wrong, right)]
    assert any(all(letter in help_ for letter in letters) for help_ in helps), helps


def test_it_is_told_where_the_known_name_has_the_other_letters():
    text = "inputs: {х: [3]}\nequations: ['y[i] = x[i]']\n"
    assert told(text) == [
        "`x` only looks like `х`: it has U+0078 (latin small letter x), and not U+0445 (cyrillic small letter ha)"
    ]


@pytest.mark.parametrize("equation", ["y[i] = a[i,k]*x[к]", "y[i] = x[i]*α", "y[i] = x[i]*ρ", "y[i] = x[i]*z"])
def test_letters_that_can_be_told_apart_are_not_confused(equation):
    text = f"inputs: {{x: [3], a: [3, 3], p: []}}\nequations: ['{equation}']\n"
    assert not any("looks like" in help_ for help_ in told(text))


def test_plain_words_are_no_lookalikes():
    assert lookalike("x1", ["xl", "xI"]) is None
    assert lookalike("х", ["х"]) is None


def test_the_letters_are_what_they_are_taken_for():
    known = [chr(code) for code in range(ord("A"), ord("z") + 1) if chr(code).isalpha()]
    for code in range(0x80, 0x600):
        help_ = lookalike(chr(code), known)
        if help_ is not None:
            meant = re.match("`.` only looks like `(.)`", help_)
            assert meant is not None
            assert chr(code).isupper() == meant[1].isupper()
