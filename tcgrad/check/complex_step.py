"""The complex step: the imaginary part of ``f(x + ihv)`` over ``h`` is the derivative along ``v`` (Squire and Trapp).

No difference is taken, so that ``h`` may be so small that its square is lost. What is left is rounding, and how far
that moves the quotient is found by evaluating it with a random error in every operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.directions import Directions
from tcgrad.check.estimate import Estimate, in_chunks
from tcgrad.check.forward import CHUNK, Forward, neighbours
from tcgrad.check.precision import lost_when_squared, unit_roundoff
from tcgrad.check.rounding import LARGER, ROUGH, Rounding, nearest
from tcgrad.evaluate import Array, Noise
from tcgrad.evaluate.labelled import batch_of
from tcgrad.evaluate.parts import together
from tcgrad.evaluate.statements import run
from tcgrad.records import cached_property, dataclass, replace

METHOD = "complex step"

STEP = 2.0**-100
_FAR_BEYOND = 2.0**20
_SQUARE = _FAR_BEYOND * STEP**2  # the most that a third derivative makes of it
# So far within the errors of the type that is checked is the reference's that one draw of its own will do.
DRAWS = 1


@dataclass(frozen=True)
class ComplexSteps:
    """Complex steps from the point of ``forward``, whose equations are analytic.

    random: what errors are drawn from, ``draws`` times.
    grid: what inputs are multiples of where branches meet at the point; each step stays on the one that the language
        chooses there. 0 elsewhere.
    longer: by how much they are longer than usual, a power of two.
    """

    forward: Forward
    outputs: Sequence[str]
    random: np.random.Generator
    draws: int = DRAWS
    grid: float = 0.0
    longer: float = 1.0

    def along(self, wrt: str, directions: Directions) -> Estimate:
        """The derivatives along ``directions`` of the input ``wrt``."""
        return in_chunks(
            len(directions),
            self._each,
            lambda part: self._chunk({wrt: directions.take(part)})[wrt],
            1 + self.draws,
        )

    def are_few(self, number: int) -> bool:
        """Whether so many directions, of one input or of several, are worked out at once."""
        return number * self._each <= CHUNK

    def along_each(self, moves: Mapping[str, Directions]) -> dict[str, Estimate]:
        """The derivatives along few directions of each of some inputs, all of them worked out at once."""
        taken = {wrt: directions.take(np.arange(len(directions))) for wrt, directions in moves.items()}
        found = self._chunk(taken)
        return {wrt: replace(each, evaluations=(1 + self.draws) * len(moves[wrt])) for wrt, each in found.items()}

    def moved(self, base: Array, directions: Array) -> Array:
        """An input, or several values of it, a step away along each of some directions."""
        return together(base, base.dtype.type(STEP * self.longer) * directions, self._dtype)

    def _chunk(self, directions: Mapping[str, Array]) -> dict[str, Estimate]:
        """For each of the inputs what is found along directions of its own, one input being moved at a time."""
        rows, count = {}, 0
        for wrt, along in directions.items():
            rows[wrt] = slice(count, count := count + len(along))
        moved = {wrt: self._moved_alone(wrt, along, rows[wrt], count) for wrt, along in directions.items()}
        exact, shaken, bound = self._worked_out(moved, count)
        found = {wrt: Estimate({}, {}, {}, METHOD, 0) for wrt in directions}
        for name in self.outputs:
            shape = (count, *self.forward.context.arrays[name].shape)
            values = self.slopes(exact[name], shape)
            spread = self.slopes(shaken[name], (self.draws * shape[0], *shape[1:])).reshape(self.draws, *shape)
            errors = bound.bound(spread, values)
            for wrt, each in found.items():
                own, off = values[rows[wrt]], self._with_squares(wrt, name, values[rows[wrt]], errors[rows[wrt]])
                known = np.isfinite(own) & ~self._is_noise(wrt, name, own, off)
                each.values[name], each.errors[name] = own, np.where(known, off, np.inf)
                each.kinked[name] = np.zeros(len(own), bool)
        return found

    def _moved_alone(self, wrt: str, directions: Array, rows: slice, count: int) -> Array:
        """An input at ``count`` points, moved along the directions at those in ``rows``."""
        here = self.forward.context.arrays[wrt]
        moved = np.empty((count, *here.shape), self._dtype)
        moved[...] = here
        moved[rows].imag = here.dtype.type(STEP * self.longer) * directions
        return moved

    def _with_squares(self, wrt: str, name: str, values: Array, errors: Array) -> Array:
        """Errors that hold the square of the step too, which is lost in all that is not 0: the slope of ``sin(x)^3``
        at 0 comes out as ``-h^2``.
        """
        rise, span = (np.abs(self.forward.context.arrays[each]).max(initial=0) or 1 for each in (name, wrt))
        square = _SQUARE * self.longer**2 * rise / min(span, span**3)
        return np.where(np.abs(values) <= square, np.maximum(errors, square), errors)

    def _is_noise(self, wrt: str, name: str, values: Array, errors: Array) -> NDArray[np.bool_]:
        """Where slopes are nothing but errors far beyond what the sizes of input and output make one expect."""
        rise, span = (np.abs(self.forward.context.arrays[each]).max(initial=0) for each in (name, wrt))
        return np.asarray((errors > np.abs(values)) & (errors * span > _FAR_BEYOND * rise) & (rise > 0))

    def _worked_out(
        self, moved: Mapping[str, Array], count: int
    ) -> tuple[Mapping[str, Array], Mapping[str, Array], Rounding]:
        """Everything where inputs are ``moved``, and once more under random rounding: a first axis of draws, and within
        each of the ``count`` points."""
        context = self.complex_forward.context
        roundoff = unit_roundoff(self.forward.context.dtype)
        arithmetic = np.dtype(np.complex128)
        # In the same arithmetic both are worked out together: the first draw is moved by nothing.
        is_double = self.forward.context.dtype == np.float64
        copies, still = (1 + self.draws, count) if is_double else (self.draws, 0)
        batch = batch_of(copies * count)
        # What underflows in the wider arithmetic of a reference does not do so there.
        floor = float(np.finfo(np.float64).smallest_subnormal) * LARGER if is_double else 0.0
        unit = unit_roundoff(arithmetic) * LARGER
        noise = Noise(batch, unit, floor, self.random, nearest(unit, self.grid), still=still)
        arrays = {name: context.arrays[name] for name in self._given}
        for wrt, array in moved.items():
            arrays[wrt] = np.concatenate([array.astype(arithmetic, copy=False)] * copies)
        inner = replace(context, arrays=arrays, dtype=arithmetic, batch=batch, noise=noise)
        for statement in self.forward.statements:
            run(statement, inner)
        how = Rounding(noise, arithmetic, roundoff, ROUGH / self.draws)
        if not is_double:
            return self._exact(moved), arrays, how
        varying = {name: arrays[name] for name in self.outputs if arrays[name].ndim > context.arrays[name].ndim}
        exact, shaken = (
            {**arrays, **{n: a[part] for n, a in varying.items()}} for part in (slice(count), slice(count, None))
        )
        return exact, shaken, how

    def _exact(self, moved: Mapping[str, Array]) -> Mapping[str, Array]:
        """Everything where inputs are ``moved``, without rounding of a narrower type.

        Where branches meet by steps whose square is 0, not next to it, so that what is equal at the point stays so.
        """
        if not self.grid:
            return neighbours(self.complex_forward, moved)[0]
        times = lost_when_squared(self.forward.context.dtype)
        shorter = {name: together(array.real, array.imag * times, self._dtype) for name, array in moved.items()}
        found = neighbours(self.complex_forward, shorter)[0]
        return {
            name: together(array.real, array.imag / times, self._dtype) if array.dtype.kind == "c" else array
            for name, array in found.items()
        }

    @property
    def _each(self) -> int:
        """The elements that one direction takes."""
        return 4 * (1 + self.draws) * self.forward.evaluations

    @cached_property
    def _given(self) -> tuple[str, ...]:
        return self.forward.given

    @property
    def _dtype(self) -> np.dtype[Any]:
        return np.result_type(self.forward.context.dtype, np.complex64)

    @cached_property
    def complex_forward(self) -> Forward:
        """The equations in complex arithmetic."""
        return replace(self.forward, context=replace(self.forward.context, dtype=self._dtype))

    def slopes(self, array: Array, shape: tuple[int, ...]) -> Array:
        """The imaginary parts in proportion to the step; 0 of what does not depend on what is moved."""
        if array.dtype.kind != "c" or array.ndim < len(shape):
            real = array.real.dtype
            return np.zeros(shape, real)
        return np.asarray(array.imag * array.real.dtype.type(1 / (STEP * self.longer)))
