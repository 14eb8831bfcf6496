"""The command line in tests: in the process of the tests, or in one of its own where that is what matters."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from tcgrad.cli.run import run

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ran:
    returncode: int
    stdout: str
    stderr: str


def tcgrad(*arguments: str, stdin: str = "", cwd: Path = ROOT, **environment: str) -> Ran:
    """Run the program in this process, its descriptors and those of its children apart -> status and streams.

    What libraries read as they are imported, and Python as it starts, is not in the environment: `tcgrad_process`.
    """
    with pytest.MonkeyPatch.context() as patch, TemporaryFile() as output, TemporaryFile() as errors:
        patch.chdir(cwd)
        patch.setattr(sys, "path", list(sys.path))
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"))
        for name, value in environment.items():
            patch.setenv(name, value)
        with _written_to(1, "stdout", output.fileno()), _written_to(2, "stderr", errors.fileno()):
            status = run(arguments)
        output.seek(0)
        errors.seek(0)
        return Ran(status, output.read().decode(), errors.read().decode())


@contextmanager
def _written_to(standard: int, name: str, descriptor: int) -> Iterator[None]:
    """Let a standard descriptor, and the stream of its name, write to another one inside."""
    before, kept = getattr(sys, name), os.dup(standard)
    os.dup2(descriptor, standard)
    try:
        with open(standard, "w", encoding="utf-8", closefd=False) as stream:
            setattr(sys, name, stream)
            yield
    finally:
        setattr(sys, name, before)
        os.dup2(kept, standard)
        os.close(kept)


def tcgrad_process(
    *arguments: str, stdin: str = "", cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own -> status, standard output and standard error."""
    return subprocess.run(
        [sys.executable, "-m", "tcgrad", *arguments],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )
