"""Which specs have changed since a commit: git tells."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tcgrad.errors import Diagnostic, TcgradError


def changed_since(ref: str, specs: Sequence[Path]) -> list[Path]:
    """Those of the specs that differ from what they were where the branch left ``ref``, or that git does not know.

    Changes that are not committed count. Where there is no common ancestor the comparison is with ``ref`` itself.
    Of a repository inside of this one git tells only that something in it has changed: all its specs count then.

    Raises:
        TcgradError: TC609 if there is no git, no repository, or no such commit.
    """
    top = Path(_output("rev-parse", "--show-toplevel", wrong="the current folder is in no git repository").rstrip("\n"))
    commit = _output(
        "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}",
        wrong=f"git knows no commit `{ref}`",
        offer="a shallow clone lacks most commits: fetch the one to compare with, as with `fetch-depth: 0`",
    ).strip()  # fmt: skip
    base = _run("merge-base", commit, "HEAD").stdout.strip() or commit
    names = _output("-C", str(top), "diff", "--name-only", "-z", "--diff-filter=d", base, "--", wrong="git diff failed")
    new = _output("-C", str(top), "ls-files", "--others", "--exclude-standard", "-z", wrong="git ls-files failed")
    changed = {(top / name).resolve() for name in (names + new).split("\0") if name}
    return [spec for spec in specs if not changed.isdisjoint([spec.resolve(), *spec.resolve().parents])]


def _output(*arguments: str, wrong: str, offer: str | None = None) -> str:
    result = _run(*arguments)
    if result.returncode:
        told = result.stderr.strip().partition("\n")[0]
        raise TcgradError((Diagnostic("TC609", wrong + (f": {told}" if told else ""), help=offer),))
    return result.stdout


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    try:
        return subprocess.run(  # noqa: S603 (no shell, and the commit is one argument)
            command, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False
        )
    except OSError as error:
        raise TcgradError((Diagnostic("TC609", f"git cannot be run: {error.strerror}"),)) from error
