"""A user's own functions, found by name. Nothing else in tcgrad imports what a user names."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tcgrad.check.against import UserCode, UserFunction, output_on_stderr
from tcgrad.check.frameworks import load_framework
from tcgrad.check.user_errors import describe
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.spec.names import suggest

_SHOWN = 8


def load_user_code(backward: str | None, forward: str | None, framework: str | None) -> UserCode | None:
    """The functions that are named as ``MODULE:FUNCTION``, if any are; the current folder is importable.

    Raises:
        TcgradError: if a name has another form, there is no such module or function, or the framework is not there.
    """
    if backward is None and forward is None:
        if framework is not None:
            raise _refusal("--against-framework alone checks nothing", "name a function by --against as well")
        return None
    library = load_framework(framework or "numpy")
    functions = [None if name is None else UserFunction(name, _load(name), library) for name in (backward, forward)]
    return UserCode(functions[0], functions[1], library.name)


def _load(reference: str) -> Callable[..., Any]:
    if not isinstance(reference, str):  # which only a type checker sees
        message = f"a function is named as a text, MODULE:FUNCTION, and this is of the type {type(reference).__name__}"
        module, name = getattr(reference, "__module__", None), getattr(reference, "__qualname__", "")
        is_found = module and all(map(str.isidentifier, name.split(".")))
        raise _refusal(message, f"write '{module}:{name}'" if is_found else "write 'kernels:backward'")
    module_name, colon, function_name = reference.partition(":")
    if module_name.endswith(".py"):
        raise _refusal(f"`{reference}` is not MODULE:FUNCTION", _of_file(Path(module_name), function_name))
    if not (colon and all(map(str.isidentifier, (*module_name.split("."), *function_name.split("."))))):
        raise _refusal(f"`{reference}` is not MODULE:FUNCTION", "name a function, as in `kernels:backward`")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with output_on_stderr():
            module = importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            where = f"it is looked for in {folder} and where Python looks"
            raise _refusal(f"there is no module `{error.name}`", where) from error
        raise _refusal(f"importing `{module_name}` raised {describe(error)}", "") from error
    return _function(module, function_name)


def _function(module: ModuleType, path: str) -> Callable[..., Any]:
    """A function of a module, or one of a class or an object in it, as in ``Layer.backward``."""
    owner: Any = module
    where = module.__name__
    *owners, last = path.split(".")
    for name in owners:
        inner = getattr(owner, name, None)
        if inner is None:
            raise _missing(name, owner, where)
        owner, where = inner, f"{where}.{name}"
    function: Callable[..., Any] | None = getattr(owner, last, None)
    if function is None or not callable(function):
        raise _missing(last, owner, where)
    return function


def _missing(name: str, owner: Any, where: str) -> TcgradError:
    what = "is no function" if hasattr(owner, name) else "is not there"
    return _refusal(f"`{name}` {what} in `{where}`", _offer(name, owner))


def _of_file(path: Path, function_name: str) -> str:
    """How a function is named whose module was given as a file."""
    parts = path.with_suffix("").parts
    function = function_name or "FUNCTION"
    if all(map(str.isidentifier, parts)):
        return f"write `{'.'.join(parts)}:{function}`"
    return f"in the folder of {path.name}, write `{path.stem}:{function}`"


def _offer(name: str, owner: Any) -> str:
    """The function of a module or a class that is nearest to a name, or some that it has."""
    held = getattr(owner, "__dict__", {})
    choices = sorted(name for name, value in held.items() if callable(value) and not name.startswith("_"))
    more = ", ..." if len(choices) > _SHOWN else ""
    return suggest(name, choices) or f"it has {', '.join(choices[:_SHOWN]) or 'no functions'}{more}"


def _refusal(message: str, help_line: str) -> TcgradError:
    return TcgradError((Diagnostic("TC503", message, help=help_line or None),))
