"""A user's own functions, given or found by name. Nothing else in tcgrad imports what a user names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from tcgrad.check.user.against import UserCode, UserFunction, output_on_stderr
from tcgrad.check.user.errors import describe, is_own
from tcgrad.check.user.frameworks import Framework, load_framework
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.records import replace
from tcgrad.spec.names import suggest

_SHOWN = 8


# What is checked: a function, or its name.
Given = str | Callable[..., Any]


def load_user_code(backward: Given | None, forward: Given | None, framework: str | None) -> UserCode | None:
    """The functions that are given, or named as ``MODULE:FUNCTION``, if any are; the current folder is importable.

    Raises:
        TcgradError: if a name has another form, there is no such module or function, what is given is no function, or
            the framework is not there.
    """
    if backward is None and forward is None:
        if framework is not None:
            raise _refusal("--against-framework alone checks nothing", "name a function by --against as well")
        return None
    library = load_framework(framework or "numpy")
    functions = [None if given is None else _load(given, library) for given in (backward, forward)]
    return UserCode(functions[0], functions[1], library.name)


def _load(given: Given, library: Framework) -> UserFunction:
    if isinstance(given, str):
        return _named(given, library)
    if not callable(given):  # which only a type checker sees
        message = f"what is checked is a function, or its name, and this is of the type {type(given).__name__}"
        raise _refusal(message, "write 'kernels:backward'")
    path = getattr(given, "__qualname__", type(given).__name__)
    reference = f"{getattr(given, '__module__', None)}:{path}"
    if _is_at(reference, given):
        return replace(_named(reference, library), function=given)
    return UserFunction(path, given, library, is_named=False)


def _is_at(reference: str, function: Callable[..., Any]) -> bool:
    """Whether a command that names a function so finds this very one; none finds what is in a notebook or a script."""
    module_name, path = reference.split(":", 1)
    if module_name == "__main__" or module_name not in sys.modules:
        return False
    found: Any = sys.modules[module_name]
    for name in path.split("."):
        found = getattr(found, name, None)
    return found is function


def _named(reference: str, library: Framework) -> UserFunction:
    module_name, colon, function_name = reference.partition(":")
    if module_name.endswith(".py"):
        raise _refusal(f"`{reference}` is not MODULE:FUNCTION", _of_file(Path(module_name), function_name))
    if not (colon and all(map(str.isidentifier, (*module_name.split("."), *function_name.split("."))))):
        raise _refusal(f"`{reference}` is not MODULE:FUNCTION", "name a function, as in `kernels:backward`")
    function = _function(_imported(module_name), function_name)
    return UserFunction(reference, function, library, anew=partial(_anew, module_name, function_name))


def _imported(module_name: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with output_on_stderr():
            return importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
            where = f"it is looked for in {folder} and where Python looks"
            raise _refusal(f"there is no module `{error.name}`", where) from error
        raise _refusal(f"importing `{module_name}` raised {describe(error)}", "") from error


def _anew(module_name: str, function_name: str) -> Callable[..., Any] | None:
    """The function in another copy of its module, which is run for it if it can be, and is no installed one; the copy
    that is imported stays what it is.
    """
    spec = importlib.util.find_spec(module_name)
    if spec is None or spec.loader is None or not is_own(Path(spec.origin or "")):
        return None
    module = importlib.util.module_from_spec(spec)
    with suppress(Exception), output_on_stderr():
        spec.loader.exec_module(module)
        return _function(module, function_name)
    return None


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
    return _refusal(f"`{name}` {what} in `{where}`", _hidden(owner) or _offer(name, owner))


def _hidden(owner: Any) -> str:
    """That a file of the user's own has the name of a module that was imported before, if it has."""
    if not isinstance(owner, ModuleType):
        return ""
    file, found = Path(*owner.__name__.split(".")).with_suffix(".py"), getattr(owner, "__file__", None)
    if not file.exists() or (found and file.samefile(found)):
        return ""
    return f"it is not {file}: a module of Python's or an installed one has that name; give the file another"


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
