"""The forward equations, plainly evaluated: once at a point, and for many neighbours of the point at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from tcgrad.calculus.program.dependence import reads
from tcgrad.evaluate import Array, Context, Noise, SmoothFunction
from tcgrad.evaluate.arrays.labelled import Kink, Labelled, batch_of
from tcgrad.evaluate.arrays.overflow import noticing
from tcgrad.evaluate.statements import run
from tcgrad.ir.indices import Index
from tcgrad.ir.program import Statement, defined_tensors
from tcgrad.records import dataclass, replace

# Elements that the arrays of one evaluation of many neighbours may have together.
CHUNK = 2**21

# Decisions by which branches meet: the number of the statement, and that of the decision in it.
Kinks = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Forward:
    """Statements with their values at one point.

    context: its arrays hold the inputs and every defined tensor.
    decisions: for each statement, what its branches were decided by.
    left: how numbers on the way left the type: ``"overflow"``, ``"underflow"``.
    """

    statements: tuple[Statement, ...]
    context: Context
    decisions: tuple[tuple[Labelled, ...], ...]
    left: frozenset[str]

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the arrays that no statement defines: the inputs."""
        defined = {tensor.name for statement in self.statements for tensor in defined_tensors(statement)}
        return tuple(name for name in self.context.arrays if name not in defined)

    @property
    def kinks(self) -> Kinks:
        """All decisions by which branches may meet."""
        return frozenset(
            (number, place)
            for number, taken in enumerate(self.decisions)
            for place, decision in enumerate(taken)
            if isinstance(decision, Kink)
        )

    @property
    def evaluations(self) -> int:
        """How many elements one evaluation works out, inputs included: a measure of its cost."""
        return sum(array.size for array in self.context.arrays.values())


def evaluate_forward(
    statements: Sequence[Statement],
    arrays: Mapping[str, Array],
    dtype: np.dtype[np.generic],
    *,
    sizes: Mapping[str, int] | None = None,
    functions: Mapping[str, SmoothFunction] | None = None,
) -> Forward:
    """Evaluate ``statements`` on ``arrays`` in ``dtype``."""
    context = Context(dict(arrays), dtype, sizes=sizes or {}, functions=functions or {})
    taken: list[Labelled] = []
    deciding, decisions = replace(context, branches=taken), []
    with noticing() as left:
        for statement in statements:
            run(statement, deciding)
            decisions.append(tuple(taken))
            taken.clear()
    return Forward(tuple(statements), context, tuple(decisions), frozenset(left))


def neighbours(forward: Forward, changed: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, NDArray[np.bool_]]]:
    """The values where the tensors ``changed`` have other values, many at once along a new first axis.

    -> the arrays, with that first axis where they depend on what is changed; and for what depends on it, whether
    any branch on the way was taken otherwise than at the point itself, for each of the neighbours.
    """
    count = len(next(iter(changed.values())))
    batch = batch_of(count)
    arrays = {**forward.context.arrays, **changed}
    taken: list[Labelled] = []
    deciding = replace(forward.context, arrays=arrays, batch=batch, branches=taken)
    flipped = {name: np.zeros(count, bool) for name in changed}
    for statement, before in zip(forward.statements, forward.decisions, strict=True):
        moving = [flipped[tensor.name] for tensor in reads(statement) if tensor.name in flipped]
        if moving:
            run(statement, deciding)
            own = reduce(np.logical_or, moving, flips(before, taken, batch))
            taken.clear()
            flipped.update({tensor.name: own for tensor in defined_tensors(statement)})
    return arrays, flipped


def neighbours_of_each(
    forward: Forward, moves: Sequence[Mapping[str, Array]]
) -> tuple[dict[str, Array], dict[str, NDArray[np.bool_]], list[slice]]:
    """The same for several changes, each at neighbours of its own where all else stays, from one evaluation.

    -> both as above, and which of the neighbours belong to each change. What depends on any of the changes has an axis
    of all neighbours.
    """
    rows = [slice(*each) for each in pairwise(accumulate((len(next(iter(m.values()))) for m in moves), initial=0))]
    together: dict[str, Array] = {}
    for own, changed in zip(rows, moves, strict=True):
        for name, array in changed.items():
            if name not in together:
                dtype = np.result_type(*(each[name] for each in moves if name in each))
                together[name] = np.empty((rows[-1].stop, *array.shape[1:]), dtype)
                together[name][...] = forward.context.arrays[name]
            together[name][own] = array
    return (*neighbours(forward, together), rows)


