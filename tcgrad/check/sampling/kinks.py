"""Where branches meet at a point, and whether it matters there which of them is taken."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tcgrad.check.forward import Forward, Kinks, flips
from tcgrad.check.precision import lost_when_squared
from tcgrad.evaluate import Array
from tcgrad.evaluate.arrays.labelled import Labelled, batch_of
from tcgrad.evaluate.arrays.parts import together
from tcgrad.evaluate.context import Context, Lean
from tcgrad.evaluate.statements import run
from tcgrad.ir.program import Program
from tcgrad.records import replace

# How far from a point, and at how many points, other branches are looked for.
_BESIDE = 2.0**-12
_TRIED = 8

# Slopes that differ by no more, in proportion, are the same but for rounding.
_SAME = 2.0**-20


def kinks_beside(forward: Forward, random: np.random.Generator) -> Kinks:
    """Where on the way other branches are taken next to the point, and may meet there."""
    return flips_beside(forward, random) & forward.kinks


def flips_beside(forward: Forward, random: np.random.Generator) -> Kinks:
    """The same with the poles next to it, and the ends of roots."""
    moved = {
        name: array + random.choice([-_BESIDE, _BESIDE], (_TRIED, *array.shape)).astype(array.dtype)
        for name in forward.given
        if (array := forward.context.arrays[name]).dtype.kind == "f"
    }
    batch, taken, found = batch_of(_TRIED), list[Labelled](), set[tuple[int, int]]()
    deciding = replace(forward.context, arrays={**forward.context.arrays, **moved}, batch=batch, branches=taken)
    for number, (statement, before) in enumerate(zip(forward.statements, forward.decisions, strict=True)):
        run(statement, deciding)
        for place, (old, new) in enumerate(zip(before, taken, strict=True)):
            if flips((old,), (new,), batch).any():
                found.add((number, place))
        taken.clear()
    return frozenset(found)


def felt(kinks: Kinks, forward: Forward, program: Program, random: np.random.Generator) -> Kinks:
    """Those of ``kinks`` at which another branch gives an output another slope along a random direction of all inputs.

    A largest element that a rectifier makes 0 is not felt, whichever it is of those that are equal.
    """
    context = _moved(forward, _direction(forward, program, random))

    def changes(number: int, lean: Lean) -> bool:
        """Whether an output has another slope if the statement of that number makes a decision otherwise."""
        inner = replace(context, arrays=dict(context.arrays))
        run(forward.statements[number], replace(inner, branches=[], lean=lean))
        for statement in forward.statements[number + 1 :]:
            run(statement, inner)
        return any(_differ(context.arrays[of.name].imag, inner.arrays[of.name].imag) for of in program.outputs)

    return frozenset(
        (number, place) for number, place in kinks if any(changes(number, Lean(place, side)) for side in (1, -1))
    )


def are_felt_between(first: Forward, second: Forward, program: Program, random: np.random.Generator) -> bool:
    """Whether an output has other slopes at one of two points next to each other, along a random direction of all
    inputs.
    """
    direction = _direction(first, program, random)
    here, there = (_moved(each, direction).arrays for each in (first, second))
    return any(_differ(here[of.name].imag, there[of.name].imag) for of in program.outputs)


def _direction(forward: Forward, program: Program, random: np.random.Generator) -> dict[str, Array]:
    """A random one of all inputs."""
    return {tensor.name: random.normal(size=forward.context.arrays[tensor.name].shape) for tensor in program.wrt}


def _moved(forward: Forward, direction: Mapping[str, Array]) -> Context:
    """Everything after a complex step of inputs along a ``direction``."""
    dtype, step = np.result_type(forward.context.dtype, np.complex64), lost_when_squared(forward.context.dtype)
    arrays = dict(forward.context.arrays)
    for name, move in direction.items():
        arrays[name] = together(arrays[name], step * move, dtype)
    context = replace(forward.context, arrays=arrays, dtype=dtype)
    for statement in forward.statements:
        run(statement, context)
    return context


def _differ(first: Array, second: Array) -> bool:
    """Whether some numbers differ by more than rounding."""
    return bool((np.abs(first - second) > _SAME * np.maximum(np.abs(first), np.abs(second))).any())
