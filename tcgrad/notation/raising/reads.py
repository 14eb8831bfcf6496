"""Components that are entries of a tensor, or of a slice of it: an index, or one position, on every axis.

One position is a fixed one or the value of an integer scalar.
"""

from __future__ import annotations

from tcgrad.ir.indices import Dim, Gather, Integer, Quotient, Remainder
from tcgrad.ir.nodes import Component
from tcgrad.notation.matrix.building import same_axis


def why_not_plain(expr: Component) -> str | None:
    """Why a component is no entry of its tensor under plain indices and single positions; None if it is."""
    tensor = expr.tensor
    for position, size in zip(expr.indices, tensor.shape, strict=True):
        index = position.as_index
        if is_scalar_read(position):
            continue
        if index is None and (position.indices or _gathers(position)):
            return f"{tensor.name} is read at a position that is no plain index"
        if index is None and not 0 <= position.value < size.value:
            return f"{tensor.name} is read outside its range"
        if index is not None and not same_axis(index.size, size):
            return f"{index.name} runs over a part of {tensor.name} only"
    return None


def held_axes(expr: Component) -> tuple[Integer | None, ...]:
    """The positions without an index, axis by axis; () if there is none."""
    held = tuple(None if position.indices else position for position in expr.indices)
    return held if any(position is not None for position in held) else ()


def is_fixed(position: Integer) -> bool:
    """Whether a position is a number, or an expression of dims: no index, held or not, and nothing read."""
    return all(isinstance(atom, Dim) and atom.value for atom in position.atoms)


def is_scalar_read(position: Integer) -> bool:
    """Whether a position is the value of an integer scalar."""
    gather = position.as_gather
    return gather is not None and not gather.indices


def _gathers(position: Integer) -> bool:
    return any(isinstance(atom, Gather | Quotient | Remainder) for atom in position.atoms)
