"""A Jacobian that is known batch element by batch element as one NumPy expression: each block in its place."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters

from tcgrad.ir.indices import Integer
from tcgrad.ir.tensors import Role, Tensor
from tcgrad.notation.as_numpy.batched import slices_text
from tcgrad.notation.as_numpy.common import is_spelt
from tcgrad.notation.as_numpy.names import code_size
from tcgrad.notation.as_numpy.pieces import ATOM, within
from tcgrad.notation.matrix.nodes import Axis, Matrix, VecOrder

Linked = Sequence[tuple[Integer, Integer]]


def linked_text(matrix: Matrix, tensor: Tensor, batch: tuple[Axis, ...], linked: Linked, vec: VecOrder) -> str | None:
    """The whole array, the axes of the numerator first; None where a function in it cannot be written with NumPy.

    batch: the axes of the tensor that are held, with their indices.
    linked: of those the pairs between which the Jacobian is 0 unless they are the same.
    """
    if not is_spelt(matrix) or len(batch) > len(ascii_letters):
        return None
    partner = {right: left for left, right in linked}
    blocks = within(slices_text(matrix, tensor, tuple(partner.get(p, p) if p else None for p in batch)), ATOM)
    letters = dict(zip(range(len(batch)), ascii_letters, strict=False))
    held = [place for place, position in enumerate(batch) if position is not None and position not in partner]
    split = tensor.about[-2].order if tensor.role is Role.HESSIAN else tensor.about[0].order
    sides = [[n for n in range(len(batch)) if batch[n] is None and (n < split) == first] for first in (True, False)]
    if any(len(side) > 1 for side in sides) and sum(map(len, sides)) > 2:
        sides = [side[::-1] for side in sides] if vec == "column" else sides
        sizes = [code_size(tensor.shape[place]) for place in (*held, *sides[0], *sides[1])]
        blocks += f".reshape({', '.join(sizes)})"
    read = "".join(letters[place] for place in (*held, *sides[0], *sides[1]))
    places = {position: place for place, position in enumerate(batch) if position is not None}
    deltas = [f"{letters[places[left]]}{letters[places[right]]}" for left, right in linked]
    eyes = [_eye(*(tensor.shape[places[position]] for position in pair)) for pair in linked]
    whole = "".join(letters[n] for n in range(len(batch)))
    if not linked and read == whole:
        return blocks
    return f'np.einsum("{",".join([read, *deltas])}->{whole}", {", ".join([blocks, *eyes])})'


def _eye(rows: Integer, columns: Integer) -> str:
    """A delta of two batch indices, of which one may run further than the other."""
    return f"np.eye({code_size(rows)})" if rows == columns else f"np.eye({code_size(rows)}, {code_size(columns)})"
