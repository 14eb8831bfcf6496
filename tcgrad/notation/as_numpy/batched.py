"""Matrix notation for every element of a batch as one NumPy expression, the batch axes in their places."""

from __future__ import annotations

from collections.abc import Sequence

from tcgrad.ir.indices import Dim, Integer
from tcgrad.ir.tensors import Tensor
from tcgrad.notation.as_numpy.common import is_spelt
from tcgrad.notation.as_numpy.names import code_size
from tcgrad.notation.as_numpy.pieces import ATOM, Piece, atom, within
from tcgrad.notation.as_numpy.slices import SliceWriter
from tcgrad.notation.matrix.batches import batch_indices, batch_of
from tcgrad.notation.matrix.nodes import Axis, Matrix
from tcgrad.notation.matrix.shape import shape


def batched_text(matrix: Matrix, tensor: Tensor, batch: tuple[Axis, ...]) -> str | None:
    """The value of the whole tensor, or None where a function in it cannot be written with NumPy alone.

    batch: the axes of the tensor that are held, with their indices.
    """
    if not is_spelt(matrix):
        return None
    places = [place for place, position in enumerate(batch) if position is not None]
    return _placed(slices_text(matrix, tensor, batch), places)


def slices_text(matrix: Matrix, tensor: Tensor, batch: tuple[Axis, ...]) -> Piece:
    """The values of a matrix for every element of a batch, the batch axes first, in the order of the tensor's.

    batch: the axes of the tensor that are held, with their indices; what is held twice is one axis.
    """
    held = batch or (None,) * tensor.order
    sizes: dict[Dim, Integer] = {}
    for size, position in zip(tensor.shape, held, strict=True):
        for dim in () if position is None else batch_indices(position):
            sizes.setdefault(dim, size)
    dims = tuple(sizes)
    piece = SliceWriter(dims, sizes).full(matrix)
    if not sizes.keys() <= batch_of(matrix):
        piece = _broadcast(piece, [sizes[dim] for dim in dims], matrix)
    return _squeezed(piece, matrix)


def _broadcast(piece: Piece, batch: Sequence[Integer], matrix: Matrix) -> Piece:
    sizes = [*map(code_size, batch), *("1" if axis is None else code_size(axis) for axis in shape(matrix))]
    return atom("np.broadcast_to({0}, ({1}))", piece.text, ", ".join(sizes))


def _squeezed(piece: Piece, matrix: Matrix) -> Piece:
    """Without the axes for rows and columns that are not there; a lone vector is a column."""
    match shape(matrix):
        case None, None:
            return Piece(f"{within(piece, ATOM)}[..., 0, 0]", ATOM)
        case _, None:
            return Piece(f"{within(piece, ATOM)}[..., 0]", ATOM)
        case _:
            return piece


def _placed(piece: Piece, places: Sequence[int]) -> str:
    """With the batch axes, which lead, where the tensor has them."""
    if list(places) == list(range(len(places))):
        return piece.text
    sources = ", ".join(str(n) for n in range(len(places)))
    return f"np.moveaxis({piece.text}, ({sources},), ({', '.join(map(str, places))},))"
