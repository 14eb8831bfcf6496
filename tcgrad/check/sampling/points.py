"""What is known of every random point, however much is worked out there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from tcgrad.check.program.traits import Traits
from tcgrad.evaluate import Array
from tcgrad.ir.program import Program


class Point(ABC):
    """Values of the inputs.

    traits: of the program elaborated for the ``sizes`` of this point, of which there are none if they are the spec's.
    dtype: the type that is checked.
    """

    traits: Traits
    sizes: Mapping[str, int]
    dtype: np.dtype[Any]

    @abstractmethod
    def value(self, name: str) -> Array:
        """The reference's value of an input."""

    @property
    def program(self) -> Program:
        return self.traits.program

    @property
    def values(self) -> list[Array]:
        """The reference's values of the inputs, in the order of the spec."""
        return [self.value(item.tensor.name) for item in self.program.inputs]

    def narrow(self, array: Array) -> Array:
        """An array in the type that is checked; integers stay what they are."""
        return array.astype(self.dtype) if array.dtype.kind == "f" else array
