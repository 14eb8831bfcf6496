"""`tcgrad init`: what it writes works as it is, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from test_json_schema import data

import tcgrad
from tcgrad.cli.run import run
from tcgrad.errors import Source
from tcgrad.lint import lint
from tcgrad.spec.yaml.nodes import compose


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    return tmp_path


NAMES = [
    ("layer", "layer.tcgrad.yaml", "layer"),
    ("sub/my layer", "sub/my layer.tcgrad.yaml", "my layer"),
    ("sub/a.yaml", "sub/a.yaml", "a"),
    ("a.tcgrad.yml", "a.tcgrad.yml", "a"),
    ('say "hi": {x} #1', 'say "hi": {x} #1.tcgrad.yaml', 'say "hi": {x} #1'),
    ("a.tcgrad", "a.tcgrad.yaml", "a"),
    ("schön", "schön.tcgrad.yaml", "schön"),
    ("1e3", "1e3.tcgrad.yaml", "1e3"),
]


@pytest.mark.parametrize(("name", "file", "title"), NAMES)
def test_the_spec_is_complete(folder: Path, name: str, file: str, title: str, capsys: pytest.CaptureFixture[str]):
    assert run(["init", name]) == 0
    schema = Path(file).parent / "tcgrad.schema.json"
    assert capsys.readouterr().out == f"wrote {file} and {schema}\n"
    text = (folder / file).read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=tcgrad.schema.json\n")
    assert max(map(len, text.splitlines())) <= 120
    jsonschema.validate(data(compose(Source(file, text))), json.loads(schema.read_text(encoding="utf-8")))
    function = tcgrad.load(file)
    assert function.name == title
    assert lint(function.program) == ()


def test_what_it_expects_is_proved():
    assert run(["init", "layer"]) == 0
    result = tcgrad.load("layer.tcgrad.yaml").check(trials=1)
    assert result.ok
    assert [each.proved for each in result.results if each.kind == "expect"] == [True, True, True]


def test_every_command_takes_it(capsys: pytest.CaptureFixture[str]):
    run(["init", "layer"])
    for command in ("derive", "emit", "check", "lint"):
        assert run([command, "layer.tcgrad.yaml"]) == 0
        assert capsys.readouterr().err == ""


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "layer.tcgrad.yaml").write_text("mine")
    (folder / "tcgrad.schema.json").write_text("mine")
    assert run(["init", "layer"]) == 2
    assert capsys.readouterr().err.startswith("tcgrad: error[TC605]: `layer.tcgrad.yaml` is there already\n")
    assert run(["init", "other"]) == 0
    assert capsys.readouterr().out == "wrote other.tcgrad.yaml\n"
    assert [(folder / name).read_text() for name in ("layer.tcgrad.yaml", "tcgrad.schema.json")] == ["mine", "mine"]


def test_the_folder_is_made(folder: Path):
    assert run(["init", "layers/dense.yaml"]) == 0
    assert sorted(path.name for path in (folder / "layers").iterdir()) == ["dense.yaml", "tcgrad.schema.json"]


@pytest.mark.parametrize("name", ["", "sub/", "a\nb", "x" * 400])
def test_names_that_cannot_be_files(folder: Path, name: str, capsys: pytest.CaptureFixture[str]):
    assert run(["init", name]) == 2
    assert capsys.readouterr().err.startswith("tcgrad: error[TC605]: ")
    assert [path.name for path in folder.rglob("*")] == ["sub"]
