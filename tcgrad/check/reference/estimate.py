"""Derivatives along some directions, each with a bound on its error, whichever way they are found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.forward import CHUNK
from tcgrad.check.reference.directions import IntArray
from tcgrad.evaluate import Array
from tcgrad.records import dataclass, replace


@dataclass(frozen=True)
class Estimate:
    """Derivatives of every output along some directions.

    values, errors: by the outputs' names, with an axis of directions in front.
    kinked: for each output the directions along which no step stayed on one branch; the errors are infinite there.
    reason: why nothing is known, if nothing is.
    reducible: of differences, for each direction the largest error that shorter steps may halve: of others rounding is
        too large a part.
    """

    values: dict[str, Array]
    errors: dict[str, Array]
    kinked: dict[str, NDArray[np.bool_]]
    method: str
    evaluations: int
    reason: str = ""
    reducible: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def largest_errors(self) -> Array:
        """The largest error along each direction."""
        largest = [errors.reshape(len(errors), -1).max(axis=1, initial=0) for errors in self.errors.values()]
        return np.asarray(np.max(largest, axis=0))

    def largest_values(self, alike: IntArray) -> Array:
        """For each direction the largest derivative along any that have the same number in ``alike``."""
        sizes = [np.abs(value).reshape(len(value), -1) for value in self.values.values()]
        largest = np.max([size.max(axis=1, initial=0, where=np.isfinite(size)) for size in sizes], axis=0)
        for number in dict.fromkeys(alike.tolist()) if len(alike) > 1 else ():
            largest[alike == number] = largest[alike == number].max()
        return np.asarray(largest)

    @property
    def is_kinked(self) -> bool:
        return any(kinked.any() for kinked in self.kinked.values())

    def renamed(self, method: str) -> Estimate:
        return replace(self, method=method)

    def part(self, directions: slice) -> Estimate:
        """The same along some of the directions; what they took is not told apart."""
        values, errors, kinked = (
            {name: array[directions] for name, array in arrays.items()}
            for arrays in (self.values, self.errors, self.kinked)
        )
        return replace(
            self, values=values, errors=errors, kinked=kinked, evaluations=0, reducible=self.reducible[directions]
        )

    def unknown(self, reason: str) -> Estimate:
        """The same without any knowledge, for a reason."""
        errors = {name: np.full_like(error, np.inf) for name, error in self.errors.items()}
        return replace(self, errors=errors, reason=reason)

    def summed(self, weights: Array) -> Estimate:
        """The derivatives along one direction: the sum of all of them with these weights."""
        values = {name: weighted(weights, value) for name, value in self.values.items()}
        errors = {name: weighted(np.abs(weights), error) for name, error in self.errors.items()}
        kinked = {name: np.logical_or.reduce(kinked, keepdims=True) for name, kinked in self.kinked.items()}
        return Estimate(values, errors, kinked, self.method, 0, self.reason)

    def improved(self, new: Estimate, again: NDArray[np.bool_]) -> Estimate:
        """This one with the directions ``again`` replaced by those of ``new`` wherever it is better, or contradicts."""
        values, errors, kinked = {}, {}, {}
        for name in self.values:
            values[name], errors[name] = self.values[name].copy(), self.errors[name].copy()
            take = (new.errors[name] < errors[name][again]) | self._contradicts(name, new, again)
            values[name][again] = np.where(take, new.values[name], values[name][again])
            errors[name][again] = np.where(take, new.errors[name], errors[name][again])
            kinked[name] = self.kinked[name].copy()
            kinked[name][again] &= new.kinked[name]
        reducible = self.reducible.copy()
        reducible[again] = new.reducible
        evaluations = self.evaluations + new.evaluations
        return Estimate(values, errors, kinked, self.method, evaluations, reducible=reducible)

    def contradicted(self, new: Estimate, again: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """For each of the directions ``again``, whether ``new`` is further off anywhere than both errors explain."""
        places = [self._contradicts(name, new, again) for name in self.values]
        return np.asarray(np.any([place.reshape(len(place), -1).any(axis=1) for place in places], axis=0))

    def _contradicts(self, name: str, new: Estimate, again: NDArray[np.bool_]) -> NDArray[np.bool_]:
        with np.errstate(all="ignore"):
            apart = np.abs(new.values[name] - self.values[name][again])
        return np.asarray(apart > self.errors[name][again] + new.errors[name])

    def without(self, directions: NDArray[np.bool_]) -> Estimate:
        """The same without any knowledge of some of the directions."""
        if not directions.any():
            return self
        return replace(self, errors={name: _unknown(error, directions) for name, error in self.errors.items()})


def weighted(weights: Array, along: Array) -> Array:
    """The sum along all directions, as that along a single one."""
    return np.asarray(weights @ along.reshape(len(along), -1)).reshape(1, *along.shape[1:])


def _unknown(errors: Array, directions: NDArray[np.bool_]) -> Array:
    return np.where(directions.reshape(-1, *(1,) * (errors.ndim - 1)), np.inf, errors)


def in_chunks(number: int, each: int, work: Callable[[IntArray], Estimate], points: int) -> Estimate:
    """An estimate along ``number`` directions, as many at once as memory allows.

    each: the elements that one direction takes. work: makes the estimate of some of the directions.
    points: how many evaluations each direction takes.
    """
    at_once = max(1, CHUNK // max(1, each))
    parts = [work(np.arange(start, min(start + at_once, number))) for start in range(0, number, at_once)]
    return _joined(parts, points * number)


def _joined(parts: Sequence[Estimate], evaluations: int) -> Estimate:
    if len(parts) == 1:
        return replace(parts[0], evaluations=evaluations)
    names = parts[0].values
    return Estimate(
        {name: np.concatenate([part.values[name] for part in parts]) for name in names},
        {name: np.concatenate([part.errors[name] for part in parts]) for name in names},
        {name: np.concatenate([part.kinked[name] for part in parts]) for name in names},
        parts[0].method,
        evaluations,
        reducible=np.concatenate([part.reducible for part in parts]),
    )