def depending(forward: Forward, sources: Iterable[str]) -> set[str]:
    """The names of all that depends on some tensors, these among it."""
    found = set(sources)
    for statement in forward.statements:
        if any(tensor.name in found for tensor in reads(statement)):
            found.update(tensor.name for tensor in defined_tensors(statement))
    return found


@dataclass(frozen=True)
class Shaken:
    """Values under random rounding: there is one draw along each step of a new first axis.

    flipped: which draws took other branches.
    has_ties: whether numbers that are equal but for rounding were taken for equal.
    """

    arrays: dict[str, Array]
    flipped: NDArray[np.bool_]
    has_ties: bool


def shaken(forward: Forward, noise: Noise, dtype: np.dtype[np.generic]) -> Shaken:
    """The values under random rounding, in arithmetic of ``dtype``."""
    given = {name: forward.context.arrays[name] for name in forward.given}
    taken: list[Labelled] = []
    deciding = replace(noisy(forward.context, given, noise, dtype), branches=taken, ties=[])
    flipped = np.zeros(noise.batch.size.value, bool)
    for statement, before in zip(forward.statements, forward.decisions, strict=True):
        run(statement, deciding)
        flipped |= flips(before, taken, noise.batch)
        taken.clear()
    return Shaken(deciding.arrays, flipped, bool(deciding.ties))


def noisy(
    context: Context, given: Mapping[str, Array], noise: Noise, dtype: np.dtype[np.generic],
    known: Mapping[str, Array] | None = None,
) -> Context:  # fmt: skip
    """Where statements are worked out under random rounding, in arithmetic of ``dtype``.

    given: what no statement defines. known: such values of it, with a first axis of draws, if it is not exact.
    """
    arrays = {name: array.astype(dtype) if array.dtype.kind == "f" else array for name, array in given.items()}
    for name, array in (known or {}).items():
        if name in arrays:
            arrays[name] = array[: noise.batch.size.value] if array.ndim > arrays[name].ndim else array
    return replace(context, arrays=arrays, dtype=dtype, batch=noise.batch, noise=noise)


def flips(before: Iterable[Labelled], after: Iterable[Labelled], batch: Index) -> NDArray[np.bool_]:
    """For each position along ``batch``, whether a decision of ``after`` is not that of ``before``."""
    flipped = np.zeros(batch.size.value, bool)
    for old, new in zip(before, after, strict=True):
        if batch in new.axes:
            rest = tuple(index for index in new.axes if index is not batch)
            now, before_it = new.aligned((batch, *rest)), old.aligned(rest)
            if (now == before_it).all():
                continue
            # Where both are NaN nothing is decided: a guard leaves it out.
            different = (now != before_it) & ((now == now) | (before_it == before_it))  # noqa: PLR0124 (NaN is not itself)
            flipped |= different.reshape(len(flipped), -1).any(axis=1)
    return flipped


def taken_at_first(decisions: Iterable[Labelled], batch: Index) -> list[Labelled]:
    """The decisions at the first position along ``batch``, for `flips` to compare those at the others with."""
    found = []
    for each in decisions:
        rest = tuple(index for index in each.axes if index is not batch)
        found.append(each if len(rest) == len(each.axes) else Labelled(each.aligned((batch, *rest))[0], rest))
    return found


def same_branches(first: Forward, second: Forward) -> bool:
    """Whether two evaluations at one point, in two types, took the same branches."""
    return all(
        np.array_equal(old.array, new.array)
        for before, after in zip(first.decisions, second.decisions, strict=True)
        for old, new in zip(before, after, strict=True)
    )
