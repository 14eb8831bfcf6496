"""Abstract functions made concrete: random smooth functions whose derivatives of every order are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.functions import Function
from tcgrad.records import dataclass

_WAVES = 4


@dataclass(frozen=True)
class SmoothFunction:
    """``f(a, b, ...) = Σₖ amplitudeₖ · sin(Σⱼ frequencyₖⱼ·aⱼ + phaseₖ)``.

    All numbers are multiples of 1/16, so that the function is the same one in every floating-point type.
    """

    amplitudes: tuple[float, ...]
    frequencies: tuple[tuple[float, ...], ...]
    phases: tuple[float, ...]

    def __call__(self, orders: tuple[int, ...], arguments: list[NDArray[Any]]) -> NDArray[Any]:
        """The derivative of the given ``orders``, one for each argument, at ``arguments``."""
        waves = self._waves(orders, arguments)
        return np.asarray(sum(scale * _shifted_sine(angle, sum(orders)) for scale, angle in waves))

    def magnitude(self, orders: tuple[int, ...], arguments: list[NDArray[Any]]) -> NDArray[Any]:
        """What the rounding error of that is in proportion to: the sizes of all waves, times those of their angles."""
        waves = self._waves(orders, arguments)
        return np.asarray(sum(np.abs(scale) * (1 + np.abs(angle)) for scale, angle in waves))

    def _waves(self, orders: tuple[int, ...], arguments: list[NDArray[Any]]) -> Iterator[tuple[Any, Any]]:
        """The factor and the angle of each sine, or of its derivative."""
        kind = arguments[0].dtype.type
        for amplitude, frequencies, phase in zip(self.amplitudes, self.frequencies, self.phases, strict=True):
            angle = sum((kind(w) * a for w, a in zip(frequencies, arguments, strict=True)), kind(phase))
            yield kind(amplitude * prod(w**n for w, n in zip(frequencies, orders, strict=True))), angle


def _shifted_sine(angle: NDArray[Any], order: int) -> NDArray[Any]:
    """The derivative of the given order of the sine."""
    wave = np.cos(angle) if order % 2 else np.sin(angle)
    return np.asarray(-wave if order % 4 in (2, 3) else wave)


def instantiate_abstract(functions: Iterable[Function], random: np.random.Generator) -> dict[str, SmoothFunction]:
    """A random smooth function for each abstract function, by its name without primes.

    The frequencies stay below 1.5, so that the functions vary over lengths of about 1.
    """
    arities = {function.name.partition("'")[0]: function.arity for function in functions if function.is_abstract}
    return {name: _draw(arity, random) for name, arity in sorted(arities.items())}


def _draw(arity: int, random: np.random.Generator) -> SmoothFunction:
    def sixteenths(low: int, high: int) -> float:
        return float(random.integers(low, high)) / 16

    return SmoothFunction(
        amplitudes=tuple(sixteenths(4, 16) for _ in range(_WAVES)),
        frequencies=tuple(tuple(sixteenths(6, 24) for _ in range(arity)) for _ in range(_WAVES)),
        phases=tuple(sixteenths(0, 96) for _ in range(_WAVES)),
    )
