"""The table of codes: complete, in order, and every example shows what it says."""

import re
from pathlib import Path

import pytest

from tcgrad.codes import CODES
from tcgrad.errors import TcgradError
from tcgrad.spec.loader import read_spec

PACKAGE = Path(__file__).parent.parent / "tcgrad"
SPEC_FILES = [code for code in CODES.values() if code.code.startswith("TC1")]


def codes_in_source():
    """Every code that some module other than the table raises."""
    modules = [path for path in PACKAGE.rglob("*.py") if "codes" not in path.parts]
    return {code for path in modules for code in re.findall(r'"(TC\d{3})"', path.read_text())}


def test_every_code_that_is_raised_is_explained():
    assert codes_in_source() - set(CODES) == set()


def test_every_code_that_is_explained_is_raised():
    assert set(CODES) - codes_in_source() == set()


def test_the_table_is_in_order_without_repetition():
    assert list(CODES) == sorted(CODES)
    assert all(name == code.code and re.fullmatch(r"TC[1-6]\d\d", name) for name, code in CODES.items())


@pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
def test_entries_are_sentences(code):
    assert code.title[0].islower()
    assert not code.title.endswith(".")
    assert not code.explanation[0].islower()
    assert code.explanation.endswith(".")
    assert bool(code.example) >= bool(code.mended)


@pytest.mark.parametrize("code", SPEC_FILES, ids=lambda code: code.code)
def test_examples_of_spec_files(code):
    with pytest.raises(TcgradError) as caught:
        read_spec(code.example, "example.yaml")
    assert {diagnostic.code for diagnostic in caught.value.diagnostics} == {code.code}
    assert read_spec(code.mended, "example.yaml")
