"""Samples are drawn: at random, until everything is defined and no branch is in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tcgrad.check.effort import Effort, choose_effort
from tcgrad.check.forward import Forward, Kinks, evaluate_forward, shaken
from tcgrad.check.precision import unit_roundoff
from tcgrad.check.program.traits import Traits, traits_of
from tcgrad.check.sampling.random_inputs import Types, draw_inputs, draw_upstream, turn_of
from tcgrad.check.sampling.rounding import rounding
from tcgrad.check.sampling.samples import Sample, label
from tcgrad.evaluate import SmoothFunction, instantiate_abstract
from tcgrad.evaluate.intrinsics import condition
from tcgrad.ir.program import Intrinsic, Program
from tcgrad.ir.tensors import Tensor
from tcgrad.records import cached_property, dataclass, replace

_ATTEMPTS = 40

# The condition of a matrix in units of rounding, up to which an inverse has a digit that is right.
_REGULAR = 0.1


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
        reason, effort, functions = "", self.effort(dtype), self.functions(seed)
        types, turn = Types(dtype, effort.reference), turn_of(seed)
        for attempt in range(first, first + _ATTEMPTS):
            random = np.random.default_rng([*seed, attempt])
            inputs = draw_inputs(self.program, self.traits.demands, types, random, attempt, turn=turn)
            forward = evaluate_forward(self.program.statements, inputs, effort.reference, functions=functions)
            reason = self.why_undefined(forward, dtype)
            if not reason:
                sample = self.sampled(forward, dtype, random, turn, functions)
                if not sample.in_doubt:
                    return sample
                doubtful = doubtful if doubtful and doubtful.is_settled >= sample.is_settled else sample
        return doubtful or reason

    def functions(self, seed: tuple[int, ...]) -> dict[str, SmoothFunction]:
        """Some that stand for the abstract ones."""
        abstract = self.traits.abstract
        return instantiate_abstract(abstract, np.random.default_rng(seed)) if abstract else {}

    def why_undefined(self, forward: Forward, dtype: np.dtype[Any]) -> str:
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

    def sampled(
        self, forward: Forward, dtype: np.dtype[Any], random: np.random.Generator, turn: int,
        functions: Mapping[str, SmoothFunction], *, kinks: Kinks = frozenset(), grid: float = 0.0, peculiar: str = "",
    ) -> Sample:  # fmt: skip
        """The sample at a point, the upstream gradients and the rounding drawn from ``random``.

        kinks, grid, peculiar: those of the sample.
        """
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
            peculiar,
        )


def _is_singular(forward: Forward, matrix: Tensor, dtype: np.dtype[Any]) -> bool:
    """Whether rounding may be all of an inverse; LAPACK works in single or double precision, whatever ``dtype`` is."""
    value = forward.context.arrays[matrix.name]
    if not np.isfinite(value).all():
        return False
    finest, coarsest = (unit_roundoff(np.dtype(each)) for each in (np.float64, np.float32))
    roundoff = min(max(unit_roundoff(dtype), finest), coarsest)
    return not condition(value.astype(forward.context.dtype)) * roundoff < _REGULAR


def sampler(program: Program, sizes: Mapping[str, int] | None = None, *, directional: bool = False) -> Sampler:
    return Sampler(traits_of(program), sizes or {}, directional)
