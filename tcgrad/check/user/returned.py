"""What a user's own function returns, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tcgrad.check.evaluated.emitted import ModuleError
from tcgrad.check.labels import counted
from tcgrad.check.precision import type_name
from tcgrad.check.sampling.points import Point
from tcgrad.check.user.frameworks import Framework
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass


@dataclass(frozen=True)
class Returned:
    """What is expected of the function that messages call ``name``: an array for each of ``tensors`` at a sample."""

    name: str
    framework: Framework
    sample: Point
    tensors: Sequence[Tensor]

    def arrays(self, returned: Any, what: str) -> dict[str, Array]:
        """What was returned, by the names of the tensors; ``what`` says what each of them is.

        Raises:
            ModuleError: if it is something else than one array of the right type for each tensor.
        """
        names = [tensor.name for tensor in self.tensors]
        several = isinstance(returned, tuple | list) and not self._is_array(returned)
        parts = list(returned) if several else [returned]
        if len(parts) != len(names):
            found = counted(len(parts), what) if several else _kind(returned)
            raise ModuleError(f"{self.name} returns {found}, not {counted(len(names), what)}: {', '.join(names)}")
        return {name: self._array(name, part) for name, part in zip(names, parts, strict=True)}

    def _is_array(self, returned: Any) -> bool:
        """Whether a list is the one result that is expected, and not a list of results."""
        if isinstance(returned, tuple) or len(self.tensors) > 1:
            return False
        try:
            return bool(np.shape(returned) == self.sample.value(self.tensors[0].name).shape)
        except ValueError:  # lists of different lengths
            return False

    def _array(self, name: str, part: Any) -> Array:
        if part is None:
            raise ModuleError(f"{self.name} returns None for {name}")
        kind = self.framework.kind
        if kind is not None and not isinstance(part, kind):
            raise ModuleError(f"{self.name} returns {_kind(part)} for {name}, not {_name(kind)}")
        if np.ma.is_masked(part):
            raise ModuleError(f"{self.name} returns masked elements for {name}")
        try:
            array = self.framework.take(part)
        except Exception as error:
            raise ModuleError(f"{self.name} returns no array for {name}: {error}") from error
        own, given = array.dtype, self.sample.dtype
        # Plain numbers and lists of them have no type of their own.
        if hasattr(part, "dtype") and own != given:
            swapped = "" if own.isnative else " with its bytes swapped"
            raise ModuleError(f"{self.name} returns {type_name(own)}{swapped} for {name}, given {type_name(given)}")
        if own.kind not in "fiu":
            raise ModuleError(f"{self.name} returns {_kind(part)} for {name}, not real numbers")
        return array


def _kind(returned: Any) -> str:
    """What was returned, by its type."""
    return "None" if returned is None else _name(type(returned))


def _name(kind: type) -> str:
    """The name of a type, without the module that some have in it."""
    return kind.__name__.rpartition(".")[2]
