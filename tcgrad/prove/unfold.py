"""Definitions unfolded: an expression in the inputs and the upstream gradients alone. Steps of recurrences taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tcgrad.ir.nodes import Component, Expr
from tcgrad.ir.program import Define, Recurrence
from tcgrad.ir.ranges import is_nonnegative
from tcgrad.ir.substitution import instantiate
from tcgrad.ir.tensors import Tensor
from tcgrad.ir.traversal import replace_components, size, walk
from tcgrad.simplify import simplify
from tcgrad.simplify.expand import TooLargeError

_LARGEST = 5_000  # nodes


def unfold(expr: Expr, definitions: Mapping[Tensor, Define]) -> Expr:
    """Replace every component of a defined tensor by its definition, as often as there is one.

    Raises:
        TooLargeError: if the result grows too large.
    """
    return _Unfolding(definitions).unfold(expr)


def with_steps_taken(expr: Expr, recurrences: Iterable[Recurrence]) -> Expr:
    """Replace every component that a recurrence steps to, whatever the indices are, by that step: ``a[t+1]``.

    The steps run upward, and read no base case there.
    """
    upward = {
        tensor: (recurrence, place)
        for recurrence in recurrences
        if not recurrence.downward
        for place, tensor in enumerate(recurrence.tensors)
    }

    def taken(read: Component) -> Expr:
        if read.tensor not in upward:
            return read
        recurrence, place = upward[read.tensor]
        position = read.indices[recurrence.axes[place]]
        if not all(is_nonnegative(position - base.at - 1) for base in recurrence.bases[place]):
            return read
        step = recurrence.steps[place]
        made = instantiate(step.free, step.body, read.indices)
        axes = dict(zip(recurrence.tensors, recurrence.axes, strict=True))
        carried = [part for part in walk(made) if isinstance(part, Component) and part.tensor in axes]
        return made if all(is_nonnegative(part.indices[axes[part.tensor]]) for part in carried) else read

    return replace_components(expr, taken) if upward else expr


class _Unfolding:
    """Each definition is unfolded once, however often it is read."""

    def __init__(self, definitions: Mapping[Tensor, Define]) -> None:
        self.definitions = definitions
        self.bodies: dict[Tensor, Expr] = {}

    def unfold(self, expr: Expr) -> Expr:
        unfolded = replace_components(expr, self._replace)
        if size(unfolded) > _LARGEST:
            raise TooLargeError
        return unfolded

    def _replace(self, read: Component) -> Expr:
        define = self.definitions.get(read.tensor)
        if define is None:
            return read
        if read.tensor not in self.bodies:
            self.bodies[read.tensor] = simplify(self.unfold(define.body))
        return instantiate(define.free, self.bodies[read.tensor], read.indices)
