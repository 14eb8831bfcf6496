"""Running emitted code in this process."""

from __future__ import annotations

import itertools
import linecache
from types import ModuleType

_numbers = itertools.count()


def compile_module(source: str) -> ModuleType:
    """The module of a source that `emit` wrote: nothing else may come here, for it is executed.

    Tracebacks show its lines.
    """
    number = next(_numbers)
    module = ModuleType(f"tcgrad_emitted_{number}")
    name = f"<tcgrad emitted {number}>"
    linecache.cache[name] = len(source), None, source.splitlines(keepends=True), name
    exec(compile(source, name, "exec"), vars(module))  # noqa: S102 - emit wrote it; no user text is code in it
    return module
