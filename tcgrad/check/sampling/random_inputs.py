"""Random inputs: as declared, in the domain of every function, and never such that they could hide a mistake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, floor, inf, log2
from typing import Any

import numpy as np

from tcgrad.check.precision import power_below
from tcgrad.check.program.domains import Demands, Interval
from tcgrad.check.program.reach import ALL, Span
from tcgrad.evaluate import Array
from tcgrad.ir.program import Input, Program
from tcgrad.records import dataclass
from tcgrad.spec.model import SampleKind

Random = np.random.Generator

# What has elements that may be any numbers in a range.
_FREE: tuple[SampleKind, ...] = ("normal", "uniform", "positive")

# A range has so many numbers that values in it are rounded to, at least and at most: several are equal then.
_FEWEST, _MOST = 3, 32

# What an input without a declared sample is tried with, one after the other, until everything is defined.
_TRIED: tuple[Interval, ...] = ((0.0, inf), (0.0, 1.0), (-1.0, 1.0), (1.0, inf))


@dataclass(frozen=True)
class Types:
    """The type that is checked and that of the reference."""

    checked: np.dtype[Any]
    reference: np.dtype[Any]


def draw_inputs(
    program: Program, demands: Demands, types: Types, random: Random, attempt: int, *, turn: int
) -> dict[str, Array]:
    """Values of every input: of the real ones in the type of the reference, but numbers of the checked one.

    attempt: how many draws have failed before; later draws try other intervals and smaller scales.
    turn: a single element that may have any value has either sign in one of two turns, if the first draw will do.
    """
    drawn = {}
    for place, item in enumerate(program.inputs):
        value = _Draw(item, demands, random, attempt, _sign(place, turn)).value()
        drawn[item.tensor.name] = exact(value, types) if item.tensor.is_real else value
    return drawn


def round_inputs(
    program: Program, demands: Demands, drawn: Mapping[str, Array], halved: int
) -> tuple[dict[str, Array], float]:
    """The values that were drawn, real ones rounded to numbers of few digits so far as declarations and domains allow:
    to whole ones, or, in a range that holds few or many of them, to multiples of a power of two -> the values, and the
    least such power, or 1.

    halved: how often what they are multiples of is halved.
    """
    rounded, least = dict(drawn), 1.0
    for item in program.inputs:
        name, value = item.tensor.name, drawn[item.tensor.name]
        limits = range_of(item, demands)
        if limits is not None:
            low, high = limits
            least = min(least, _unit(low, high) / 2**halved)
            unit = value.dtype.type(_unit(low, high) / 2**halved)
            short = np.round(value / unit) * unit
            short = short + unit * (short <= low) - unit * (short >= high)
            rounded[name] = np.where((short > low) & (short < high), short, value)
    return rounded, least


def _unit(low: float, high: float) -> float:
    """1, or the power of two next to it of which a range between two numbers has `_FEWEST` to `_MOST` multiples."""
    if high - low == inf:
        return 1.0
    largest, smallest = (log2((high - low) / parts) for parts in (_FEWEST + 1, _MOST))
    return 2.0 ** min(floor(largest), max(ceil(smallest), 0))


def range_of(item: Input, demands: Demands) -> Interval | None:
    """Between which numbers each element of an input may be any, whatever the others are; None if it may not."""
    if not item.tensor.is_real or item.sample.kind not in _FREE:
        return None
    low, high = demands.intervals.get(item.tensor.name, (-inf, inf))
    return max(low, _least(item)), min(high, inf if item.sample.high is None else item.sample.high)


def limits_of(item: Input, demands: Demands) -> Interval | None:
    """The same for inputs of any type; whole numbers lie between those that they may not be."""
    if item.tensor.is_real:
        return range_of(item, demands)
    if item.sample.kind not in ("normal", "integers"):
        return None
    values = _span_of(item, demands)
    return values.low - 1, values.high + 1


def _span_of(item: Input, demands: Demands) -> Span:
    """The whole numbers or truth values that are drawn for an input.

    At other sizes than the spec's own a declared range may reach beyond the tensor that it indexes.
    """
    name, low, high = item.tensor.name, item.sample.low, item.sample.high
    if item.sample.kind == "integers" and low is not None and high is not None:
        values = Span(int(low), int(high) - 1) & demands.reach.inside.get(name, ALL)
        return Span(min(values.low, values.high), values.high)
    return demands.reach.values(name) or Span(0, 1 if item.tensor.dtype == "bool" else 2)


def _least(item: Input) -> float:
    if item.sample.kind == "positive":
        return 0.0
    return -inf if item.sample.low is None else item.sample.low


def exact(value: Array, types: Types) -> Array:
    """``value`` rounded to numbers of the checked type to which a step can be added without rounding.

    In the reference's type every entry is a multiple of a small power of two, of which the largest entry leaves
    four bits unused.
    """
    reference = types.reference
    value = value.astype(reference)
    largest = float(np.abs(value).max(initial=0))
    if largest == 0:
        return value
    grid = power_below(largest, reference) / reference.type(2) ** (int(np.finfo(reference).nmant) - 3)
    rounded = np.asarray(np.rint(value / grid) * grid)
    return rounded.astype(types.checked, copy=False).astype(reference, copy=False)


def draw_like(shape: tuple[int, ...], types: Types, random: Random) -> Array:
    """A random direction or upstream gradient, in the type of the reference."""
    return exact(random.normal(size=shape), types)


def draw_upstream(program: Program, types: Types, random: Random, turn: int) -> dict[str, Array]:
    """Random gradients of the outputs; those of a single element have either sign in one of two turns."""
    drawn = {}
    for place, of in enumerate(program.outputs):
        value = draw_like(tuple([size.value for size in of.shape]), types, random)
        drawn[of.name] = np.abs(value) * _sign(place, turn) if value.size == 1 else value
    return drawn


def turn_of(seed: tuple[int, ...]) -> int:
    """Which turn it is: those of one seed, which comes first, are told apart by numbers from 0 behind it."""
    return sum(seed[1:])


def _sign(place: int, turn: int) -> int:
    """A sign that changes from the first turn to the second, from the third to the fourth, and so on. Those of two
    places differ in some of these pairs, at first those of neighbours, and are alike in others.
    """
    return -1 if (turn + (place & (turn // 2 + 1)).bit_count()) % 2 else 1


@dataclass(frozen=True)
class _Draw:
    """One draw of one input.

    sign: that of a single element, if it may have any value and is drawn for the first time.
    """

    item: Input
    demands: Demands
    random: Random
    attempt: int
    sign: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(size.value for size in self.item.tensor.shape)

    def value(self) -> Array:
        tensor = self.item.tensor
        value = np.asarray(_KINDS[self.item.sample.kind](self))
        if tensor.symmetric and tensor.order >= 2:
            value = (value + np.swapaxes(value, -1, -2)) / 2
        if tensor.dtype == "bool":
            return value.astype(bool)
        return value.astype(np.int64) if tensor.dtype == "int" else value

    def normal(self) -> Array:
        """Nothing is declared: normal, if that is in every domain."""
        name = self.item.tensor.name
        if not self.item.tensor.is_real:
            return self._whole()
        if name in self.demands.intervals:
            return self._within(self.demands.intervals[name])
        if name in self.demands.involved and self.attempt > 0:
            choice = 0 if self.attempt == 1 else int(self.random.integers(-1, len(_TRIED)))
            if choice >= 0:
                return self._within(_TRIED[choice])
        value = np.asarray(0.5 ** (self.attempt // 6) * self.random.normal(size=self.shape))
        return self.sign * np.abs(value) if value.size == 1 and self.attempt == 0 else value

    def _whole(self) -> Array:
        """One of fewer and fewer numbers, the least ones: with others something may never be defined."""
        values = _span_of(self.item, self.demands)
        count = max(1, (values.high - values.low + 1) >> (self.attempt // 4))
        return np.asarray(self.random.integers(values.low, values.low + count, self.shape))

    def _within(self, interval: Interval) -> Array:
        """Well inside an interval, where functions are neither steep nor flat."""
        low, high = interval
        if low == -inf and high == inf:
            return np.asarray(self.random.normal(size=self.shape))
        if high == inf:
            return np.asarray(low + np.exp(0.5 * self.random.normal(size=self.shape)))
        if low == -inf:
            return np.asarray(high - np.exp(0.5 * self.random.normal(size=self.shape)))
        margin = 0.1 * (high - low)
        return np.asarray(self.random.uniform(low + margin, high - margin, self.shape))

    def positive(self) -> Array:
        low, high = self.demands.intervals.get(self.item.tensor.name, (0.0, inf))
        return self._within((max(0.0, low), high))

    def simplex(self) -> Array:
        weights = self.random.exponential(size=self.shape) + 0.1
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))

    def spd(self) -> Array:
        root = self.random.normal(size=self.shape)
        return np.asarray(root @ np.swapaxes(root, -1, -2) / self.shape[-1] + 0.5 * np.eye(self.shape[-1]))

    def uniform(self) -> Array:
        low, high = self._declared()
        return np.asarray(self.random.uniform(low, high, self.shape))

    def integers(self) -> Array:
        values = _span_of(self.item, self.demands)
        return np.asarray(self.random.integers(values.low, values.high + 1, self.shape))

    def one_hot(self) -> Array:
        return np.asarray(np.eye(self.shape[-1])[self.random.integers(0, self.shape[-1], self.shape[:-1])])

    def _declared(self) -> tuple[float, float]:
        low, high = self.item.sample.low, self.item.sample.high
        return (0.0 if low is None else low), (1.0 if high is None else high)


_KINDS: dict[SampleKind, Callable[[_Draw], Array]] = {
    "normal": _Draw.normal,
    "positive": _Draw.positive,
    "simplex": _Draw.simplex,
    "spd": _Draw.spd,
    "uniform": _Draw.uniform,
    "integers": _Draw.integers,
    "one_hot": _Draw.one_hot,
}
