"""The complex step: the imaginary part of ``f(x + ihv)`` over ``h`` is the derivative along ``v`` (Squire and Trapp).

No difference is taken, so that ``h`` may be so small that its square is lost. What is left is rounding, and how far
that moves the quotient is found by evaluating it with a random error in every operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tcgrad.check.forward import CHUNK, Forward, neighbours
from tcgrad.check.precision import lost_when_squared, unit_roundoff
from tcgrad.check.reference.directions import Directions
from tcgrad.check.reference.estimate import Estimate, in_chunks
from tcgrad.check.sampling.rounding import LARGER, ROUGH, Rounding, nearest
from tcgrad.evaluate import Array, Noise
from tcgrad.evaluate.arrays.labelled import batch_of
from tcgrad.evaluate.arrays.overflow import quietly
from tcgrad.evaluate.arrays.parts import together
from tcgrad.evaluate.complex_steps import STEP
from tcgrad.evaluate.statements import run
from tcgrad.records import cached_property, dataclass, replace

METHOD = "complex step"

_FAR_BEYOND = 2.0**20
_SQUARE = _FAR_BEYOND * STEP**2  # the most that a third derivative makes of it
# So far within the errors of the type that is checked is the reference's that one draw of its own will do.
DRAWS = 1


@dataclass(frozen=True)
class _Draws:
    """How often errors are simulated, by how much they are larger than those of the arithmetic, and the safety."""

    number: int
    larger: float
    safety: float


# Of a slope that loses so much by cancellation one draw tells too little, and large errors more than there is left of
# it: more draws are made there, of smaller ones.
_WORN, _MORE = 2.0**12, _Draws(6, 2.0**3, 16.0)


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
        exact, errors = self._worked_out(moved, count)
        found = {wrt: Estimate({}, {}, {}, METHOD, 0) for wrt in directions}
        for name, values in exact.items():
            for wrt, each in found.items():
                own = values[rows[wrt]]
                off = self._with_squares(wrt, name, own, errors[name][rows[wrt]])
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
        at 0 comes out as ``-h^2``. Where the slope is exactly 0, no power of the step is in it but what underflows;
        and nothing does where the output is 0 itself, as behind a mask.
        """
        rise, span = (np.abs(self.forward.context.arrays[each]).max(initial=0) for each in (name, wrt))
        underflow = np.finfo(values.dtype).tiny / (STEP * self.longer) if rise else 0
        rise, span, square = rise or 1, span or 1, _SQUARE * self.longer**2
        if span**2 <= square:  # the step is no small one
            return errors
        square *= rise / min(span, span**3)
        lost = np.where(values == 0, underflow, square)
        return np.where(np.abs(values) <= square, np.maximum(errors, lost), errors)

    def _is_noise(self, wrt: str, name: str, values: Array, errors: Array) -> NDArray[np.bool_]:
        """Where slopes are nothing but errors far beyond what the sizes of input and output make one expect."""
        rise, span = (np.abs(self.forward.context.arrays[each]).max(initial=0) for each in (name, wrt))
        return np.asarray((errors > np.abs(values)) & (errors * span > _FAR_BEYOND * rise) & (rise > 0))

    def _worked_out(self, moved: Mapping[str, Array], count: int) -> tuple[dict[str, Array], dict[str, Array]]:
        """The slopes of the outputs where inputs are ``moved``, at ``count`` points, and bounds on their errors."""
        dtype, draws = np.dtype(np.complex128), _Draws(self.draws, LARGER, ROUGH / self.draws)
        # In the same arithmetic both are worked out together: the first draw is moved by nothing.
        if self._dtype == dtype:
            found, how = self._shaken(moved, count, dtype, draws, still=count)
            values, shaken = {n: each[0] for n, each in found.items()}, {n: each[1:] for n, each in found.items()}
        else:
            shaken, how = self._shaken(moved, count, dtype, draws)
            values = {name: each[0] for name, each in self._split(self._exact(moved), 1, count).items()}
        errors, worn = {}, np.zeros(count, bool)
        for name, each in values.items():
            errors[name] = how.bound(shaken[name], each)
            with quietly():
                apart = np.abs(shaken[name] - each).max(axis=0) > _WORN * how.noise.unit * np.abs(each)
            worn |= (apart & (each != 0)).reshape(count, -1).any(axis=1)
        if worn.any():
            there = {name: array[worn] for name, array in moved.items()}
            shaken, how = self._shaken(there, int(worn.sum()), self._dtype, _MORE)
            for name, each in values.items():
                errors[name][worn] = np.maximum(errors[name][worn], how.bound(shaken[name], each[worn]))
        return values, errors

    def _shaken(
        self, moved: Mapping[str, Array], count: int, dtype: np.dtype[Any], draws: _Draws, *, still: int = 0
    ) -> tuple[dict[str, Array], Rounding]:
        """The slopes under random rounding in arithmetic of ``dtype``, with a first axis of draws, after those under
        none if so many points are ``still``; and what bounds the errors of the reference with them.
        """
        context, own = self.complex_forward.context, np.finfo(self.forward.context.dtype)
        copies, unit = draws.number + (still > 0), unit_roundoff(dtype) * draws.larger
        # What underflows in the wider arithmetic of a reference does not do so there.
        floor = float(own.smallest_subnormal) * draws.larger if own.dtype == np.float64 else 0.0
        batch = batch_of(copies * count)
        noise = Noise(batch, unit, floor, self.random, nearest(unit, self.grid), still=still)
        arrays = {name: context.arrays[name] for name in self._given}
        for wrt, array in moved.items():
            arrays[wrt] = np.concatenate([array.astype(dtype, copy=False)] * copies)
        inner = replace(context, arrays=arrays, dtype=dtype, batch=batch, noise=noise)
        for statement in self.forward.statements:
            run(statement, inner)
        how = Rounding(noise, dtype, unit_roundoff(self.forward.context.dtype), draws.safety)
        return self._split(arrays, copies, count), how

    def _split(self, arrays: Mapping[str, Array], copies: int, count: int) -> dict[str, Array]:
        """The slopes of the outputs, with a first axis of copies, and a second one of points."""
        found = {}
        for name in self.outputs:
            shape = self.forward.context.arrays[name].shape
            found[name] = self.slopes(arrays[name], (copies * count, *shape)).reshape(copies, count, *shape)
        return found

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
