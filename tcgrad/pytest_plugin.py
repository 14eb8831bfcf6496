"""The pytest plugin: specs are collected and checked as tests.

pytest loads this module in every run of every project that has tcgrad installed. So it imports nothing but pytest until
there is a spec.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

PATTERNS: Final = ("*.tcgrad.yaml", "*.tcgrad.yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "tcgrad_specs",
        "patterns of the specs that tcgrad checks: of names, or of paths below the root if they hold a slash",
        type="args",
        default=list(PATTERNS),
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if not _is_spec(file_path, parent.config):
        return None
    from tcgrad.pytest_items import SpecFile

    return SpecFile.from_parent(parent, path=file_path)


def _is_spec(path: Path, config: pytest.Config) -> bool:
    below = path.relative_to(config.rootpath).as_posix() if path.is_relative_to(config.rootpath) else path.as_posix()
    return any(
        fnmatchcase(below if "/" in pattern else path.name, pattern) for pattern in config.getini("tcgrad_specs")
    )
