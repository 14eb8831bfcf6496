"""Points some of whose elements are peculiar: 0, equal, tiny or large. Code may be wrong for these alone, as where it
divides by what it need not or overflows, and random inputs hold none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

import numpy as np

from tcgrad.check.domains import Demands, Interval
from tcgrad.check.forward import Forward, Kinks, evaluate_forward
from tcgrad.check.kinks import felt, flips_beside
from tcgrad.check.points import Point
from tcgrad.check.random_inputs import Random, Types, draw_inputs, draw_upstream, exact, range_of, turn_of
from tcgrad.check.sampler import Sampler
from tcgrad.check.samples import Sample
from tcgrad.check.traits import Traits
from tcgrad.evaluate import Array, SmoothFunction
from tcgrad.ir.program import Input, Program
from tcgrad.records import dataclass, replace

# The number of the first of these points, after the samples on either side of branches.
PECULIAR = 2**22

# At first all inputs have peculiar elements, then fewer: with those of the others a branch may end there, or a formula
# have no value.
ATTEMPTS = 4

# One element of so many is peculiar, and one at least: the others tell how large a derivative is.
_ONE_OF = 4

# Powers of two that tiny and large elements are near. Few random elements are as large as the large ones; of the very
# large ones some have exponentials that overflow in single precision, and none has one whose square does in double.
_TINY = (-30, -12, -44, -20)
_LARGE = (4, 3, 2)
_VERY_LARGE = (7, 6)

# Of large elements so many may be multiplied before anything overflows: code may well multiply more of them than a
# formula does that says the same.
_FACTORS = 12


@dataclass(frozen=True)
class _Elements:
    """The elements of an input that are to be peculiar, and what they may be made of.

    others: the other elements. twins: those at the same places in an input of the same shape, if there is one.
    dtype: the type that is checked. attempt: so many draws have failed before.
    """

    chosen: Array
    others: Array
    twins: Array | None
    dtype: np.dtype[Any]
    random: Random
    attempt: int

    def zero(self) -> Array:
        return self.chosen * 0

    def equal(self) -> Array:
        """All are one of the other elements."""
        return np.full_like(self.chosen, self.random.choice(self.others)) if self.others.size else self.chosen

    def shared(self) -> Array:
        return self.chosen if self.twins is None else self.twins

    def subnormal(self) -> Array:
        return self._near((int(np.finfo(self.dtype).minexp) - 2,), -1)

    def near(self, powers: tuple[int, ...], sign: int) -> Array:
        """Numbers near those of some powers of two that the type has room for, of either sign in turn; ``sign`` is that
        of the first.

        In later attempts some of the powers are left out, for with these a formula may have overflown.
        """
        kind = np.finfo(self.dtype)
        fit = [power for power in powers if kind.minexp <= power <= kind.maxexp / _FACTORS]
        return self._near(fit[self.attempt % len(fit) :], sign) if fit else self.chosen

    def _near(self, powers: Sequence[int], sign: int) -> Array:
        mantissas = (1 + self.random.random(self.chosen.shape)).astype(self.chosen.dtype)
        sizes = np.ldexp(mantissas, np.resize(powers, self.chosen.shape))
        return np.asarray(np.resize([sign, -sign], self.chosen.shape) * sizes)


@dataclass(frozen=True)
class Peculiarity:
    """where: what is wrong for peculiar elements alone is wrong, in words. change: makes them.

    in_rows: whether they are all elements of some rows, or of a vector.
    """

    where: str
    change: Callable[[_Elements], Array]
    in_rows: bool = False


PECULIARITIES = (
    Peculiarity("where elements are 0", _Elements.zero),
    Peculiarity("where whole rows are 0", _Elements.zero, in_rows=True),
    Peculiarity("where elements are equal", _Elements.equal),
    Peculiarity("where elements of two inputs are equal", _Elements.shared),
    Peculiarity("where elements are tiny", lambda elements: elements.near(_TINY, 1)),
    Peculiarity("where elements are subnormal", _Elements.subnormal),
    *(Peculiarity("where elements are large", partial(_Elements.near, powers=_LARGE, sign=sign)) for sign in (1, -1)),
    *(
        Peculiarity("where elements are very large", partial(_Elements.near, powers=_VERY_LARGE, sign=sign))
        for sign in (1, -1)
    ),
)


@dataclass(frozen=True)
class PeculiarPoint(Point):
    """A point with peculiar elements, where the outputs are finite.

    source: what samples are drawn with. where: what is wrong there alone is wrong, in words.
    upstream: gradients of the outputs, of which some may be peculiar, too.
    """

    traits: Traits
    sizes: Mapping[str, int]
    dtype: np.dtype[Any]
    source: Sampler
    where: str
    forward: Forward
    upstream: Mapping[str, Array]
    functions: Mapping[str, SmoothFunction]
    random: Random
    turn: int

    def value(self, name: str) -> Array:
        return self.forward.context.arrays[name]

    def sample(self) -> Sample | None:
        """The sample there, if the equations are smooth and rounding decides nothing."""
        kinks = flips_beside(self.forward, self.random)
        if kinks and not self._is_smooth(kinks):
            return None
        sample = self.source.sampled(
            self.forward, self.dtype, self.random, self.turn, self.functions, kinks=kinks, peculiar=self.where
        )
        return None if sample.in_doubt else replace(sample, upstream=self.upstream)

    def _is_smooth(self, flips: Kinks) -> bool:
        """Whether it is at no kink or jump that outputs feel, at no pole, and not where a root ends, though other
        branches are taken next to it."""
        if self.traits.why_not_complex_on_a_branch or not flips <= self.forward.kinks:
            return False
        return not felt(flips, self.forward, self.program, self.random)


def draw_peculiar(
    source: Sampler, dtype: np.dtype[Any], seed: tuple[int, ...], peculiarity: Peculiarity, attempt: int
) -> PeculiarPoint | None:
    """A point with peculiar elements, in later ones of `ATTEMPTS` of fewer inputs -> the point, or None."""
    program, traits, types = source.program, source.traits, Types(dtype, source.effort(dtype).reference)
    random, turn = np.random.default_rng([*seed, attempt]), turn_of(seed)
    drawn = draw_inputs(program, traits.demands, types, random, 0, turn=turn)
    making = _Making(peculiarity, types, random, attempt)
    inputs = drawn | making.inputs(program, traits.demands, drawn)
    usual, functions = draw_upstream(program, types, random, turn), source.functions(seed)
    upstream = making.upstream(usual)
    if _are_same(inputs, drawn) and _are_same(upstream, usual):
        return None
    forward = evaluate_forward(program.statements, inputs, types.reference, functions=functions)
    if source.why_undefined(forward, dtype):
        return None
    where = peculiarity.where
    return PeculiarPoint(traits, source.sizes, dtype, source, where, forward, upstream, functions, random, turn)


@dataclass(frozen=True)
class _Making:
    """How arrays are given peculiar elements."""

    peculiarity: Peculiarity
    types: Types
    random: Random
    attempt: int

    def inputs(self, program: Program, demands: Demands, drawn: Mapping[str, Array]) -> dict[str, Array]:
        """The inputs that have peculiar elements: all in the first attempt, then fewer, none at last."""
        changed: dict[str, Array] = {}
        for item in program.inputs:
            name, limits = item.tensor.name, range_of(item, demands)
            if limits is None or self.random.random() < self.attempt / (ATTEMPTS - 1):
                continue
            twin = next((array for array in changed.values() if array.shape == drawn[name].shape), None)
            changed[name] = self._exact(_mirrored(item, self._changed(drawn[name], twin, limits)))
        return changed

    def upstream(self, drawn: Mapping[str, Array]) -> dict[str, Array]:
        """Gradients of the outputs with peculiar elements; where there is but one, it is never so small that nothing
        is left to be compared."""
        changed = {name: self._exact(self._changed(array)) for name, array in drawn.items()}
        return {
            name: array if array.size > 1 or np.abs(array).max(initial=0) >= 1 else drawn[name]
            for name, array in changed.items()
        }

    def _changed(self, array: Array, twin: Array | None = None, limits: Interval = (-inf, inf)) -> Array:
        """An array some of whose elements are peculiar, so far as they lie within ``limits``."""
        flat = array.reshape(-1)
        rows = np.arange(flat.size).reshape(len(array) if self.peculiarity.in_rows and array.ndim > 1 else 1, -1)
        rows = rows if self.peculiarity.in_rows else rows.T
        chosen, others = np.split(self.random.permutation(rows), [max(1, len(rows) // _ONE_OF)])
        chosen, others = chosen.reshape(-1), others.reshape(-1)
        twins = None if twin is None else twin.reshape(-1)[chosen]
        elements = _Elements(flat[chosen], flat[others], twins, self.types.checked, self.random, self.attempt)
        found, made = self.peculiarity.change(elements), flat.copy()
        made[chosen] = np.where((found > limits[0]) & (found < limits[1]), found, flat[chosen])
        return made.reshape(array.shape)

    def _exact(self, value: Array) -> Array:
        """As `exact`, but for numbers so small that they would be 0: what a step leaves of them does not matter."""
        found = exact(value, self.types)
        return np.where(found == 0, value.astype(self.types.checked), found).astype(found.dtype)


def _are_same(first: Mapping[str, Array], second: Mapping[str, Array]) -> bool:
    return all(np.array_equal(array, second[name]) for name, array in first.items())


def _mirrored(item: Input, array: Array) -> Array:
    """What is declared to be symmetric, so again: as it is above the diagonal."""
    if not item.tensor.symmetric or array.ndim < 2:
        return array
    return np.asarray(np.triu(array) + np.swapaxes(np.triu(array, 1), -1, -2))
