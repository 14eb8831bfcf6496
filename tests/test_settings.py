"""Settings of `tcgrad check`: from pyproject.toml and the environment, which goes before which, and what is refused."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from tcgrad.cli.commands.check import command
from tcgrad.cli.run import run
from tcgrad.errors import TcgradError
from tcgrad.settings import SETTINGS, load_settings
from tcgrad.settings.project import read_project
from tcgrad.spec.check_options import CHECK_OPTIONS, RUN_OPTIONS

SPEC = "inputs: {x: [3]}\nequations: ['y[i] = x[i]*x[i]']\ncheck: {seed: 4, dtype: float32}\n"
NOTHING: dict[str, str] = {}


def project(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


READ = [
    ("[tool.tcgrad]\nseed = 3\n", {"seed": 3}),
    ("[tool.tcgrad]\ndtype = 'float32'\n", {"dtype": ("float32",)}),
    ("[tool.tcgrad]\ndtype = ['float32', 'float64']\n", {"dtype": ("float32", "float64")}),
    ("[tool.tcgrad]\nmax-elements = 9\nallow_inconclusive = true\n", {"max_elements": 9, "allow_inconclusive": True}),
    ("[tool.tcgrad]\nrtol = 1e-6\natol = 1\n", {"rtol": 1e-6, "atol": 1.0}),
    ("[tool.tcgrad]\njobs = 0\nfail-fast = false\n", {"jobs": 0, "fail_fast": False}),
    ("[tool.tcgrad]\njobs = 'auto'\n", {"jobs": 0}),
    ("[tool.tcgrad]\nformat = 'junit'\noutput-file = 'json:out'\n", {"format": "junit", "output_file": ("json:out",)}),
    ("tool.tcgrad.trials = 2\n", {"trials": 2}),
    ("[tool.tcgrad]\n", {}),
    ("[tool.other]\nseed = 'tool.tcgrad'\n", {}),
    ("[tool.other\n", {}),
    ("tool = 3\n", {}),
    ("tool = ['tcgrad']\n", {}),
    ("[[tool]]\ntcgrad = 3\n", {}),
]


@pytest.mark.parametrize(("text", "settings"), READ)
def test_settings_of_a_project(tmp_path: Path, text: str, settings: dict[str, object]):
    project(tmp_path, text)
    assert load_settings(tmp_path, NOTHING) == settings


def test_the_nearest_project_with_settings_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    project(tmp_path, "[tool.tcgrad]\nseed = 1\nspecs = ['specs', 'gallery:matmul']\n")
    project(tmp_path / "a", "[project]\nname = 'a'\n")
    monkeypatch.chdir(inner)
    assert load_settings(inner, NOTHING) == {"seed": 1, "specs": ("../../specs", "gallery:matmul")}
    project(tmp_path / "a", "[tool.tcgrad]\nseed = 2\n")
    assert load_settings(inner, NOTHING) == {"seed": 2}


REFUSED = [
    ("[project]\nname = 'a'\n\n[tool.tcgrad]\nseed = 1\njobz = 2\n", 6, 1, "no key `jobz`", "did you mean `jobs`?"),
    ("[tool.tcgrad]\nfail_fats = true\n", 2, 1, "no key `fail_fats`", "did you mean `fail-fast`?"),
    ("[tool.tcgrad]\n'zz z' = true\n", 2, 1, "no key `zz z`", "the keys are dtype, "),
    ("[tool.tcgrad]\nseed = true\n", 2, 1, "`seed` must be an integer", ""),
    ("[tool.tcgrad]\nseed = -1\n", 2, 1, "`seed` must be at least 0", ""),
    ("[tool.tcgrad]\n  trials = 0\n", 2, 3, "`trials` must be at least 1", ""),
    ("[tool.tcgrad]\ntrials = 20000\n", 2, 1, "`trials` must be at most 10000", ""),
    ("[tool.tcgrad]\njobs = 'many'\n", 2, 1, "`jobs` must be an integer or auto", ""),
    ("[tool.tcgrad]\nseed = 'auto'\n", 2, 1, "`seed` must be an integer", ""),
    ("[tool.tcgrad]\nrtol = 0\n", 2, 1, "`rtol` must be above 0", ""),
    ("[tool.tcgrad]\nrtol = nan\n", 2, 1, "`rtol` must be a number", ""),
    ("[tool.tcgrad]\nstrict = 1\n", 2, 1, "`strict` must be true or false", ""),
    ("[tool.tcgrad]\ndtype = ['float64', 'f']\n", 2, 1, "`dtype` must be one of float16, ", ""),
    ("[tool.tcgrad]\ndtype = []\n", 2, 1, "`dtype` must not be empty", ""),
    ("[tool.tcgrad]\nformat = 'pdf'\n", 2, 1, "`format` must be one of auto, text, json", ""),
    ("[tool.tcgrad]\noutput-file = ['a.xml', 'b']\n", 2, 1, "`output-file` must be FORMAT:PATH with one of text, ", ""),
    ("[tool.tcgrad]\nspecs = [1]\n", 2, 1, "`specs` must be a text or a list of texts", ""),
    ("[tool]\ntcgrad.jobz = 1\n", 2, 8, "no key `jobz`", ""),
    ("tool.tcgrad = 3\n", 1, 1, "`tool.tcgrad` must be a table", ""),
    ("[tool.tcgrad]\nseed = \n", 2, 8, "this is not TOML: ", ""),
    ("# a\u2028b\n[tool.tcgrad]\nseed = \n", 3, 8, "this is not TOML: ", ""),
    ("[tool.tcgrad]\nrtol = inf\n", 2, 1, "`rtol` must be a number", ""),
    (f"[tool.tcgrad]\nrtol = {'9' * 400}\n", 2, 1, "`rtol` must be a number that `float64` holds", ""),
    (f"[tool.tcgrad]\nseed = {'9' * 400}\n", 2, 1, "`seed` must be at most 9007199254740992", ""),
    (f"[tool.tcgrad]\nseed = {'9' * 5000}\n", 3, 1, "this is not TOML: a number has too many digits", ""),
    (f"[tool.tcgrad]\nspecs = {'[' * 5000}\n", 3, 1, "this is not TOML: a number has too many digits, or", ""),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[3])
def test_what_is_refused_in_a_project(tmp_path: Path, row: tuple[str, int, int, str, str]):
    text, line, column, message, offer = row
    project(tmp_path, text)
    with pytest.raises(TcgradError) as caught:
        load_settings(tmp_path, NOTHING)
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "TC610"
    assert message in diagnostic.message
    assert (diagnostic.help or "").startswith(offer)
    assert caught.value.source.position(diagnostic.span.start) == (line, column)


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    project(tmp_path, "[tool.tcgrad]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(TcgradError, match=r"TC610: `pyproject.toml` cannot be read: Permission denied"):
        load_settings(tmp_path, NOTHING)


def test_a_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(TcgradError, match="TC602: the current folder is not there any more"):
        load_settings(environment=NOTHING)


VARIABLES = [
    ("TCGRAD_SEED", "3", {"seed": 3}),
    ("TCGRAD_DTYPE", "float32, float64", {"dtype": ("float32", "float64")}),
    ("TCGRAD_JOBS", "auto", {"jobs": 0}),
    ("TCGRAD_RTOL", "1e-6", {"rtol": 1e-6}),
    ("TCGRAD_FAIL_FAST", "1", {"fail_fast": True}),
    ("TCGRAD_STRICT", "no", {"strict": False}),
    ("TCGRAD_MAX_ELEMENTS", " 9 ", {"max_elements": 9}),
    ("TCGRAD_OUTPUT_FILE", "junit.xml,json:a", {"output_file": ("junit.xml", "json:a")}),
    ("TCGRAD_SEED", "", {}),
    ("TCGRAD_SOMETHING", "x", {}),
]


@pytest.mark.parametrize(("name", "text", "settings"), VARIABLES)
def test_settings_of_the_environment(tmp_path: Path, name: str, text: str, settings: dict[str, object]):
    assert load_settings(tmp_path, {name: text}) == settings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SEED", "x"),
        ("SEED", "1.5"),
        ("SEED", "9" * 5000),
        ("RTOL", "9" * 5000),
        ("JOBS", "１２"),
        ("STRICT", "maybe"),
        ("RTOL", "inf"),
        ("DTYPE", ","),
        ("FORMAT", "pdf"),
        ("TRIALS", "0"),
        ("OUTPUT_FILE", "a.xml,report"),
    ],
)
def test_what_is_refused_in_the_environment(tmp_path: Path, name: str, text: str):
    with pytest.raises(TcgradError, match=rf"TC610: TCGRAD_{name} must .*, not `{text}`"):
        load_settings(tmp_path, {f"TCGRAD_{name}": text})


def test_every_option_of_a_check_is_a_setting():
    assert [name for name in CHECK_OPTIONS if name not in SETTINGS] == []


def test_an_option_of_the_command_is_that_of_a_spec_or_of_a_run():
    options = {name for name in inspect.signature(command).parameters if name not in {"context", "debug"}}
    names = {"since": "changed_since", "output_format": "format"}
    assert {names.get(name, name) for name in options} == {*CHECK_OPTIONS, *RUN_OPTIONS, "strict"}


ORDER = [
    ((), {}, "", (4, "float32")),
    ((), {}, "seed = 1", (1, "float32")),
    ((), {"TCGRAD_SEED": "2"}, "seed = 1", (2, "float32")),
    (("--seed", "3"), {"TCGRAD_SEED": "2"}, "seed = 1", (3, "float32")),
    (("--seed", "3", "--dtype", "float64"), {"TCGRAD_DTYPE": "float16"}, "", (3, "float64")),
]


@pytest.mark.parametrize("row", ORDER)
def test_flag_before_environment_before_project_before_spec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, row
):
    arguments, environment, text, found = row
    (tmp_path / "a.yaml").write_text(SPEC)
    project(tmp_path, f"[tool.tcgrad]\nspecs = 'a.yaml'\nformat = 'json'\n{text}\n")
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run(["check", *arguments]) == 0
    [spec] = json.loads(capsys.readouterr().out)["specs"]
    assert {(result["seed"], result["dtype"]) for result in spec["results"] if result["kind"] != "expect"} == {found}


def test_a_flag_takes_back_what_a_project_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    (tmp_path / "a.yaml").write_text("inputs: {x: [2, 3], b: [3]}\nequations: ['y[i,j] = x[i,j] + b[j]']\n")
    project(tmp_path, "[tool.tcgrad]\nstrict = true\n")
    monkeypatch.chdir(tmp_path)
    assert run(["check", "a.yaml"]) == 2
    assert "TC312" in capsys.readouterr().err
    assert run(["check", "a.yaml", "--no-strict"]) == 0


NAMED = [
    # what the environment and the project say, the arguments, and the message
    ({"TCGRAD_SPECS": "b.yaml"}, "", [], "TC602]: TCGRAD_SPECS: there is no file `b.yaml`"),
    ({"TCGRAD_SPECS": "old,c*"}, "", [], "TC603]: TCGRAD_SPECS: the folder `old` holds no spec"),
    ({"TCGRAD_SPECS": "a.yaml,-"}, "", [], "TC601]: TCGRAD_SPECS: "),
    ({}, "specs = 'b.yaml'", [], "TC602]: `specs` in [tool.tcgrad]: there is no file `b.yaml`"),
    ({"TCGRAD_SPECS": "c.yaml"}, "specs = 'a.yaml'", ["b.yaml"], "TC602]: there is no file `b.yaml`"),
    ({"TCGRAD_OUTPUT_FILE": "json:old"}, "", ["a.yaml"], "TC605]: TCGRAD_OUTPUT_FILE: cannot write `old`: "),
    ({}, "output-file = 'json:old'", ["a.yaml"], "TC605]: `output-file` in [tool.tcgrad]: cannot write `old`: "),
    ({"TCGRAD_OUTPUT_FILE": "x.xml"}, "", ["a.yaml", "--output-file", "json:old"], "TC605]: cannot write `old`: "),
    ({}, "", ["a.yaml", "--output-file", "x"], "TC601]: `--output-file` must be FORMAT:PATH with one of text, "),
    ({"TCGRAD_SPECS": "a.yaml"}, "", ["--changed-since", "x"], "TC609]: "),
]


@pytest.mark.parametrize("row", NAMED, ids=lambda row: row[3])
def test_what_is_wrong_with_what_a_setting_names_is_told_with_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys, row
):
    environment, text, arguments, message = row
    (tmp_path / "a.yaml").write_text(SPEC)
    (tmp_path / "old").mkdir()
    project(tmp_path, f"[tool.tcgrad]\n{text}\n")
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run(["check", *arguments]) == 2
    assert f"error[{message}" in capsys.readouterr().err


def test_what_is_excluded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    for name in ("a.yaml", "notes.yaml", "old/b.yaml", "new/c.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    project(tmp_path, "[tool.tcgrad]\nexclude = ['old/', 'no*.yaml']\nformat = 'json'\n")
    assert run(["check", ".", "notes.yaml"]) == 0
    assert [spec["spec"] for spec in json.loads(capsys.readouterr().out)["specs"]] == [
        "a.yaml",
        "new/c.yaml",
        "notes.yaml",
    ]
    assert run(["check", "old"]) == 2
    assert "the folder `old` holds no spec" in capsys.readouterr().err
    assert run(["check", ".", "--exclude", "new/*"]) == 0
    assert "new/c.yaml" not in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_a_file_that_is_not_in_utf_8_is_refused_where_it_has_settings(tmp_path: Path, encoding: str):
    (tmp_path / "pyproject.toml").write_text('[tool.tcgrad]\nspecs = ["spécs"]\n', encoding=encoding)
    with pytest.raises(TcgradError) as caught:
        read_project(tmp_path)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("TC610", "the file is not text in UTF-8")


def test_a_file_that_is_not_in_utf_8_may_be_about_something_else(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "é"\n', encoding="utf-16")
    assert read_project(tmp_path) == {}
