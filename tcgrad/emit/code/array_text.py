"""The parts of NumPy calls that follow from axes alone: transpositions, new axes, axis arguments."""

from __future__ import annotations

from tcgrad.emit.code.text import subscript
from tcgrad.emit.graph.arrays import Node
from tcgrad.emit.graph.operations import Largest, Mean, Pick, Reduction, Sum


def transposition(order: tuple[int, ...]) -> str:
    rank = len(order)
    if order == tuple(reversed(range(rank))):
        return ".T"
    if order == (*range(rank - 2), rank - 1, rank - 2):
        return ".swapaxes(-1, -2)"
    moved = [axis for axis, source in enumerate(order) if axis != source]
    if len(moved) == 2:
        return f".swapaxes({moved[0]}, {moved[1]})"
    return f".transpose({', '.join(map(str, order))})"


def new_axes(new: tuple[bool, ...]) -> str:
    return subscript(["None" if is_new else ":" for is_new in new])


def keeps_reduced_axes(new: tuple[bool, ...], reduced: Node) -> bool:
    """Whether new axes stand where a reduction has just taken some out."""
    match reduced.operation:
        case Mean(_):
            return keeps_reduced_axes(new, reduced.arguments[0])
        case Sum(axes) | Largest(axes) | Reduction(_, axes) if len(axes) < len(reduced.arguments[0].shape):
            return axes == tuple(k for k, is_new in enumerate(new) if is_new)
        case _:
            return False


def come_back(new: tuple[bool, ...], picked: Node) -> bool:
    """Whether new axes stand where others of size 1 have just been taken out."""
    match picked.operation:
        case Pick(positions):
            gone = tuple(position is not None for position in positions)
            sizes = [size for size, is_gone in zip(picked.arguments[0].shape, gone, strict=True) if is_gone]
            return gone == new and all(size.as_number == 1 for size in sizes)
        case _:
            return False


def axis_argument(axes: tuple[int, ...], argument: Node) -> str:
    rank = len(argument.shape)
    if len(axes) == rank:
        return ""
    if axes == (rank - 1,):
        return "axis=-1"
    return f"axis={axes[0]}" if len(axes) == 1 else f"axis={axes}"
