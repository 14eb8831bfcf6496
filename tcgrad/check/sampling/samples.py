"""A point at which everything is compared: the inputs, the forward values, and how far rounding moves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from tcgrad.calculus.program.dependence import depending_on
from tcgrad.check.effort import Effort
from tcgrad.check.forward import Forward, Kinks, noisy
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.program.traits import Traits
from tcgrad.check.sampling.points import Point
from tcgrad.check.sampling.random_inputs import Types, draw_like
from tcgrad.check.sampling.rounding import Rounding
from tcgrad.evaluate import Array, SmoothFunction
from tcgrad.evaluate.statements import run
from tcgrad.ir.program import Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass, replace


@dataclass(frozen=True)
class Sample(Point):
    """A random point, and what is worked out there.

    traits: of the program elaborated for the sizes of this sample, which ``sizes`` gives by the dims' names.
    forward: the reference, in a type that is at least as wide as ``dtype``.
    moved: the same values under random rounding, with an axis of draws in front where it moves them.
    upstream: random gradients of the outputs.
    kinks: where branches meet here, exactly, and outputs feel which is taken; the derivative is the one that the
        language fixes. Or else where they meet next to the point, on one side of which it is.
    grid: what inputs are multiples of where branches meet exactly, 0 elsewhere.
    peculiar: where elements are peculiar, in words, if some are.
    in_doubt: rounding alone may take another branch here, and no other point was found.
    is_settled: it does so only where numbers that are equal but for rounding are not taken for equal.
    """

    traits: Traits
    sizes: Mapping[str, int]
    dtype: np.dtype[Any]
    effort: Effort
    forward: Forward
    moved: Mapping[str, Array]
    rounding: Rounding
    upstream: Mapping[str, Array]
    functions: Mapping[str, SmoothFunction]
    in_doubt: bool
    is_settled: bool
    kinks: Kinks = frozenset()
    grid: float = 0.0
    peculiar: str = ""
    _bounds: dict[str, Array] = field(default_factory=dict)
    _tangents: dict[str, Array] = field(default_factory=dict)

    @property
    def random(self) -> np.random.Generator:
        """What else is drawn at the sample is drawn from this: to make another generator takes long."""
        return self.rounding.noise.random

    @property
    def tangents(self) -> Mapping[str, Array]:
        """Random directions of the inputs, drawn when they are first asked for."""
        if not self._tangents:
            types = Types(self.dtype, self._reference)
            for tensor in self.program.wrt:
                self._tangents[tensor.name] = draw_like(self.value(tensor.name).shape, types, self.random)
        return self._tangents

    @property
    def tied(self) -> bool:
        """Whether branches meet here, or next to the point: it is too near to where they do for differences."""
        return bool(self.kinks)

    @property
    def where(self) -> str:
        """Where it is, in words, if it is no point that random inputs are likely to be; else empty."""
        return self.peculiar or ("at ties" if self.grid else "next to another branch" if self.tied else "")

    @property
    def label(self) -> str:
        """The sizes in words; empty for the spec's own."""
        return label(self.sizes)

    def value(self, name: str) -> Array:
        """The reference's value of a tensor."""
        return self.forward.context.arrays[name]

    def inputs(self) -> list[Array]:
        """Fresh copies of the inputs in the type that is checked, in the order of the spec."""
        return [np.array(self.narrow(value)) for value in self.values]

    def extended(self, statements: Sequence[Statement]) -> Sample:
        """The sample with the values of more tensors, exact and under random rounding; they have no bounds."""
        exact = replace(self.forward.context, arrays=dict(self.forward.context.arrays), sizes=self.sizes)
        noise = self.rounding.noise
        moved = replace(exact, arrays=dict(self.moved), dtype=self.rounding.dtype, batch=noise.batch, noise=noise)
        for statement in statements:
            run(statement, exact)
            run(statement, moved)
        return replace(self, forward=replace(self.forward, context=exact), moved=moved.arrays)

    def bound(self, name: str) -> Array:
        """How far rounding in ``dtype`` may move the value of a tensor."""
        if name not in self._bounds:
            self._bounds[name] = self.rounding.bound(self.moved[name], self.value(name))
        return self._bounds[name]

    def own_bound(self, name: str) -> Array:
        """How far rounding in the reference's own type may."""
        return self.finer(self.bound(name))

    def bounds_near(self, reach: Mapping[str, Any]) -> dict[str, Array]:
        """The same for the outputs where the elements of some inputs are moved by up to as much as ``reach`` says.

        Of a polynomial the error only grows with the size of the variables: it is no smaller than at the point,
        whatever few draws say.
        """
        bounds = {output.name: self.own_bound(output.name) for output in self.program.outputs}
        if not any(reach.values()):
            return bounds
        dependent = depending_on(self.program, [tensor for tensor in self.program.wrt if tensor.name in reach])
        how = self.rounding.rough if unit_roundoff(self._reference) < unit_roundoff(self.dtype) else self.rounding
        moved = self._moved_near(reach, dependent, how)
        for output in self.program.outputs:
            if output in dependent and moved[output.name].ndim > output.order:
                there_alone = how.bound(moved[output.name], moved[output.name][0])
                bounds[output.name] = np.maximum(bounds[output.name], self.finer(there_alone))
        return bounds

    def _moved_near(self, reach: Mapping[str, Any], dependent: set[Tensor], how: Rounding) -> Mapping[str, Array]:
        """What depends on the inputs in ``reach``, under random rounding and where these are further from 0."""
        undefined = {tensor.name for tensor in dependent} - reach.keys()
        given = {name: array for name, array in self.forward.context.arrays.items() if name not in undefined}
        for wrt, far in reach.items():
            given[wrt] = given[wrt] + np.where(given[wrt] < 0, -far, far)
        known = {name: array for name, array in self.moved.items() if name not in reach}
        context = noisy(self.forward.context, given, how.noise, how.dtype, known)
        for statement in self.program.statements:
            if not dependent.isdisjoint(defined_tensors(statement)):
                run(statement, context)
        return context.arrays

    @property
    def _reference(self) -> np.dtype[Any]:
        return self.forward.context.dtype

    def finer(self, bound: Array) -> Array:
        """What a bound on errors of rounding in ``dtype`` is in the reference's own type."""
        reference = self._reference
        return np.asarray(bound * reference.type(unit_roundoff(reference) / self.rounding.roundoff))


def label(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={size}" for name, size in sizes.items())
