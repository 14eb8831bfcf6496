"""The README's console blocks show what the program prints, and its commands are those that CI runs.

python tests/test_readme.py        writes the present output into the README
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w.]+\.(?:yaml|py))`:\n\n```(?:yaml|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = re.compile(r"\d+\.\d+ s\b")


def console_blocks(text: str) -> list[str]:
    return [body for language, body in FENCE.findall(text) if language == "console"]


def files(text: str) -> dict[str, str]:
    """The files that the README shows: a name before a block of YAML or Python."""
    return dict(FILE.findall(text))


def run(command: str, folder: Path) -> str:
    """What a command of the README writes, to both streams, run by bash in a folder with the README's files."""
    for name, body in files(README.read_text(encoding="utf-8")).items():
        (folder / name).write_text(body, encoding="utf-8")
    program = folder / "bin" / "tcgrad"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tcgrad "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    result = subprocess.run(
        ["bash", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{program.parent}:{os.environ['PATH']}"},
        check=False,
    )
    return result.stdout


def command_and_output(block: str) -> tuple[str, str]:
    first, _, output = block.partition("\n")
    assert first.startswith("$ "), first
    return first.removeprefix("$ "), output


def refreshed(text: str) -> str:
    """The README with the present output in every console block."""
    for block in console_blocks(text):
        command, output = command_and_output(block)
        with tempfile.TemporaryDirectory() as folder:
            present = run(command, Path(folder))
        assert "internal error" not in present, present
        if SECONDS.sub("", present) != SECONDS.sub("", output):
            text = text.replace(f"```console\n{block}```", f"```console\n$ {command}\n{present}```")
    return text


@pytest.mark.parametrize("block", console_blocks(README.read_text(encoding="utf-8")))
def test_blocks_show_what_is_printed(block: str, tmp_path: Path):
    command, output = command_and_output(block)
    assert SECONDS.sub("0.0 s", run(command, tmp_path)) == SECONDS.sub("0.0 s", output), "see the head of this file"


def test_the_files_shown_are_there():
    assert sorted(files(README.read_text(encoding="utf-8"))) == ["attention.yaml", "kernels.py", "typo.yaml"]


def test_python_blocks_run():
    text = README.read_text(encoding="utf-8")
    blocks = [body for language, body in FENCE.findall(text) if language == "python"]
    [code] = [body for body in blocks if body not in files(text).values()]
    setup = "import numpy as np\nx, dy = np.arange(5.0), np.ones(5)\n"
    subprocess.run(
        [sys.executable, "-c", setup + code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        check=True,
    )


@pytest.mark.parametrize(
    ("heading", "ends"), [("Install", "tcgrad derive gallery:layer_norm"), ("Tests", "-m pytest -n auto")]
)
def test_continuous_integration_finds_the_commands(heading: str, ends: str):
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    [program] = re.findall(r"awk -v heading=\S+ \S+ '(.*?)' README.md", script)
    found = subprocess.run(
        ["awk", "-v", f"heading=## {heading}", program, str(README)], capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith("python3 -m venv .venv && ")
    assert found.stdout.rstrip().endswith(ends)
    assert f'run_section "{heading}"' in script


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
