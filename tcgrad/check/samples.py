"""A point at which everything is compared: the inputs, the forward values, and how far rounding moves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np

from tcgrad.calculus.dependence import depending_on
from tcgrad.check.effort import Effort, choose_effort
from tcgrad.check.forward import Forward, Kinks, evaluate_forward, noisy, same_branches, shaken
from tcgrad.check.kinks import felt, kinks_beside
from tcgrad.check.points import Point
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.rounding import Rounding, rounding
from tcgrad.check.sampling import Types, draw_inputs, draw_like, draw_upstream, round_inputs, turn_of
from tcgrad.check.traits import Traits, traits_of
from tcgrad.evaluate import Array, SmoothFunction, instantiate_abstract
from tcgrad.evaluate.intrinsics import condition
from tcgrad.evaluate.statements import run
from tcgrad.ir.program import Intrinsic, Program, Statement, defined_tensors
from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass, replace

_ATTEMPTS = 40

# How often what the inputs are multiples of is halved, in one attempt after the other, until branches meet: the coarser
# it is, the more of them do.
_HALVED = (0, 0, 1, 2, 2)

# So many attempts are made to have branches meet at all; once they do, so many at least to have others meet, and as
# many as have so many elements together, for of few elements few do.
_FIRST_TIES, _MORE_TIES, _MOST_TIES = 16, 4, 32
_TRIED = 2**10

# The condition of a matrix in units of rounding, up to which an inverse has a digit that is right.
_REGULAR = 0.1


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
        """Where branches meet, in words; empty if they do nowhere near."""
        return ("at ties" if self.grid else "next to another branch") if self.tied else ""

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


@dataclass(frozen=True)
class Sampler:
    """Draws samples of a program at some sizes, for comparisons along a direction alone if it is ``directional``."""

    traits: Traits
    sizes: Mapping[str, int]
    directional: bool = False

    @property
    def program(self) -> Program:
        return self.traits.program

    @property
    def label(self) -> str:
        """The sizes in words; empty for the spec's own."""
        return label(self.sizes)

    def effort(self, dtype: np.dtype[Any], trials: int = 1) -> Effort:
        return choose_effort(self.traits.cost, dtype, trials, directional=self.directional)

    def draw(self, dtype: np.dtype[Any], seed: tuple[int, ...], first: int = 0) -> Sample | str:
        """A sample at which everything is finite and no branch is in doubt -> the sample, or why there is none.

        first: how many attempts are left out; later ones draw smaller values.
        """
        doubtful: Sample | None = None
        reason, effort, functions = "", self.effort(dtype), self._functions(seed)
        types, turn = Types(dtype, effort.reference), turn_of(seed)
        for attempt in range(first, first + _ATTEMPTS):
            random = np.random.default_rng([*seed, attempt])
            inputs = draw_inputs(self.program, self.traits.demands, types, random, attempt, turn=turn)
            forward = evaluate_forward(self.program.statements, inputs, effort.reference, functions=functions)
            reason = self.undefined(forward, dtype)
            if not reason:
                sample = self.sample(forward, dtype, random, turn, functions)
                if not sample.in_doubt:
                    return sample
                doubtful = doubtful if doubtful and doubtful.is_settled >= sample.is_settled else sample
        return doubtful or reason

    def draw_tied(
        self, dtype: np.dtype[Any], seed: tuple[int, ...], first: int = 0, known: Kinks = frozenset()
    ) -> Sample | str:
        """A sample of whole numbers, or of halves or quarters, at which branches meet and outputs feel which is taken,
        out of a few the one at which they do at most decisions -> the sample, or why there is none.

        first: how many attempts are left out.
        known: decisions by which that was so elsewhere: here it is by others.
        """
        best: Sample | None = None
        more = min(max(_MORE_TIES, _TRIED // self.traits.cost.elements), _MOST_TIES)
        attempt, left = 0, more if known else max(_FIRST_TIES, more)
        while left:
            halved = _HALVED[attempt % len(_HALVED)]
            sample = self._tied(dtype, (*seed, first + attempt), halved, known, len(best.kinks) if best else 0)
            attempt, left = attempt + 1, left - 1
            if sample:
                if sample.kinks | known >= sample.forward.kinks:
                    return sample
                best, left = sample, left if best else min(left, more)
        return best or "no tie was met"

    def _tied(
        self, dtype: np.dtype[Any], seed: tuple[int, ...], halved: int, known: Kinks, least: int
    ) -> Sample | None:
        """A sample where inputs are numbers of few digits, if rounding in ``dtype`` decides nothing there and branches
        meet that outputs feel, by more than ``least`` decisions else than those ``known``."""
        program, demands, reference = self.program, self.traits.demands, self.effort(dtype).reference
        random, turn = np.random.default_rng(seed), turn_of(seed)
        drawn = draw_inputs(program, demands, Types(dtype, reference), random, 0, turn=turn)
        inputs, grid = round_inputs(program, demands, drawn, halved)
        functions = self._functions(seed)
        forward = evaluate_forward(program.statements, inputs, reference, functions=functions)
        kinks = kinks_beside(forward, random) - known
        if len(kinks) <= least or self.undefined(forward, dtype):
            return None
        narrow = evaluate_forward(program.statements, _narrowed(inputs, dtype), dtype, functions=functions)
        if not same_branches(forward, narrow):
            return None
        if not self.traits.why_not_complex_on_a_branch:
            kinks = felt(kinks, forward, program, random)
        if len(kinks) <= least:
            return None
        sample = self.sample(forward, dtype, random, turn, functions, kinks=kinks, grid=grid)
        return None if sample.in_doubt else sample

    def _functions(self, seed: tuple[int, ...]) -> dict[str, SmoothFunction]:
        """Some that stand for the abstract ones."""
        abstract = self.traits.abstract
        return instantiate_abstract(abstract, np.random.default_rng(seed)) if abstract else {}

    def undefined(self, forward: Forward, dtype: np.dtype[Any]) -> str:
        """What is not finite, too large for ``dtype``, or decided by rounding in it alone; empty if all is well."""
        singular = next((matrix for matrix in self._inverted if _is_singular(forward, matrix, dtype)), None)
        if singular is not None:
            where = f"at every one of {_ATTEMPTS} random inputs; `sample` can say where it is not"
            return f"{singular.name} is singular to rounding {where}"
        largest = np.finfo(dtype).max / 64
        for tensor in self.program.outputs:
            values = forward.context.arrays[tensor.name]
            if not np.isfinite(values).all():
                return f"{tensor.name} is not finite at any of {_ATTEMPTS} random inputs; `sample` can say where it is"
            if np.abs(values).max(initial=0) > largest:
                return f"{tensor.name} overflows {dtype} at every one of {_ATTEMPTS} random inputs"
        return ""

    @cached_property
    def _inverted(self) -> tuple[Tensor, ...]:
        """The matrices of which there is an inverse or a determinant, each once."""
        intrinsics = (statement for statement in self.program.statements if isinstance(statement, Intrinsic))
        return tuple(dict.fromkeys(statement.operand for statement in intrinsics))

    def sample(
        self, forward: Forward, dtype: np.dtype[Any], random: np.random.Generator, turn: int,
        functions: Mapping[str, SmoothFunction], *, kinks: Kinks = frozenset(), grid: float = 0.0,
    ) -> Sample:  # fmt: skip
        effort = self.effort(dtype)
        types = Types(dtype, effort.reference)
        upstream = draw_upstream(self.program, types, random, turn)
        how = rounding(dtype, effort, random, grid)
        moved = shaken(forward, how.noise, how.dtype)
        is_settled = not moved.flipped.any()
        if moved.has_ties:
            # They may be equal in one order of the operations alone.
            stricter = replace(how, noise=replace(how.noise, near=0.0, leaves_short=True))
            again = shaken(forward, stricter.noise, stricter.dtype)
            how, moved = (stricter, again) if again.flipped.any() else (how, moved)
        in_doubt = bool(moved.flipped.any())
        return Sample(
            self.traits,
            self.sizes,
            dtype,
            effort,
            forward,
            moved.arrays,
            replace(how, flipped=moved.flipped) if in_doubt else how,
            upstream,
            functions,
            in_doubt,
            is_settled,
            kinks,
            grid,
        )


def _is_singular(forward: Forward, matrix: Tensor, dtype: np.dtype[Any]) -> bool:
    """Whether rounding may be all of an inverse; LAPACK works in single or double precision, whatever ``dtype`` is."""
    value = forward.context.arrays[matrix.name]
    if not np.isfinite(value).all():
        return False
    finest, coarsest = (unit_roundoff(np.dtype(each)) for each in (np.float64, np.float32))
    roundoff = min(max(unit_roundoff(dtype), finest), coarsest)
    return not condition(value.astype(forward.context.dtype)) * roundoff < _REGULAR


def label(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={size}" for name, size in sizes.items())


def _narrowed(inputs: Mapping[str, Array], dtype: np.dtype[Any]) -> dict[str, Array]:
    return {name: array.astype(dtype) if array.dtype.kind == "f" else array for name, array in inputs.items()}


def sampler(program: Program, sizes: Mapping[str, int] | None = None, *, directional: bool = False) -> Sampler:
    return Sampler(traits_of(program), sizes or {}, directional)
