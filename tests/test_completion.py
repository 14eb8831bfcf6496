"""Completion of the command line: what may stand next, and the scripts of the shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tcgrad.cli.app import COMMANDS, build
from tcgrad.cli.candidates import find_candidates
from tcgrad.cli.run import run
from tcgrad.locate import gallery_specs

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with some files, and the program in it."""
    for name in ("layer.yaml", "layout.txt", "a b.yml", ".hidden.yaml", "land/deep.yaml", "land/x.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    program = tmp_path / "bin" / "tcgrad"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tcgrad "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


SOFTMAX = [f"gallery:{path.stem}" for path in gallery_specs() if path.stem.startswith("softmax")]
LINES = [
    ("tcgrad ", list(COMMANDS)),
    ("tcgrad de", ["derive"]),
    ("tcgrad derive gallery:softm", SOFTMAX),
    ("tcgrad derive ga", ["gallery:"]),
    ("tcgrad derive la", ["layer.yaml", "land/"]),
    ("tcgrad derive land/", ["land/deep.yaml"]),
    ("tcgrad derive .", [".hidden.yaml"]),
    ("tcgrad check layer.yaml a", ["a b.yml"]),
    ("tcgrad check 'a ", ["a b.yml"]),
    ("tcgrad derive --nota", ["--notation"]),
    ("tcgrad derive layer.yaml --format ", ["text", "json", "latex", "markdown"]),
    ("tcgrad check --format=js", ["--format=json", "--format=jsonl"]),
    ("tcgrad check x --dtype float16,float3", ["float16,float32"]),
    ("tcgrad check x --dtype float32,f", ["float32,float16", "float32,float64"]),
    ("tcgrad check x --dtype=float16,float32,fl", ["--dtype=float16,float32,float64"]),
    ("tcgrad check x --color n", ["never"]),
    ("tcgrad check x --fail", ["--fail-fast"]),
    ("tcgrad check x --against-framework ", ["numpy", "torch", "jax"]),
    ("tcgrad check x --output-file ju", ["junit:"]),
    ("tcgrad check x --output-file junit:lay", ["junit:layer.yaml", "junit:layout.txt"]),
    ("tcgrad emit layer.yaml -o lay", ["layer.yaml", "layout.txt"]),
    ("tcgrad explain TC60", ["TC601", "TC602", "TC603", "TC604", "TC605", "TC606", "TC607", "TC608", "TC609"]),
    ("tcgrad explain tc705", ["tc705"]),
    ("tcgrad gallery softm", [name.removeprefix("gallery:") for name in SOFTMAX]),
    ("tcgrad completion ", ["bash", "zsh", "fish"]),
    ("tcgrad derive nowhere/", []),
    ("tcgrad derive gallery:attention --wrt ", ["q", "k", "v"]),
    ("tcgrad derive gallery:attention --wrt=q,", ["--wrt=q,k", "--wrt=q,v"]),
    ("tcgrad derive gallery:attention --of ", ["s", "a", "o"]),
    ("tcgrad derive gallery:embedding --wrt ", ["e"]),
    ("tcgrad derive layer.yaml --wrt ", []),
    ("tcgrad derive --of ", []),
    ("tcgrad derive - --of ", []),
    ("", list(COMMANDS)),
]


@pytest.mark.parametrize(("line", "found"), LINES)
def test_what_may_stand_next(line: str, found: list[str]):
    assert [candidate.value for candidate in find_candidates(build(), line)[1]] == found


def test_commands_options_and_codes_have_meanings():
    for line in ("tcgrad ", "tcgrad derive --", "tcgrad explain TC3"):
        candidates = find_candidates(build(), line)[1]
        assert candidates
        assert all(candidate.meaning for candidate in candidates)


def test_the_program_answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("_TCGRAD_COMPLETION", "fish")
    assert run(["tcgrad gallery softmax_"]) == 0
    assert capsys.readouterr().out == "softmax_batched\n"
    assert run(["tcgrad expl"]) == 0
    assert capsys.readouterr().out == "explain\tExplain an error code.\n"


IN_BASH = [
    ("tcgrad derive gallery:soft", "softmax softmax_batched"),  # `gallery:` is a word of its own in bash
    ("tcgrad check --format=jso", "json jsonl"),
    ("tcgrad de", "derive"),
    ("tcgrad derive la", "layer.yaml land/"),
    ("tcgrad check a", r"a\ b.yml"),
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(("line", "found"), IN_BASH)
def test_bash_completes(line: str, found: str):
    script = (
        "source <(tcgrad completion bash) && complete -p tcgrad >/dev/null && "
        'COMP_LINE="$1" COMP_POINT=${#1} && _tcgrad tcgrad && echo "${COMPREPLY[*]}"'
    )
    result = subprocess.run(["bash", "-c", script, "bash", line], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == (f"{found}\n", "")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes(folder: Path):
    script = 'tcgrad completion fish | source; complete -C "$argv[1]"'
    environment = {**os.environ, "HOME": str(folder)}
    for line, found in (
        ("tcgrad derive gallery:softm", SOFTMAX),
        ("tcgrad check --format=jso", ["--format=json", "--format=jsonl"]),
    ):
        result = subprocess.run(
            ["fish", "-c", script, line], capture_output=True, text=True, check=True, env=environment
        )
        assert result.stdout.split() == found
    described = subprocess.run(
        ["fish", "-c", script, "tcgrad expl"], capture_output=True, text=True, check=True, env=environment
    )
    assert described.stdout == "explain\tExplain an error code.\n"


ZSH = """
zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; setopt no_beep no_list_ambiguous'
zpty -w shell 'source <(tcgrad completion zsh); zstyle ":completion:*" list-colors; echo REA""DY'
typeset seen= part
integer tries=0
while [[ $seen != *READY* && tries -lt 300 ]]; do
    if zpty -r -t shell part; then seen+=$part; else sleep 0.1; tries+=1; fi
done
seen=
zpty -w -n shell "$1"$'\\t'
tries=0
while [[ $seen != *"$2"* && tries -lt 100 ]]; do
    if zpty -r -t shell part; then seen+=$part; else sleep 0.1; tries+=1; fi
done
print -r -- "$seen"
zpty -d shell
"""


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.parametrize(
    ("line", "found"), [("tcgrad derive gallery:layer_", "gallery:layer_norm"), ("tcgrad expl", "explain ")]
)
def test_zsh_completes(folder: Path, line: str, found: str):
    result = subprocess.run(
        ["zsh", "-f", "-c", ZSH, "zsh", line, found],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "HOME": str(folder), "TERM": "dumb"},
    )  # fmt: skip
    assert found in result.stdout, result.stdout + result.stderr
