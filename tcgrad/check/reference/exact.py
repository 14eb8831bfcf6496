"""Exact derivatives of rational functions: the plainly evaluated equations on dual numbers over the rationals.

For second derivatives the dual numbers are made of dual numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tcgrad.check.forward import Forward, evaluate_forward, neighbours
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.reference.directions import Directions, IntArray, Pairs
from tcgrad.check.reference.dual import Dual, dual
from tcgrad.check.reference.estimate import Estimate, in_chunks
from tcgrad.evaluate import Array
from tcgrad.evaluate.arrays.numbers import number
from tcgrad.records import cached_property, dataclass

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

        def work(part: IntArray) -> Estimate:
            return self._slopes({wrt: self._moved(wrt, directions.take(part))}, len(part), _slope)

        return in_chunks(len(directions), _WEIGHT * self.forward.evaluations, work, 1)

    def along_pairs(self, pairs: Pairs) -> Estimate:
        """The second derivatives along each pair.

        Raises:
            ZeroDivisionError: as above.
        """

        def work(part: IntArray) -> Estimate:
            us, vs = pairs.take(part)
            moved = {pairs.second: self._moved(pairs.second, vs)}
            here = moved.get(pairs.first, self._exact.context.arrays[pairs.first])
            inner = _fractions(us)
            moved[pairs.first] = _paired(_with_slope, np.broadcast_to(here, inner.shape), inner)
            return self._slopes(moved, len(part), lambda entry: _slope(_slope(entry)))

        return in_chunks(len(pairs), 4 * _WEIGHT * self.forward.evaluations, work, 1)

    def _moved(self, wrt: str, directions: Array) -> Array:
        slopes = _fractions(directions)
        return _paired(Dual, np.broadcast_to(self._exact.context.arrays[wrt], slopes.shape), slopes)

    def _slopes(self, moved: Mapping[str, Array], number: int, slope: Callable[[Any], Any]) -> Estimate:
        """What ``slope`` finds in the outputs where inputs have other values, a ``number`` of them."""
        arrays, _ = neighbours(self._exact, moved)
        values, errors, kinked = {}, {}, {}
        for name in self.outputs:
            shape = (number, *self.forward.context.arrays[name].shape)
            found = _rounded(np.broadcast_to(_mapped(slope, arrays[name]), shape), self.forward.context.dtype)
            values[name] = found
            errors[name] = np.where(np.isfinite(found), 4 * unit_roundoff(found.dtype) * np.abs(found), np.inf)
            kinked[name] = np.zeros(number, bool)
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


def _paired(function: Callable[[Any, Any], Any], first: Array, second: Array) -> Array:
    made = np.empty(first.shape, object)
    made.reshape(-1)[:] = [function(*pair) for pair in zip(first.reshape(-1), second.reshape(-1), strict=True)]
    return made


def _with_slope(entry: Any, slope: Fraction) -> Dual:
    """A number, or a dual one, that varies at ``slope`` with a second variable."""
    whole = dual(entry)
    return Dual(Dual(whole.value, slope), whole.slope)


def _slope(entry: Any) -> Any:
    """NaN where a read outside of a tensor came in."""
    return entry if isinstance(entry, float) else dual(entry).slope


def _rounded(array: Array, dtype: np.dtype[Any]) -> Array:
    """Exact numbers in a floating-point type."""
    made = _mapped(lambda entry: entry if isinstance(entry, float) else number(Fraction(entry), dtype), array)
    return np.asarray(made.astype(dtype))


def _mapped(function: Any, array: Array) -> Array:
    made = np.empty(array.shape, object)
    made.reshape(-1)[:] = [function(entry) for entry in array.reshape(-1)]
    return made
