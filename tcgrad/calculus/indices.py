"""New indices for the axes that a derivative is taken by."""

from __future__ import annotations

from tcgrad.ir.indices import Index
from tcgrad.ir.tensors import Tensor

_HINTS = "pqrstuvw"


def new_indices(tensor: Tensor, start: int = 0) -> tuple[Index, ...]:
    """One new index for each axis of a tensor, called p, q, r, ... from the ``start``-th letter on."""
    return tuple(Index(_HINTS[(start + axis) % len(_HINTS)], size) for axis, size in enumerate(tensor.shape))
