"""Modules and packages import in one direction: what is read first knows nothing of what comes later.

Imports inside functions and for the type checker alone count as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The two types contain each other: shapes are integer expressions, and such an expression may read a tensor.
TOGETHER = {"tcgrad.ir.tensors": {"tcgrad.ir.indices"}}


@cache
def _modules() -> dict[str, ast.Module]:
    """Each module by its name, parsed."""
    paths = sorted((ROOT / "tcgrad").rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in zip(names, paths, strict=True)}


def _imported(tree: ast.Module) -> Iterator[str]:
    """The modules of the project that one imports, or takes a name from."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names if alias.name in _modules())
            case ast.ImportFrom(module=module, names=names) if module in _modules():
                inner = [f"{module}.{alias.name}" for alias in names]
                yield from (name if name in _modules() else module for name in inner)


@cache
def _imports() -> dict[str, set[str]]:
    return {name: set(_imported(tree)) - {name} - TOGETHER.get(name, set()) for name, tree in _modules().items()}


def _part(module: str, depth: int) -> str:
    """The package that holds a module, so many names deep; the module itself where none is."""
    return ".".join(module.split(".")[:depth])


def _cycle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_modules_import_in_one_direction():
    assert _cycle(_imports()) == []


@pytest.mark.parametrize("depth", [2, 3])
def test_packages_import_in_one_direction(depth: int):
    graph: dict[str, set[str]] = {}
    for name, imported in _imports().items():
        own = graph.setdefault(_part(name, depth), set())
        own |= {_part(other, depth) for other in imported} - {_part(name, depth)}
    assert _cycle(graph) == []


def test_all_imports_are_absolute():
    nodes = (node for tree in _modules().values() for node in ast.walk(tree))
    assert all(node.level == 0 for node in nodes if isinstance(node, ast.ImportFrom))
