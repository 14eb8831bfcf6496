"""How far rounding may move a gradient: each of its elements, and what it is along a random direction."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np

from tcgrad.check.comparing.bench import Bench
from tcgrad.check.evaluated.formulas import Formulas
from tcgrad.check.evaluated.paths import up_to
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.reference.references import spread
from tcgrad.evaluate import Array
from tcgrad.ir.tensors import Tensor, gradient_of
from tcgrad.records import cached_property, dataclass

# What code of another author may be off by beside its largest element: 1 + erf(x) where erfc(-x) is small, say.
_ROUNDINGS = 8.0


@dataclass(frozen=True)
class Bounds:
    """How far rounding may move a gradient, worked out where that is needed.

    formulas: where the gradient by ``wrt`` is worked out.
    """

    bench: Bench
    wrt: Tensor
    formulas: Formulas

    @cached_property
    def exact(self) -> Array:
        """In the type that is checked."""
        return self.formulas.bound(self.bench.paths.gradient(self.wrt).statements)

    @cached_property
    def coarse(self) -> Array:
        """As the module rounds."""
        return self.bench.coarsened(self.exact)

    def as_emitted(self) -> Array:
        """That for the statements that the module works out, which are written with what is at hand there."""
        tensor = gradient_of(self.wrt)
        statements = up_to(self.bench.paths.derivation.backward, tensor)
        return self.bench.coarsened(self.formulas.bound(statements, tensor))


def least_of_others(value: Array, dtype: np.dtype[Any], *, peculiar: bool = False) -> Any:
    """What is granted to every element of code that may write a formula in another way: some roundings of the largest
    of its values.

    peculiar: whether elements of inputs are so; what cancels there may well have half of its digits.
    """
    roundoff = unit_roundoff(dtype)
    off = sqrt(roundoff) if peculiar else _ROUNDINGS * roundoff
    return off * np.max(np.abs(value), initial=0, where=np.isfinite(value))


def rounding_of_sums(elements: Array, dtype: np.dtype[Any], terms: int) -> float:
    """What adding elements up in ``dtype``, and the reference from ``terms``, may be off by, however exact these are:
    what is added up so far is rounded again and again.
    """
    off = spread(elements) * float(np.finfo(dtype).eps) * sqrt(max(elements.size, terms))
    return off if off < inf else 0.0
