"""The table of codes: complete, in order, and every example shows what it says."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from tcgrad.calculus import derive
from tcgrad.calculus.passes.second import gradient_program
from tcgrad.check import check
from tcgrad.cli.app import build
from tcgrad.cli.commands.explain import render_code
from tcgrad.codes import CODES
from tcgrad.emit import emit
from tcgrad.errors import TcgradError
from tcgrad.language.elaborate import elaborate
from tcgrad.lint import lint
from tcgrad.report.diagnostics import render_diagnostics
from tcgrad.spec.loader import read_spec

PACKAGE = Path(__file__).parent.parent / "tcgrad"
STAGES = {
    "TC1": ("load",),
    "TC2": ("load", "elaborate"),
    "TC3": ("load", "elaborate"),
    "TC4": ("load", "elaborate", "emit"),
    "TC5": ("load", "elaborate", "check"),
    "TC7": ("load", "elaborate", "lint"),
}
TWICE = {"TC404": ("load", "elaborate", "twice")}
EXAMPLES = [code for code in CODES.values() if "equations:" in code.mended]
COMMANDS = [code for code in CODES.values() if "tcgrad " in code.mended]
WARNINGS = {"TC313", "TC323"} | {name for name in CODES if name.startswith("TC7")}


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
    assert all(name == code.code and re.fullmatch(r"TC[1-7]\d\d", name) for name, code in CODES.items())


@pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
def test_entries_are_sentences(code):
    assert code.title[0].islower()
    assert not code.title.endswith(".")
    assert not code.explanation[0].islower()
    assert code.explanation.endswith(".")
    assert bool(code.example) >= bool(code.mended)


def run(spec_text, stages):
    """The codes that the stages report about a spec, errors and warnings."""
    try:
        spec = read_spec(spec_text, "example.yaml")
        program = elaborate(spec) if "elaborate" in stages else None
        if "twice" in stages:
            gradient_program(program)
        if "emit" in stages:
            emit(derive(program))
        if "check" in stages:
            check(program, trials=1)
    except TcgradError as error:
        render_diagnostics(error)
        return {diagnostic.code for diagnostic in error.diagnostics}
    if not program:
        return set()
    return {diagnostic.code for diagnostic in (lint(program) if "lint" in stages else program.warnings)}


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.code)
def test_examples_show_what_they_say(code):
    stages = TWICE.get(code.code) or STAGES[code.code[:3]]
    assert run(code.example, stages) == {code.code}
    assert run(code.mended, stages) == set()


def parse(line):
    """What the command line makes of the words of ``tcgrad ...``, with variables in front or not."""
    words = shlex.split(line.partition("tcgrad ")[2])
    return build().commands[words[0]].make_context(words[0], words[1:])


@pytest.mark.parametrize("code", COMMANDS, ids=lambda code: code.code)
def test_examples_are_command_lines(code):
    parse(code.mended)
    if code.code == "TC601":
        with pytest.raises(typer.TyperException):
            parse(code.example)


@pytest.mark.parametrize("code", CODES.values(), ids=list(CODES))
def test_what_a_warning_is_about_is_not_called_refused(code):
    text = render_code(code)
    assert ("This is warned of:" in text) == (code.code in WARNINGS)
    assert ("This is refused:" in text) == (bool(code.example) and code.code not in WARNINGS)


def test_every_code_about_a_spec_has_an_example():
    assert [code.code for code in CODES.values() if code.code < "TC4" and code not in EXAMPLES] == []
