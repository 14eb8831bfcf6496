"""Which batch indices, held while a matrix is computed, its entries depend on."""

from __future__ import annotations

from tcgrad.ir.indices import Dim, Integer
from tcgrad.notation.matrix import BatchSum, Matrix, Symbol
from tcgrad.notation.matrix_tree import operands


def batch_indices(position: Integer) -> list[Dim]:
    """The batch indices that a held position names."""
    return [atom for atom in position.atoms if isinstance(atom, Dim)]


def is_batch(position: Integer) -> bool:
    """Whether a held position names one: a size of the spec has a value."""
    return any(not dim.value for dim in batch_indices(position))


def batch_of(matrix: Matrix) -> set[Dim]:
    """The batch indices that the value depends on."""
    if isinstance(matrix, Symbol):
        return {dim for position in matrix.at if position is not None for dim in batch_indices(position)}
    found = {dim for operand in operands(matrix) for dim in batch_of(operand)}
    return found - {matrix.index} if isinstance(matrix, BatchSum) else found
