"""Recurrences, one position after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tcgrad.evaluate.arrays.labelled import Labelled
from tcgrad.evaluate.context import Context
from tcgrad.evaluate.expressions import value
from tcgrad.ir.indices import Index
from tcgrad.ir.program import Case, Recurrence
from tcgrad.ir.tensors import Tensor
from tcgrad.records import dataclass, replace
from tcgrad.simplify.poles import without_poles


@dataclass(frozen=True)
class _Running:
    """One tensor of the recurrence while it is worked out: its array begins at the position ``first`` of ``axis``."""

    tensor: Tensor
    axis: int
    first: int
    bases: Sequence[Case]
    step: Case

    def allocate(self, context: Context) -> None:
        shape = [context.size(size) for size in self.tensor.shape]
        shape[self.axis] -= self.first
        batch = () if context.batch is None else (context.length(context.batch),)
        context.arrays[self.tensor.name] = np.full((*batch, *shape), np.nan, context.dtype)

    def advance(self, position: int, context: Context) -> None:
        """Fill one position: by the base case that names it, else by the step."""
        for case in self.bases:
            if context.size(case.at) == position:
                return self._store(position, case.free, value(case.body, context), context)
        if position < 0 or not isinstance(self.step.position, Index):
            return None
        here = replace(context, positions={**context.positions, self.step.position: np.array([position])})
        result = value(self.step.body, here)
        kept = tuple(index for index in result.axes if index is not self.step.position)
        only = Labelled(result.aligned((*kept, self.step.position))[..., 0], kept)
        free = tuple(index for index in self.step.free if index is not self.step.position)
        return self._store(position, free, only, context)

    def _store(self, position: int, free: tuple[Index, ...], result: Labelled, context: Context) -> None:
        batch = () if context.batch is None else (context.batch,)
        place = (slice(None),) * (len(batch) + self.axis) + (position - self.first,)
        context.arrays[self.tensor.name][place] = result.aligned((*batch, *free))

    def finished(self, context: Context) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
        """The array without the positions before 0."""
        whole = context.arrays[self.tensor.name]
        lead = (slice(None),) * (whole.ndim - self.tensor.order + self.axis)
        return np.asarray(whole[(*lead, slice(-self.first, None))])


def recur(statement: Recurrence, context: Context) -> None:
    """Work out the statement's tensors into ``context.arrays``: all of them at one position, then at the next."""
    statement = statement.map_bodies(lambda case: without_poles(case.body))
    first = min([0, *(context.size(case.at) for cases in statement.bases for case in cases)])
    parts = zip(statement.tensors, statement.axes, statement.bases, statement.steps, strict=True)
    running = [_Running(tensor, axis, first, bases, step) for tensor, axis, bases, step in parts]
    origins = {each.tensor.name: (each.axis, first) for each in running}
    inner = replace(context, arrays=dict(context.arrays), origins={**context.origins, **origins})
    for each in running:
        each.allocate(inner)
    positions = range(first, context.size(running[0].tensor.shape[running[0].axis]))
    for position in reversed(positions) if statement.downward else positions:
        for each in running:
            each.advance(position, inner)
    for each in running:
        context.arrays[each.tensor.name] = each.finished(inner)
