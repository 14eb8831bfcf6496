"""Positions of components: new indices for the axes of what is differentiated, and of what that is done by."""

from __future__ import annotations

from tcgrad.ir.indices import Index, Integer
from tcgrad.ir.program import Define, Intrinsic, Program, Recurrence
from tcgrad.ir.tensors import Tensor

Positions = tuple[Integer, ...]  # of a component, one an axis

_HINTS = "pqrstuvw"


def new_indices(tensor: Tensor, start: int = 0) -> tuple[Index, ...]:
    """One new index for each axis of a tensor, called p, q, r, ... from the ``start``-th letter on."""
    return tuple(Index(_HINTS[(start + axis) % len(_HINTS)], size) for axis, size in enumerate(tensor.shape))


def own_indices(program: Program, tensor: Tensor, start: int) -> tuple[Index, ...]:
    """One new index for each axis, called as on the left side of the tensor's equation; without one `new_indices`."""
    for statement in program.statements:
        match statement:
            case Define() if statement.tensor == tensor:
                return tuple(index.fresh() for index in statement.free)
            case Recurrence() if tensor in statement.tensors:
                return tuple(index.fresh() for index in statement.steps[statement.tensors.index(tensor)].free)
            case Define() | Intrinsic() | Recurrence():
                continue
    return new_indices(tensor, start)
