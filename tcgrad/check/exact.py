"""Exact derivatives of rational functions: the plainly evaluated equations on dual numbers over the rationals."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from tcgrad.check.differences import Estimate, in_chunks
from tcgrad.check.directions import Directions
from tcgrad.check.dual import Dual, dual
from tcgrad.check.forward import Forward, evaluate_forward, neighbours
from tcgrad.check.precision import unit_roundoff
from tcgrad.evaluate import Array
from tcgrad.evaluate.numbers import number
from tcgrad.records import dataclass

METHOD = "exact"

# What a number of Python takes, in numbers of an array.
_WEIGHT = 32


@dataclass(frozen=True)
class ExactSlopes:
    """Derivatives at the point of ``forward``, whose equations are rational; the only error is that of the type."""

    forward: Forward
    outputs: Sequence[str]

    def along(self, wrt: str, directions: Directions) -> Estimate:
        """The derivatives along ``directions`` of the input ``wrt``.

        Raises:
            ZeroDivisionError: where the equations divide by 0, if only to drop the quotient.
        """
        each = _WEIGHT * self.forward.evaluations
        return in_chunks(len(directions), each, lambda part: self._chunk(wrt, directions.take(part)), 1)

    def _chunk(self, wrt: str, directions: Array) -> Estimate:
        here, slopes = self._exact.context.arrays[wrt], _fractions(directions)
        arrays, _ = neighbours(self._exact, {wrt: _duals(np.broadcast_to(here, slopes.shape), slopes)})
        values, errors, kinked = {}, {}, {}
        for name in self.outputs:
            shape = (len(directions), *self.forward.context.arrays[name].shape)
            found = _rounded(np.broadcast_to(arrays[name], shape), self.forward.context.dtype)
            values[name] = found
            errors[name] = np.where(np.isfinite(found), 4 * unit_roundoff(found.dtype) * np.abs(found), np.inf)
            kinked[name] = np.zeros(len(directions), bool)
        return Estimate(values, errors, kinked, METHOD, 0)

    @cached_property
    def _exact(self) -> Forward:
        """The forward values as rational numbers."""
        arrays = {name: self.forward.context.arrays[name] for name in self.forward.given}
        rational = {name: _fractions(array) if array.dtype.kind == "f" else array for name, array in arrays.items()}
        context = self.forward.context
        return evaluate_forward(self.forward.statements, rational, np.dtype(object), functions=context.functions)


def _fractions(array: Array) -> Array:
    return _mapped(lambda entry: Fraction(*entry.as_integer_ratio()), array)


def _duals(values: Array, slopes: Array) -> Array:
    made = np.empty(values.shape, object)
    made.reshape(-1)[:] = [Dual(*pair) for pair in zip(values.reshape(-1), slopes.reshape(-1), strict=True)]
    return made


def _rounded(array: Array, dtype: np.dtype[Any]) -> Array:
    """The slopes in a floating-point type; NaN where a read outside of a tensor came in."""
    made = _mapped(lambda entry: np.nan if isinstance(entry, float) else _slope(entry, dtype), array)
    return np.asarray(made.astype(dtype))


def _slope(entry: Any, dtype: np.dtype[Any]) -> Any:
    slope = dual(entry).slope
    return np.nan if isinstance(slope, float) else number(Fraction(slope), dtype)


def _mapped(function: Any, array: Array) -> Array:
    made = np.empty(array.shape, object)
    made.reshape(-1)[:] = [function(entry) for entry in array.reshape(-1)]
    return made
