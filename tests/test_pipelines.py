"""The files by which other programs run tcgrad: hooks, the action, and what the README shows of both."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tcgrad.cli.app import build
from tcgrad.settings import load_settings

ROOT = Path(__file__).parent.parent
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("## In CI") : README.index("## How it compares")]
BLOCKS = [yaml.safe_load(body) for body in re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)]
GOOD = "inputs: {x: [3]}\nequations: ['y[i] = x[i]*x[i]']\n"
WRONG = GOOD + "expect: ['dl/dx[p] = 3*dl/dy[p]*x[p]']\n"


def options(command: str) -> set[str]:
    return {flag for param in build().commands[command].params for flag in (*param.opts, *param.secondary_opts)}


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_run_commands_that_there_are(hook: dict[str, Any]):
    program, command, *flags = shlex.split(hook["entry"])
    assert program == "tcgrad"
    assert set(flags) <= options(command)
    assert re.search(hook["files"], "specs/attention.tcgrad.yaml")
    assert re.search(hook["files"], "a.tcgrad.yml")
    assert not re.search(hook["files"], "compose.yaml")
    assert hook["language"] == "python"


def test_the_readme_shows_hooks_that_there_are():
    [config] = [block for block in BLOCKS if isinstance(block, dict) and "repos" in block]
    shown = [hook["id"] for repository in config["repos"] for hook in repository["hooks"]]
    assert shown == [hook["id"] for hook in HOOKS]


def test_the_readme_gives_the_action_inputs_that_there_are():
    [steps] = [block for block in BLOCKS if isinstance(block, list)]
    given = {name for step in steps if "tcgrad" in step["uses"] for name in step["with"]}
    assert given
    assert given <= set(ACTION["inputs"])


def test_the_readme_shows_settings_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    [text] = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
    assert tomllib.loads(text)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(text)
    assert load_settings(tmp_path, {}) == {"specs": ("specs",), "dtype": ("float32", "float64")}


def test_what_the_readme_runs_has_options_that_there_are():
    for command, arguments in re.findall(r"tcgrad (check|lint|init|schema|completion)((?: --?[\w-]+)*)", SECTION):
        assert set(arguments.split()) <= options(command)


def test_the_action_passes_every_input_on_without_pasting_it_into_a_script():
    steps = ACTION["runs"]["steps"]
    text = json.dumps(steps)
    assert all(f"inputs.{name} " in text for name in ACTION["inputs"])
    assert all("${{" not in step.get("run", "") for step in steps)
    assert all(step.get("shell") == "bash" for step in steps if "run" in step)
    assert set(re.findall(r" (--[\w-]+)=", steps[-1]["run"])) <= options("check")


RUNS = [
    ({"SPECS": "*.yaml"}, 1, ["good.yaml", "wrong file.yaml"]),
    ({"SPECS": "good.yaml sub/", "ARGUMENTS": "--dtype float32 --trials 1"}, 0, ["good.yaml", "sub/other.yaml"]),
    ({"SPECS": ".", "SINCE": "$(touch hacked); nothing"}, 2, None),
]


@pytest.mark.skipif(os.name == "nt", reason="it runs in bash")
@pytest.mark.parametrize(("environment", "status", "specs"), RUNS)
def test_the_action_runs(tmp_path: Path, environment: dict[str, str], status: int, specs: list[str] | None):
    for name, text in (("good.yaml", GOOD), ("wrong file.yaml", WRONG), ("sub/other.yaml", GOOD)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    program = tmp_path / "bin" / "tcgrad"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tcgrad "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    given = {"SPECS": "", "ARGUMENTS": "", "SINCE": "", "OUTPUT_FILE": "json:out", "TCGRAD_BIN": str(program.parent)}
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "s.md"),
        "GITHUB_WORKSPACE": str(tmp_path),
    }
    result = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", ACTION["runs"]["steps"][-1]["run"]],
        capture_output=True, text=True, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **github, **given, **environment},
    )  # fmt: skip
    assert result.returncode == status, result.stderr
    assert not (tmp_path / "hacked").exists()
    if specs is not None:
        report = json.loads((tmp_path / "out").read_text())
        assert [spec["spec"] for spec in report["specs"]] == specs
        assert (tmp_path / "s.md").read_text(encoding="utf-8").startswith("## tcgrad check\n")
        assert ("::error file=wrong file.yaml,line=3," in result.stdout) is (status == 1)
