"""The manual pages are current, complete and clean."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest
import typer

from tcgrad.cli import app
from tcgrad.codes import CODES
from tcgrad.functions import FUNCTIONS
from tcgrad.spec.check_options import CHECK_OPTIONS
from tcgrad.spec.schema import INPUT_KEYS, SPEC_KEYS

FOLDER = Path(__file__).parent.parent / "man"
PAGES = sorted(path.name for path in FOLDER.glob("*.[15]"))


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("generate")


def _text(name: str) -> str:
    """A page without the escapes of roff."""
    page = (FOLDER / name).read_text(encoding="utf-8")
    return re.sub(r"\\f[BR]|\\&", "", page).replace(r"\-", "-").replace(r"\(ha", "^").replace(r"\(aq", "'")


def test_pages_are_current(generator: ModuleType):
    assert generator.stale_pages() == [], "run: python man/generate.py"


def test_every_page_is_installed_where_man_looks():
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    pages = [path.name for path in FOLDER.iterdir() if re.fullmatch(r"\.[15]", path.suffix)]
    assert shared == {f"man/{page}": f"share/man/man{page[-1]}/{page}" for page in sorted(pages)}


def test_every_command_has_a_page():
    assert [f"tcgrad-{name}.1" for name in sorted(app.COMMANDS)] == [
        name for name in PAGES if name not in ("tcgrad.1", "tcgrad-spec.5")
    ]


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_option_is_described(name: str):
    command = app.build().commands[name]
    page = _text(f"tcgrad-{name}.1")
    for param in command.get_params(typer.Context(command, info_name=name)):
        for flag in (*param.opts, *param.secondary_opts) if param.param_type_name == "option" else ():
            assert f"Fl {flag.removeprefix('-')}" in page, f"{flag} is missing"


@pytest.mark.parametrize("words", [FUNCTIONS, CODES, CHECK_OPTIONS, [key.name for key in (*SPEC_KEYS, *INPUT_KEYS)]])
def test_language_page_names_everything(words: Iterable[str]):
    page = _text("tcgrad-spec.5")
    assert [word for word in words if re.search(rf"\b{word}\b", page) is None] == []


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
@pytest.mark.parametrize("name", PAGES)
def test_mandoc_finds_nothing(name: str):
    result = subprocess.run(["mandoc", "-Tlint", str(FOLDER / name)], capture_output=True, text=True, check=False)
    assert result.stdout == ""
