"""A user's own backward: found by name, called on samples, and judged like everything else."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tcgrad.check.emitted import ModuleError
from tcgrad.check.samples import Sample
from tcgrad.errors import Diagnostic, TcgradError
from tcgrad.evaluate import Array
from tcgrad.records import dataclass


@dataclass(frozen=True)
class UserBackward:
    """A function of the inputs, then the output gradients, that returns the gradients in the order of ``wrt``."""

    name: str
    function: Callable[..., Any]

    def gradients(self, sample: Sample, upstream: Mapping[str, Array]) -> dict[str, Array]:
        """What the function returns for a sample and given gradients of the outputs, by the names of the inputs.

        Raises:
            ModuleError: if it raises an exception, writes to its arguments, or returns something else than one
                array of numbers for each input.
        """
        arguments = [np.array(array) for array in (*sample.inputs(), *map(sample.narrow, upstream.values()))]
        kept = [argument.copy() for argument in arguments]
        try:
            with np.errstate(all="ignore"):
                returned = self.function(*arguments)
        except Exception as error:
            raise ModuleError(f"{self.name} raised {type(error).__name__}: {error}") from error
        if not all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(arguments, kept, strict=True)):
            raise ModuleError(f"{self.name} wrote to its arguments")
        return self._named(sample, returned)

    def _named(self, sample: Sample, returned: Any) -> dict[str, Array]:
        names = [tensor.name for tensor in sample.program.wrt]
        parts = list(returned) if isinstance(returned, tuple | list) else [returned]
        if len(parts) != len(names):
            raise ModuleError(f"{self.name} returns {len(parts)} gradients, not {len(names)}: {', '.join(names)}")
        return {name: self._array(name, part) for name, part in zip(names, parts, strict=True)}

    def _array(self, name: str, part: Any) -> Array:
        try:
            array = np.asarray(part)
        except Exception as error:
            raise ModuleError(f"{self.name} returns no array for {name}: {error}") from error
        if array.dtype.kind not in "fiu":
            raise ModuleError(f"{self.name} returns {array.dtype} for {name}, not numbers")
        return array


def load_backward(reference: str) -> UserBackward:
    """The function that ``MODULE:FUNCTION`` names; the current folder is importable.

    Raises:
        TcgradError: if the reference has another form, or there is no such module or function.
    """
    module_name, colon, function_name = reference.partition(":")
    if not (colon and module_name and function_name):
        raise _refusal(f"`{reference}` is not MODULE:FUNCTION", "name a function, as in `kernels:backward`")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise _refusal(
            f"there is no module {error.name}", f"it is looked for in {folder} and where Python looks"
        ) from error
    except Exception as error:
        raise _refusal(f"importing {module_name} raised {type(error).__name__}: {error}", "") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        choices = sorted(name for name, value in vars(module).items() if callable(value) and not name.startswith("_"))
        what = "is no function" if function_name in vars(module) else "is not there"
        raise _refusal(f"{function_name} {what} in {module_name}", f"it has {', '.join(choices) or 'no functions'}")
    return UserBackward(reference, function)


def _refusal(message: str, help_line: str) -> TcgradError:
    return TcgradError((Diagnostic("TC503", message, help=help_line or None),))
