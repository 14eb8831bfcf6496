"""What the command line imports: start-up stays cheap where nothing is computed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"numpy", "sympy", "scipy", "rich", "yaml"}
UNASKED = {"tcgrad.prove", "tcgrad.steps", "tcgrad.report.derivations.json_object", "tcgrad.report.derivations.latex"}
NOTHING: set[str] = set()

PROBE = """
import json, sys
from tcgrad.cli.run import run
status = run(sys.argv[1:])
sys.stderr.write(json.dumps([status, sorted(sys.modules)]))
"""

LINES = [
    ("--help", HEAVY),
    ("--version", HEAVY),
    ("derive --help", HEAVY),
    ("explain", HEAVY),
    ("explain TC601", HEAVY),
    ("gallery matmul", HEAVY),
    ("schema", HEAVY),
    ("check --help", HEAVY),
    ("check nowhere.yaml", HEAVY),
    ("lint gallery:matmul", {"numpy", "sympy", "scipy", "rich"}),
    ("derive nowhere.yaml", {"numpy", "sympy", "scipy", "rich"}),
    ("derive gallery:matmul", {"sympy", "scipy", "rich"} | UNASKED),
    ("derive gallery:matmul --format json", {"sympy", "scipy", "rich"}),
    ("gallery", {"numpy", "sympy", "scipy", "rich"}),
]


def _loaded(*arguments: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    status, modules = json.loads(result.stderr.splitlines()[-1])
    assert status in (0, 2)
    return set(modules)


@pytest.mark.parametrize(("line", "unwanted"), LINES)
def test_heavy_libraries_are_not_imported(line: str, unwanted: set[str]):
    assert _loaded(*line.split()) & unwanted == NOTHING


def test_importing_the_package_imports_next_to_nothing():
    code = "import sys; before = set(sys.modules); import tcgrad; print(*sorted(set(sys.modules) - before))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert {name.partition(".")[0] for name in result.stdout.split()} <= {"tcgrad", "__future__", "typing"} | set(
        sys.stdlib_module_names
    )
    assert "tcgrad.api" not in result.stdout.split()
